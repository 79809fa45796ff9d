//! WebSockets, opened as a page opens them: with the access token as a subprotocol.

use futures_util::{SinkExt, StreamExt};
use reqwest::header::HeaderValue;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::account::User;
use crate::product::Product;
use crate::wait::PATIENCE;

/// The subprotocol that the product speaks.
pub const PROTOCOL: &str = "busline.v1";

/// An open connection.
#[derive(Debug)]
pub struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

/// The handshake was refused with this status.
#[derive(Debug, PartialEq, Eq)]
pub struct Turned(pub u16);

impl Product {
    /// Connects and offers these subprotocols, in one header; without a header when there are none.
    ///
    /// # Errors
    /// When the handshake is refused.
    pub async fn connect(&self, subprotocols: &[&str]) -> Result<Socket, Turned> {
        let mut request = self.websocket().into_client_request().expect("the URL of a WebSocket");
        if !subprotocols.is_empty() {
            let offered = HeaderValue::from_str(&subprotocols.join(", ")).expect("subprotocols that a header takes");
            request.headers_mut().insert("sec-websocket-protocol", offered);
        }
        match connect_async(request).await {
            // The client fails by itself when the server speaks none of the subprotocols.
            Ok((stream, _)) => Ok(Socket(stream)),
            Err(Error::Http(answer)) => Err(Turned(answer.status().as_u16())),
            Err(error) => panic!("neither a WebSocket nor a refusal: {error}"),
        }
    }
}

impl User {
    /// One more session of theirs, as another tab or device.
    pub async fn session(&self) -> Socket {
        let socket = self.product().connect(&[PROTOCOL, &self.tokens.access_token]).await;
        socket.expect("a session with a good token")
    }
}

impl Socket {
    /// Sends a text.
    pub async fn send(&mut self, text: &str) {
        self.0.send(Message::text(text)).await.expect("a connection that takes messages");
    }

    /// The next message; `None` when the server ends the connection.
    pub async fn next(&mut self) -> Option<Value> {
        timeout(PATIENCE, self.hear()).await.unwrap_or_else(|_| panic!("heard nothing for {PATIENCE:?}"))
    }

    /// Everything up to the first message that `is_last` accepts.
    pub async fn until(&mut self, is_last: impl Fn(&Value) -> bool) -> Vec<Value> {
        let mut heard = Vec::new();
        loop {
            let message = self.next().await.unwrap_or_else(|| panic!("the connection ended after {heard:?}"));
            heard.push(message);
            if heard.last().is_some_and(&is_last) {
                return heard;
            }
        }
    }

    /// Waits until the server ends the connection.
    pub async fn ended(&mut self) {
        while self.next().await.is_some() {}
    }

    /// Ends the connection, as a page that is closed.
    pub async fn close(mut self) {
        self.0.close(None).await.expect("a connection that can be closed");
        while self.hear().await.is_some() {}
    }

    /// The next message, however long it takes; `None` when the server ends the connection.
    pub async fn hear(&mut self) -> Option<Value> {
        loop {
            match self.0.next().await? {
                Ok(Message::Text(text)) => return Some(serde_json::from_str(&text).expect("a message in JSON")),
                Ok(Message::Close(_)) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }
}
