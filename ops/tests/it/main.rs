//! The engine on real and on malformed messages, and the program with wrong arguments.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "parts of tests: they fail by panicking")]

mod contract_code;
mod envelopes;
mod fake_aws;
mod filters;
mod fixture;
mod hostile;
mod invalid_arguments;
mod list;
mod people;
mod sns_target;
mod stopping;
mod waiting;
mod walkthrough;
