//! The contracts between services, as code and templates state them.

pub mod asyncapi;
pub mod catalog;
pub mod compat;
pub mod pattern;
pub mod schemas;
pub mod topology;
pub mod versions;
