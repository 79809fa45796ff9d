//! End-to-end tests of this service on a running product, see tests/README.md.
#![allow(clippy::disallowed_methods, reason = "tests create ids and read the clock as a client would")]

pub(crate) mod attachment;
mod attachments;
pub(crate) mod deletion;
mod fields;
mod idempotency;
mod isolation;
mod items;
mod lists;
pub(crate) mod quota;
mod rate;
pub(crate) mod reminders;
mod sessions;
