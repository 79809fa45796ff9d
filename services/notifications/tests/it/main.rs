//! The service's jobs as Lambda runs them: the real binary, real payloads, and scripted answers in the place of AWS.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test that meets the unexpected stops")]

mod digests;
mod e2e;
mod email_events;
mod emails;
mod function;
mod golden;
mod inbox;
mod permissions;
mod push;
mod rate;
mod recipients;
mod routes;
