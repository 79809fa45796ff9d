//! The engine of the operations CLI. It prints nothing and parses no command line: `src/cli` does.

pub mod connection;
pub mod contract_inputs;
pub mod deployment;
pub mod dlq;
pub mod error;
pub mod explain;
pub mod logs;
pub mod names;
pub mod verify;
