//! The rules of to-do items and their attachments. It knows no AWS type, no HTTP body, no row, no event and no clock.

pub(crate) mod attachment;
pub(crate) mod content_type;
mod date_time;
pub(crate) mod file_name;
pub(crate) mod idempotency;
pub(crate) mod inspection;
pub(crate) mod purge;
pub(crate) mod quota;
pub(crate) mod reminder;
pub(crate) mod todo;
pub(crate) mod todo_list;
pub(crate) mod values;
