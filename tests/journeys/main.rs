//! Journeys across services, and what concerns no single service: the bus, the page, the operations CLI, attacks.
//!
//! Every test creates its own users. Tests run in parallel, in any order, and again on the same cloud.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests fail by panicking, and create ids as a client would"
)]

mod attachment;
mod attacks;
mod dead_letters;
mod deletion;
mod dlq;
mod emails;
mod export;
mod inbox;
mod isolation;
mod ops_explain;
mod ops_read;
mod ops_verify;
mod outage;
mod page;
mod patterns;
mod sign_out;
mod tokens;
mod traces;
