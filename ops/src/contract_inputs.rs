//! What contract checks read: JSON arguments, and a repository.

pub mod json_input;
pub mod workspace;
