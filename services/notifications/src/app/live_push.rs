//! Live updates: messages to all open sessions of a user.
//!
//! Delivery is best effort. A message that failed is tried once more and then dropped instead of kept in the
//! dead-letter queue, because a page that reconnects loads the current state anyway. A message may arrive twice or out
//! of order; it has the id and `sequence` of its event.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use lambda_kit::contention::{self, ATTEMPTS};
use lambda_kit::subscriber::SubscribeFailure;
use lambda_kit::table::TableError;
use lambda_kit::{clock, telemetry};
use lambda_runtime::Error;
use tokio::task::JoinSet;
use tracing::{info, warn};
use uuid::Uuid;

use crate::domain::live::{Connection, LiveMessage, Session, SlotChoice, choose_slot};
use crate::store::Store;
use crate::websockets::message;
use crate::websockets::{Delivery, WebSocketClient};

/// A connection is saved before API Gateway opens it, which takes at most 29 seconds. Until then, a failed delivery
/// does not mean that the connection has ended. The page loads what it misses when it is connected.
const OPENING_TIME: SignedDuration = SignedDuration::from_secs(30);
/// API Gateway ends every connection after two hours.
/// Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html>
const MAX_CONNECTION_LIFE: SignedDuration = SignedDuration::from_hours(2);

/// The open sessions of users.
#[derive(Clone, Debug)]
pub(crate) struct LivePush {
    pub(crate) store: Store,
    pub(crate) websockets: WebSocketClient,
}

/// Why a message was not delivered, or a connection not handled.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LivePushError {
    #[error("the table failed")]
    Table(#[from] TableError),
    #[error("{failed} of {all} connections could not be reached")]
    NotDelivered { failed: usize, all: usize },
    #[error("a message could not be sent")]
    NotSent(#[source] Error),
    #[error("a connection could not be closed")]
    NotClosed(#[source] Error),
    #[error("other connections of the same user took the slot in each of {ATTEMPTS} attempts")]
    Contended,
    #[error("a message could not be serialized as JSON")]
    Serialization(#[from] serde_json::Error),
}

impl SubscribeFailure for LivePushError {
    fn kind(&self) -> &'static str {
        match self {
            Self::Table(_) => "TableFailed",
            Self::NotDelivered { .. } => "NotDelivered",
            Self::NotSent(_) => "NotSent",
            Self::NotClosed(_) => "ConnectionNotClosed",
            Self::Contended => "ConnectionsContended",
            Self::Serialization(_) => "SerializationFailed",
        }
    }
}

impl LivePush {
    /// Adds the connection of a session; above the limit it replaces the oldest one, which is closed. Returns whether it
    /// may open: not for a user who has deleted their account, or has signed out on all devices since.
    pub(crate) async fn connect(&self, session: Session, id: &str) -> Result<bool, LivePushError> {
        if self.store.has_ended(session).await? {
            info!("the user has signed out on all devices, or has deleted their account");
            return Ok(false);
        }
        if let Some(replaced) = self.add(session, id).await? {
            self.websockets.close(&replaced.id).await.map_err(LivePushError::NotClosed)?;
        }
        Ok(true)
    }

    /// Adds a connection, and returns the one that it has replaced.
    async fn add(&self, session: Session, id: &str) -> Result<Option<Connection>, LivePushError> {
        let now = clock::now();
        let latest_end = now.saturating_add(MAX_CONNECTION_LIFE).unwrap_or(session.expires_at);
        let ends_at = session.expires_at.min(latest_end);
        for attempt in 0..ATTEMPTS {
            let others = self.store.connections(session.user).await?;
            let random = clock::new_id().as_u64_pair().1;
            let SlotChoice { slot, replaced } = choose_slot(others, attempt, random);
            let connection = Connection { user: session.user, slot, id: id.to_owned(), connected_at: now, ends_at };
            if self.store.add_connection(&connection, replaced.as_ref()).await? {
                return Ok(replaced);
            }
            contention::pause(attempt).await;
        }
        Err(LivePushError::Contended)
    }

    /// Removes a connection that has ended.
    pub(crate) async fn remove(&self, user: Uuid, id: &str) -> Result<(), LivePushError> {
        let connections = self.store.connections(user).await?;
        if let Some(ended) = connections.iter().find(|connection| connection.id == id) {
            self.store.remove_connection(ended).await?;
        }
        Ok(())
    }

    /// Closes a connection and removes it.
    pub(crate) async fn close(&self, user: Uuid, id: &str) -> Result<(), LivePushError> {
        self.websockets.close(id).await.map_err(LivePushError::NotClosed)?;
        self.remove(user, id).await
    }

    async fn close_known(&self, connection: &Connection) -> Result<(), LivePushError> {
        self.websockets.close(&connection.id).await.map_err(LivePushError::NotClosed)?;
        Ok(self.store.remove_connection(connection).await?)
    }

    /// Closes all connections of a user, also after one that cannot be closed; that one is tried again with the event.
    pub(crate) async fn close_all(&self, user: Uuid) -> Result<(), LivePushError> {
        let mut outcome = Ok(());
        for connection in self.store.connections(user).await? {
            outcome = outcome.and(self.close_known(&connection).await);
        }
        outcome
    }

    /// Sends a message to all connections of a user, concurrently. Connections that have ended are removed, and those
    /// with an expired token are closed.
    ///
    /// After an error a further attempt sends the message again to the connections that were reached, which is
    /// harmless.
    pub(crate) async fn send(&self, user: Uuid, message: &LiveMessage) -> Result<(), LivePushError> {
        let connections = self.store.connections(user).await?;
        self.send_to(connections, message).await
    }

    /// Sends the number of unread entries to all connections of a user, as [`Self::send`] does. Without a connection
    /// nothing is counted.
    pub(crate) async fn send_unread(&self, user: Uuid, has_new_entries: bool) -> Result<(), LivePushError> {
        let connections = self.store.connections(user).await?;
        if connections.is_empty() {
            return Ok(());
        }
        let unread = self.store.unread(user).await?;
        self.send_to(connections, &LiveMessage::InboxChanged { unread, has_new_entries }).await
    }

    async fn send_to(&self, connections: Vec<Connection>, message: &LiveMessage) -> Result<(), LivePushError> {
        let now = clock::now();
        let text: Arc<str> = Arc::from(message::encode(message)?);
        let all = connections.len();
        let mut deliveries = JoinSet::new();
        for connection in connections {
            deliveries.spawn(self.clone().deliver_or_log(connection, Arc::clone(&text), now));
        }
        let failed = deliveries.join_all().await.into_iter().filter(Result::is_err).count();
        if failed > 0 {
            return Err(LivePushError::NotDelivered { failed, all });
        }
        info!(connections = all, "sent a message to all sessions");
        Ok(())
    }

    async fn deliver_or_log(self, connection: Connection, text: Arc<str>, now: Timestamp) -> Result<(), ()> {
        self.deliver(&connection, &text, now).await.map_err(|failure| {
            let chain = telemetry::chain(&failure);
            warn!(connection.id = connection.id, error.chain = chain, "could not deliver a message");
        })
    }

    async fn deliver(&self, connection: &Connection, text: &str, now: Timestamp) -> Result<(), LivePushError> {
        if connection.ends_at <= now {
            return self.close_known(connection).await;
        }
        match self.websockets.send(&connection.id, text).await.map_err(LivePushError::NotSent)? {
            Delivery::Delivered => Ok(()),
            Delivery::Gone if now.duration_since(connection.connected_at) < OPENING_TIME => Ok(()),
            Delivery::Gone => Ok(self.store.remove_connection(connection).await?),
        }
    }
}
