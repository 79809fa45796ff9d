//! Users' personal data: what each service that has some does when a user deletes their account or exports their data.
//!
//! The stack of such a service has the parameter `/busline/<env>/participants/<service>`, and the service two jobs: one
//! that erases ([`erasure`]) and one that exports ([`export`]). Each publishes an event when it has ended; see
//! [`events::participants`].

pub mod erasure;
pub mod export;
mod failure_messages;
mod failure_records;
mod rows;
pub mod tombstone;

pub use failure_messages::FailuresError;
