//! WebSocket connections, opened as the page opens them: with the access token as a subprotocol.

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
use crate::wait::TIMEOUT;

/// The subprotocol of the product's messages.
pub const PROTOCOL: &str = "busline.v1";

/// A connection after a successful handshake.
#[derive(Debug)]
pub struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

/// The server refused the handshake with this HTTP status.
#[derive(Debug, PartialEq, Eq)]
pub struct HandshakeRefused(pub u16);

impl Product {
    /// Connects and offers these subprotocols in one header; without the header when there are none.
    ///
    /// # Errors
    /// When the handshake is refused.
    pub async fn connect(&self, subprotocols: &[&str]) -> Result<Socket, HandshakeRefused> {
        let mut request = self.websocket().into_client_request().expect("the URL of a WebSocket");
        if !subprotocols.is_empty() {
            let offered = HeaderValue::from_str(&subprotocols.join(", ")).expect("subprotocols for a header");
            request.headers_mut().insert("sec-websocket-protocol", offered);
        }
        match connect_async(request).await {
            // The client itself fails when the server selects none of the subprotocols.
            Ok((stream, _)) => Ok(Socket(stream)),
            Err(Error::Http(response)) => Err(HandshakeRefused(response.status().as_u16())),
            Err(error) => panic!("neither a WebSocket nor a refusal: {error}"),
        }
    }
}

impl User {
    /// Opens one more connection of the user, as another tab or device does.
    pub async fn open_socket(&self) -> Socket {
        let socket = self.product().connect(&[PROTOCOL, &self.tokens.access_token]).await;
        socket.expect("a connection with a valid token")
    }
}

impl Socket {
    pub async fn send(&mut self, text: &str) {
        self.0.send(Message::text(text)).await.expect("a connection that accepts messages");
    }

    /// The next message; `None` when the server closes the connection. Panics after [`TIMEOUT`].
    pub async fn next(&mut self) -> Option<Value> {
        timeout(TIMEOUT, self.receive()).await.unwrap_or_else(|_| panic!("no message within {TIMEOUT:?}"))
    }

    /// All messages up to the first one that `is_last` accepts.
    pub async fn until(&mut self, is_last: impl Fn(&Value) -> bool) -> Vec<Value> {
        let mut received = Vec::new();
        loop {
            let message = self.next().await.unwrap_or_else(|| panic!("the connection was closed after {received:?}"));
            received.push(message);
            if received.last().is_some_and(&is_last) {
                return received;
            }
        }
    }

    /// Waits until the server closes the connection.
    pub async fn wait_for_close(&mut self) {
        while self.next().await.is_some() {}
    }

    /// Closes the connection, as a page that is closed does.
    pub async fn close(mut self) {
        self.0.close(None).await.expect("a connection that can be closed");
        while self.receive().await.is_some() {}
    }

    /// The next message, without a timeout; `None` when the server closes the connection.
    pub async fn receive(&mut self) -> Option<Value> {
        loop {
            match self.0.next().await? {
                Ok(Message::Text(text)) => return Some(serde_json::from_str(&text).expect("a message in JSON")),
                Ok(Message::Close(_)) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }
}
