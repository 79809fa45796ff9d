//! The engine, on what AWS and the local cloud really send and on what nobody should.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "parts of tests: they fail by panicking")]

mod envelopes;
mod filters;
mod fixture;
mod hostile;
mod misuse;
mod story;
