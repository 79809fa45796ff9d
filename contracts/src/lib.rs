//! The contracts between services: schemas of events, who publishes and reads them, and what may change.

#![warn(missing_docs)]

pub mod asyncapi;
pub mod catalog;
pub mod check;
pub mod code;
pub mod compat;
pub mod deploy;
pub mod diff;
pub mod exceptions;
pub mod pattern;
pub mod proofs;
pub mod repository;
mod rust;
pub mod schemas;
pub mod template;
pub mod topology;
pub mod versions;
pub mod window;
mod words;
mod yaml;
