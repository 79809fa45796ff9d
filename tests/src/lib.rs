//! Tools of the black-box tests. They use the product as its users and operators do: over HTTP, Cognito, the bus,
//! queues, emails and logs. They know no service: what is deployed is read from the status file, see [`product`].
//!
//! Every response of a service is checked against that service's `openapi.yaml`, see [`contract`].
//!
//! A tool panics when something is not as expected; the panic fails the test, and its message tells what was expected.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::missing_panics_doc,
    clippy::must_use_candidate,
    clippy::panic,
    clippy::unwrap_used,
    reason = "test tools: they fail by panicking, and read clocks and the environment as a client would"
)]

pub mod account;
pub mod account_search;
pub mod api;
pub mod buckets;
pub mod bus;
pub mod cleanup;
pub mod cloud;
pub mod contract;
pub mod dead_letters;
pub mod email;
pub mod http;
pub mod image;
pub mod injected_fault;
pub mod killed_command;
pub mod logs;
pub mod memory;
pub mod ops;
pub mod page;
pub mod permissions;
pub mod presigned_post;
pub mod product;
pub mod report;
pub mod rng;
pub mod short_lived_token;
pub mod signature;
pub mod socket;
pub mod test_queue;
pub mod topic;
pub mod wait;
