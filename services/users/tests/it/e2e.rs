//! End-to-end tests of this service on a running product, see tests/README.md.
#![allow(clippy::disallowed_methods, reason = "tests create ids and read the clock as a client would")]

mod deletion;
mod profile;
mod sign_out;
mod sign_up;
