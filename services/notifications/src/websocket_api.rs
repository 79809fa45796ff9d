//! The WebSocket API: the authorizer and the routes, one function each.
//!
//! A page connects with its access token as a subprotocol. Each open connection is a row of its user.

pub(crate) mod authorizer;
mod protocol;
pub(crate) mod sessions;
