//! What all Lambda functions of Busline share. It knows no domain noun, table name, route or service.
//!
//! Each kind of function has a runner:
//!
//! | trigger | runner |
//! |---|---|
//! | a route of the HTTP API | [`api::serve`], [`api::serve_writes`], [`api::serve_public`] |
//! | a bus event | [`subscriber::subscribe_to`] |
//! | outbox rows in a table's stream | [`publisher::run`] |
//! | other changes in a table's stream | [`stream::run`] |
//! | a schedule, or another function | [`invoked::run`] |
//!
//! Any other trigger's job runs by [`runtime::run`], which all of them use.
//!
//! A runner parses the trigger's payload into types, calls the job, logs a failure once, and returns it to Lambda in the
//! way that makes Lambda retry, so that nothing is lost.

#![warn(missing_docs)]

pub mod admission;
pub mod api;
pub mod aws;
pub mod caller;
pub mod claim;
pub mod clock;
pub mod contention;
pub mod correlation;
pub mod etag;
pub mod invoked;
pub mod json_integer;
pub mod outbox;
pub mod page;
pub mod personal_data;
pub mod problem;
pub mod publisher;
pub mod runtime;
pub mod sessions;
pub mod settings;
pub mod start;
pub mod stream;
pub mod subscriber;
pub mod table;
pub mod telemetry;
pub mod text;
pub mod transaction;
pub mod ttl;
