//! What the service does, apart from how it is called: each module combines the table with the bucket or the scheduler.
//!
//! Routes, subscribers and scheduled jobs call this layer. It knows none of them.

pub(crate) mod attachments;
pub(crate) mod error;
mod inspection;
pub(crate) mod quota;
pub(crate) mod reminders;
pub(crate) mod todos;
pub(crate) mod upload_check;
