//! The contracts between services, as code and templates state them.

pub mod topology;
