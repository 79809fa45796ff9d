//! One message to all of a user's sessions.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use lambda_kit::subscriber::SubscribeFailure;
use lambda_kit::table::TableError;
use lambda_kit::{clock, telemetry};
use lambda_runtime::Error;
use tokio::task::JoinSet;
use tracing::{info, warn};
use uuid::Uuid;

use crate::domain::Connection;
use crate::push::sockets::{Reached, Sockets};
use crate::store::Store;

/// A connection is written down before API Gateway opens it, which takes 29 seconds at most: until then, that nobody is
/// there does not mean that it has ended. What is missed meanwhile, the page asks for when it is connected.
const OPENING: SignedDuration = SignedDuration::from_secs(30);

/// What the jobs work with.
#[derive(Clone, Debug)]
pub(crate) struct Push {
    pub(crate) store: Store,
    pub(crate) sockets: Sockets,
}

/// Why not everybody was told.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PushError {
    #[error("the table failed")]
    Table(#[from] TableError),
    #[error("{failed} of {all} connections could not be reached")]
    NotTold { failed: usize, all: usize },
    #[error("a message could not be sent")]
    NotSent(#[source] Error),
    #[error("a connection could not be ended")]
    NotEnded(#[source] Error),
    #[error("a message could not be written as JSON")]
    Unwritable(#[from] serde_json::Error),
}

impl PushError {
    /// The name under which failures are grouped.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Table(_) => "TableFailed",
            Self::NotTold { .. } => "NotTold",
            Self::NotSent(_) => "NotSent",
            Self::NotEnded(_) => "NotEnded",
            Self::Unwritable(_) => "Unwritable",
        }
    }
}

impl SubscribeFailure for PushError {
    fn kind(&self) -> &'static str {
        self.name()
    }
}

impl Push {
    /// Sends a text to all of a user's connections, side by side. Those that have ended are forgotten, and those whose
    /// token has expired are ended.
    ///
    /// An error says that some were not reached: a further attempt tells the others twice, which is harmless.
    pub(crate) async fn tell(&self, user: Uuid, text: String) -> Result<(), PushError> {
        let now = clock::now();
        let connections = self.store.connections_of(user).await?;
        let (all, text) = (connections.len(), Arc::from(text));
        let mut calls = JoinSet::new();
        for connection in connections {
            calls.spawn(self.clone().tell_one(connection, Arc::clone(&text), now));
        }
        let failed = calls.join_all().await.into_iter().filter(Result::is_err).count();
        if failed > 0 {
            return Err(PushError::NotTold { failed, all });
        }
        info!(connections = all, "told all sessions");
        Ok(())
    }

    async fn tell_one(self, connection: Connection, text: Arc<str>, now: Timestamp) -> Result<(), ()> {
        self.reach(&connection, &text, now).await.map_err(|failure| {
            let chain = telemetry::chain(&failure);
            warn!(connection.id = connection.id, error.chain = chain, "a connection was not told");
        })
    }

    async fn reach(&self, connection: &Connection, text: &str, now: Timestamp) -> Result<(), PushError> {
        if connection.ends_at <= now {
            return self.end(connection.user, &connection.id).await;
        }
        match self.sockets.send(&connection.id, text).await.map_err(PushError::NotSent)? {
            Reached::Somebody => Ok(()),
            Reached::Nobody if now.duration_since(connection.connected_at) < OPENING => Ok(()),
            Reached::Nobody => Ok(self.store.forget_connection(connection.user, &connection.id).await?),
        }
    }

    /// Ends a connection and forgets it.
    pub(crate) async fn end(&self, user: Uuid, connection: &str) -> Result<(), PushError> {
        self.sockets.end(connection).await.map_err(PushError::NotEnded)?;
        self.store.forget_connection(user, connection).await?;
        Ok(())
    }
}
