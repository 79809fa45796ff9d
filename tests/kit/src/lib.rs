//! Tools for the tests of every service: Lambda and a fake AWS around the service's real binary, and checks of its
//! template.
//!
//! Nothing here is part of the product: services use this crate as a dev-dependency only.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test that meets the unexpected stops")]

pub mod aws;
pub mod function;
pub mod limits;
pub mod reader_schemas;
pub mod template;
mod wire;
