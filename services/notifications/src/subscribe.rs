//! Jobs that events of other services start, one function for each event.
//!
//! All state is in the table, so that any copy of an event may arrive at any environment at any time.

pub(crate) mod agenda;
#[cfg(test)]
mod consumed_events;
pub(crate) mod emails;
pub(crate) mod inbox;
pub(crate) mod live_push;
pub(crate) mod payloads;
pub(crate) mod recipients;
