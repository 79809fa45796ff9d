//! The whole product, met from outside. Every test makes its own users; they run side by side, in any order, and again
//! on the same cloud.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "parts of tests: they fail by panicking, and make ids as a client would"
)]

mod attachments;
mod attacks;
mod dead_letters;
mod deletion;
mod digests;
mod dlq;
mod duplicates;
mod export;
mod failures;
mod fields;
mod idempotency;
mod inbox;
mod isolation;
mod lists;
mod mails;
mod ops_explain;
mod ops_read;
mod ops_verify;
mod outage;
mod page;
mod patterns;
mod preferences;
mod profile;
mod push;
mod reminders;
mod sign_up;
mod todos;
mod tokens;
mod traces;
