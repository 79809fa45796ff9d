//! Calls to AWS services that speak JSON over HTTP, without a generated client for each.
//!
//! The SDK's own runtime makes the call: its credentials, signatures, retries, timeouts and connections. What is left out
//! is the generated crate with hundreds of operations of which a program uses three. The crates of Systems Manager,
//! Cognito and CloudWatch Logs were half of the time that `cargo xtask up` compiled; the decision record
//! `docs/adr/0019-call-json-services-through-the-sdk-runtime.md` has the figures.
//!
//! Protocol: <https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html>
#![warn(missing_docs)]

pub mod cloudwatch;
pub mod logs;
pub mod ssm;

mod client;

pub use client::{ACM, CLOUDWATCH, COGNITO, CallError, Client, DYNAMODB, LOGS, Refusal, SECRETS, SSM, Service};
