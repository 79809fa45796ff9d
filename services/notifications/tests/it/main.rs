//! The service's jobs as Lambda runs them: the real binary, real payloads, and AWS played by a script at its HTTP edge.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test that meets the unexpected stops")]

mod function;
mod golden;
mod inbox;
mod mail;
mod push;
mod recipients;
mod routes;
