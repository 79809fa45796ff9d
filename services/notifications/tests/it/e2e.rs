//! End-to-end tests of this service on a running product, see tests/README.md.
#![allow(clippy::disallowed_methods, reason = "tests create ids and read the clock as a client would")]

mod burst;
mod digest_rate;
mod digests;
mod duplicates;
pub(crate) mod emails;
mod failures;
pub(crate) mod inbox;
mod preferences;
mod push;
mod sending_rate;
mod sessions;
mod welcome;
