//! The HTTP routes, one function each.

pub(crate) mod deletion;
pub(crate) mod error;
pub(crate) mod export;
pub(crate) mod profile;
mod profile_body;
pub(crate) mod sign_out;
pub(crate) mod users;
