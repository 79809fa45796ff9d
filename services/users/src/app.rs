//! What the service does, apart from how it is called: each module combines the table with the user pool, the bucket of
//! exports and the registry of participants.
//!
//! HTTP routes, subscribers, the user pool's trigger and the scheduled job call this layer. It knows none of them.

pub(crate) mod deletions;
pub(crate) mod error;
pub(crate) mod exports;
pub(crate) mod profiles;
pub(crate) mod removed_pool_users;
pub(crate) mod sign_outs;
