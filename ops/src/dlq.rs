//! Dead-letter queues: what waits there, and what it says.

pub mod batches;
pub mod cluster;
pub mod edit;
pub mod envelope;
pub mod event;
pub mod filter;
pub mod history;
pub mod journal;
pub mod look;
pub mod marks;
pub mod message;
pub mod names;
pub mod options;
pub mod overview;
pub mod plan;
pub mod queue;
pub mod replay;
pub mod roads;
pub mod rollback;
pub mod sweep;
