//! The tools of the black-box tests: they meet the product as its users and operators do, over HTTP, Cognito, the bus,
//! queues, mail and logs, and know nothing of any service's code.
//!
//! Every response of a service is held against that service's `openapi.yaml` on its way in.
//!
//! The tools panic when something is not as it should be: each panic is a test's failure, and says what was expected.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::missing_panics_doc,
    clippy::must_use_candidate,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tools of tests: they fail by panicking, and read clocks and the environment as a client would"
)]

pub mod account;
pub mod api;
pub mod bus;
pub mod cloud;
pub mod contract;
pub mod dice;
pub mod disruption;
pub mod everything;
pub mod http;
pub mod logs;
pub mod mail;
pub mod memory;
pub mod ops;
pub mod own_queue;
pub mod page;
pub mod permissions;
pub mod picture;
pub mod product;
pub mod queue;
pub mod schedules;
pub mod signature;
pub mod socket;
pub mod topic;
pub mod upload;
pub mod wait;
