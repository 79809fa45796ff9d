//! Which entries a list shows, and where a page goes on.

use lambda_kit::api::Query;
use lambda_kit::page::{Limit, read_cursor, write_cursor};
use lambda_kit::problem::Problem;
use serde::Serialize;
use uuid::Uuid;

use crate::api::body::NotificationBody;
use crate::store::{PageRequest, Show};

/// The query parameters that a list takes.
pub(crate) const PARAMETERS: [&str; 3] = ["unread", "limit", "cursor"];

/// The answer of `GET /notifications`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NotificationPage {
    pub(crate) items: Vec<NotificationBody>,
    /// How many entries of the whole inbox are unread.
    pub(crate) unread: u64,
    pub(crate) next_cursor: Option<String>,
}

/// Reads the query of a list of `owner`'s entries. `unread=true` leaves out what was read.
pub(crate) fn parse(query: Query<'_>, owner: Uuid) -> Result<PageRequest, Problem> {
    let show = match query.get("unread") {
        None | Some("false") => Show::All,
        Some("true") => Show::Unread,
        Some(_) => return Err(Problem::invalid("unread must be true or false.")),
    };
    let scope = scope(owner, show);
    let after = query.get("cursor").map(|text| read_cursor(&scope, text)).transpose()?;
    Ok(PageRequest { owner, show, limit: Limit::parse(query.get("limit"))?, after })
}

/// The cursor that continues the list that was asked for after the entry `last`.
pub(crate) fn cursor(asked: &PageRequest, last: Uuid) -> Result<String, serde_json::Error> {
    write_cursor(&scope(asked.owner, asked.show), last)
}

fn scope(owner: Uuid, show: Show) -> String {
    format!("notifications {owner} {show:?}")
}
