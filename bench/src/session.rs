//! Another session of somebody's, which notes when it hears of an item.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use tests::account::User;
use tests::socket::Socket;
use tokio::task::JoinHandle;

/// An open WebSocket. It closes with this value.
#[derive(Debug)]
pub(crate) struct Session {
    heard: Arc<Mutex<BTreeMap<String, Timestamp>>>,
    listening: JoinHandle<()>,
}

impl Session {
    /// Connects as the user's page does.
    pub(crate) async fn of(user: &User) -> Self {
        let (heard, socket) = (Arc::default(), user.session().await);
        let listening = tokio::spawn(listen(socket, Arc::clone(&heard)));
        Self { heard, listening }
    }

    /// The titles of items that were made, and when this session heard of them.
    pub(crate) fn heard(&self) -> BTreeMap<String, Timestamp> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn listen(mut socket: Socket, heard: Arc<Mutex<BTreeMap<String, Timestamp>>>) {
    while let Some(message) = socket.hear().await {
        let at = Timestamp::now();
        if let (Some("TodoCreated"), Some(title)) = (message["type"].as_str(), message["data"]["title"].as_str()) {
            heard.lock().unwrap_or_else(PoisonError::into_inner).insert(title.to_owned(), at);
        }
    }
}
