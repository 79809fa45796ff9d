//! The query of a list, and the cursors of its pages.

use lambda_kit::api::Query;
use lambda_kit::page::{Limit, read_cursor, write_cursor};
use lambda_kit::problem::Problem;
use uuid::Uuid;

use crate::domain::inbox::{EntryFilter, PageRequest};

/// The query parameters of a list.
pub(crate) const PARAMETERS: [&str; 3] = ["unread", "limit", "cursor"];

/// Parses the query of a list of `owner`'s entries. With `unread=true` the list has unread entries only.
pub(crate) fn parse(query: Query<'_>, owner: Uuid) -> Result<PageRequest, Problem> {
    let filter = match query.get("unread") {
        None | Some("false") => EntryFilter::All,
        Some("true") => EntryFilter::Unread,
        Some(_) => return Err(Problem::invalid("unread must be true or false.")),
    };
    let scope = scope(owner, filter);
    let after = query.get("cursor").map(|text| read_cursor(&scope, text)).transpose()?;
    Ok(PageRequest { owner, filter, limit: Limit::parse(query.get("limit"))?, after })
}

/// The cursor of the next page, after the entry `last`.
pub(crate) fn cursor(request: &PageRequest, last: Uuid) -> Result<String, serde_json::Error> {
    write_cursor(&scope(request.owner, request.filter), last)
}

fn scope(owner: Uuid, filter: EntryFilter) -> String {
    format!("notifications {owner} {filter:?}")
}
