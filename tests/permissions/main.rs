//! What no function may do: each function's role is tried with every permission of the others.
//!
//! A separate program that runs after all other tests: while it runs, the account may assume the functions' roles.
//!
//! That each function needs what its own role allows is tested by its service, see `tests::permissions`.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests fail by panicking, and create ids as a client would"
)]

mod actor;
mod denied;
mod questions;
mod requests;
