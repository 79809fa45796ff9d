//! What the tests of every service need: Lambda and AWS, played around the service's real binary, and its template.
//!
//! Nothing here is part of the product: services name this crate among their `dev-dependencies` alone.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test that meets the unexpected stops")]

pub mod aws;
pub mod function;
pub mod readings;
pub mod template;
mod wire;
