//! The routes, one function each: parse the request, call the service, map the outcome to a response.

mod attachment_body;
pub(crate) mod attachments;
mod error;
mod fields;
mod list_query;
mod todo_body;
pub(crate) mod todos;
