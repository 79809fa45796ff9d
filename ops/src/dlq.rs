//! Dead-letter queues: what waits there, and what it says.

pub mod cluster;
pub mod envelope;
pub mod event;
pub mod filter;
pub mod look;
pub mod message;
pub mod names;
pub mod overview;
pub mod queue;
