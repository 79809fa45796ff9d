//! Other services' events, one function each. Every job's state is in the table alone, so that any copy of an event may
//! come to any environment at any time.

pub(crate) mod agenda;
pub(crate) mod error;
pub(crate) mod export_mail;
pub(crate) mod inbox;
pub(crate) mod readers;
#[cfg(test)]
mod readings;
pub(crate) mod recipients;
pub(crate) mod reminder_mail;
pub(crate) mod welcome_mail;
