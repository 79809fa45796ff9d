//! Dead-letter queues: their messages, why they failed, and replaying them.

pub mod attribute_names;
pub mod batch_call;
pub mod batches;
pub mod browse;
pub mod cluster;
pub mod edit;
pub mod envelope;
pub mod event;
pub mod filter;
pub mod history;
pub mod journal;
pub mod limits;
pub mod message;
pub mod options;
pub mod overview;
pub mod plan;
pub mod queue;
pub mod queue_lookup;
pub mod raw_message;
pub mod removal;
pub mod replay;
pub mod replay_message;
pub mod replay_metadata;
pub mod rollback;
pub mod targets;
