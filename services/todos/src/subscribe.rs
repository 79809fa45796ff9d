//! Events that have consequences in this service, one function each. Every job's state is in the table and the bucket
//! alone, so that any copy of an event may come to any environment at any time.

pub(crate) mod error;
pub(crate) mod files;
pub(crate) mod readers;
#[cfg(test)]
mod readings;
