//! The rules of inboxes, emails and live updates. Pure: no AWS type, no HTTP body, no event; times and ids are
//! arguments.

pub(crate) mod agenda;
pub(crate) mod date_time;
pub(crate) mod digest;
pub(crate) mod digest_schedule;
pub(crate) mod email;
pub(crate) mod inbox;
pub(crate) mod language;
pub(crate) mod live;
pub(crate) mod notification;
pub(crate) mod preferences;
pub(crate) mod recipient;
pub(crate) mod unsubscribe;
