//! Events that have effects in this service, one job each: bus events, uploads, changes of items, and due schedules.
//!
//! All state is in the table, the bucket and the scheduler, so that any copy of an event may come at any time.

pub(crate) mod attachments;
#[cfg(test)]
mod consumed_events;
mod error;
mod payloads;
pub(crate) mod reminders;
pub(crate) mod uploads;
