//! The HTTP routes, one function each.

mod error;
pub(crate) mod inbox;
mod list_query;
mod notification_body;
pub(crate) mod preferences;
pub(crate) mod unsubscribe;
