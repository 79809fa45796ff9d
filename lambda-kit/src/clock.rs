//! The one home of the clock and of randomness: rules take times and ids as arguments.
#![allow(clippy::disallowed_methods, reason = "this is the home that clippy.toml sends everyone to")]

use jiff::Timestamp;
use uuid::Uuid;

/// The current time, to the millisecond: what RFC 3339 texts on the wire and in tables keep.
#[must_use]
pub fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
}

/// A fresh id, ordered by time (`UUIDv7`).
#[must_use]
pub fn new_id() -> Uuid {
    Uuid::now_v7()
}

/// A fresh random span id, never zero.
#[must_use]
pub(crate) fn new_span_id() -> u64 {
    Uuid::new_v4().as_u64_pair().1 | 1
}

/// A fresh random trace id, never zero.
#[must_use]
pub(crate) fn new_trace_id() -> u128 {
    Uuid::new_v4().as_u128()
}
