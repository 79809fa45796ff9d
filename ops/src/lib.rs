//! The engine of the operations CLI: everything but the terminal.

pub mod dlq;
pub mod target;
