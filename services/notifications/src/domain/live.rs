//! Live updates: messages that a user's open sessions receive over WebSockets.

use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

/// A signed-in user, according to a valid access token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Session {
    pub(crate) user: Uuid,
    pub(crate) expires_at: Timestamp,
}

/// An open WebSocket connection of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Connection {
    pub(crate) user: Uuid,
    /// API Gateway's connection id.
    pub(crate) id: String,
    pub(crate) connected_at: Timestamp,
    /// When its token expires or API Gateway ends it, whichever is first.
    pub(crate) ends_at: Timestamp,
}

/// A message to all sessions of one user.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum LiveMessage {
    /// Something of the user's has changed.
    Change(Change),
    /// Entries of the inbox were added or read; this many are unread now.
    InboxChanged { unread: u64, has_new_entries: bool },
}

/// A change of something that belongs to the user, as its event reports it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Change {
    /// The event's name without version, such as `TodoCreated`.
    pub(crate) name: String,
    pub(crate) event_id: Uuid,
    pub(crate) subject: String,
    /// Counts the changes of the subject, so that a page can tell stale from new.
    pub(crate) sequence: u64,
    pub(crate) occurred_at: Timestamp,
    /// The `data` of the event.
    pub(crate) data: Value,
}
