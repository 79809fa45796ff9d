//! The only access to the clock and to random numbers. Domain rules take times and ids as arguments.
#![allow(clippy::disallowed_methods, reason = "clippy.toml allows these calls only here")]

use jiff::Timestamp;
use uuid::Uuid;

/// The current time in whole milliseconds, the precision of times in responses, events and tables.
#[must_use]
pub fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
}

/// A new id (`UUIDv7`); ids sort by the time at which they were made.
#[must_use]
pub fn new_id() -> Uuid {
    Uuid::now_v7()
}

/// A new random span id, never zero.
#[must_use]
pub(crate) fn new_span_id() -> u64 {
    Uuid::new_v4().as_u64_pair().1 | 1
}

/// A new random trace id, never zero.
#[must_use]
pub(crate) fn new_trace_id() -> u128 {
    Uuid::new_v4().as_u128()
}
