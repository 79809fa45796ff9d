//! What the service does, apart from how it is called: each module combines the table with adapters (SES, WebSockets).
//!
//! HTTP routes, WebSocket routes, subscribers and scheduled jobs call this layer. It knows none of them.

pub(crate) mod agenda;
pub(crate) mod digests;
pub(crate) mod emails;
pub(crate) mod error;
pub(crate) mod inbox;
pub(crate) mod live_push;
pub(crate) mod preferences;
pub(crate) mod recipients;
pub(crate) mod unsubscribe;
