//! The rules of this service. Pure: no AWS type, no HTTP body, no event, and times are arguments.

pub(crate) mod archive_limits;
pub(crate) mod archive_names;
pub(crate) mod deletion;
pub(crate) mod export;
pub(crate) mod missing_users;
pub(crate) mod participants;
pub(crate) mod profile;
