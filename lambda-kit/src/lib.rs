//! The plumbing that every function of Busline shares. No domain noun, no table name, no route, no event's payload.
//!
//! A function is of one kind, and each kind has its runner: [`api::serve`] for a route, [`subscriber::on`] for a bus
//! event, [`publisher::run`] for the outbox rows of a table's stream, [`stream::run`] for other changes of a table,
//! [`invoked::run`] for a schedule or another job. A runner parses what came, gives the handler
//! typed values, logs a failure once and answers in the only way that loses nothing.

pub mod api;
pub mod aws;
pub mod caller;
pub mod cause;
pub mod claim;
pub mod clock;
pub mod erasure;
pub mod etag;
pub mod export;
pub mod invoked;
pub mod outbox;
pub mod page;
pub mod problem;
pub mod publisher;
pub mod settings;
pub mod start;
pub mod stream;
pub mod subscriber;
pub mod table;
pub mod telemetry;
pub mod text;
pub mod tombstone;
pub mod transaction;
pub mod whole;
