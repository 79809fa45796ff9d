//! Another session of a user, which records when it is told of an item.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use tests::account::User;
use tests::socket::Socket;
use tokio::task::JoinHandle;

/// An open WebSocket, which is closed when this value is dropped.
#[derive(Debug)]
pub(super) struct LiveSession {
    received: Arc<Mutex<BTreeMap<String, Timestamp>>>,
    listening: JoinHandle<()>,
}

impl LiveSession {
    /// Connects as the user's page does.
    pub(super) async fn open(user: &User) -> Self {
        let (received, socket) = (Arc::default(), user.open_socket().await);
        let listening = tokio::spawn(listen(socket, Arc::clone(&received)));
        Self { received, listening }
    }

    /// The titles of new items, and when this session was told of each.
    pub(super) fn received(&self) -> BTreeMap<String, Timestamp> {
        self.received.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for LiveSession {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn listen(mut socket: Socket, received: Arc<Mutex<BTreeMap<String, Timestamp>>>) {
    while let Some(message) = socket.receive().await {
        let at = Timestamp::now();
        if let (Some("TodoCreated"), Some(title)) = (message["type"].as_str(), message["data"]["title"].as_str()) {
            received.lock().unwrap_or_else(PoisonError::into_inner).insert(title.to_owned(), at);
        }
    }
}
