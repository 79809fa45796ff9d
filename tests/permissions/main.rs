//! Each function can do its own job and nothing else, by its template and by the running cloud.
//!
//! A program of its own, because a role that lacks a permission for a while disturbs every other test.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "parts of tests: they fail by panicking, and make ids as a client would"
)]

mod deletions;
mod denied;
mod exact;
mod files;
mod grants;
mod needed;
mod report;
mod scenes;
