//! Measurements of the whole product, across services: from a request to its effects.

mod inbox;
pub(crate) mod latency;
mod live_session;
pub(crate) mod load;
mod screen;
