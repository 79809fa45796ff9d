//! The engine of the operations CLI: everything but the terminal.

pub mod dlq;
pub mod explain;
pub mod logs;
pub mod target;
pub mod verify;
