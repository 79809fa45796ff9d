//! The query of a list, and its page cursors.

use jiff::Timestamp;
use lambda_kit::api::Query;
use lambda_kit::page::{Limit, read_cursor, write_cursor};
use lambda_kit::problem::Problem;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::api::todo_body::TodoBody;
use crate::domain::todo_list::{DueRange, Listing, Order, PageRequest, Position, StatusFilter};
use crate::domain::values::DueAt;

/// The query parameters of a list.
pub(crate) const PARAMETERS: [&str; 6] = ["status", "sort", "dueAfter", "dueBefore", "limit", "cursor"];

/// The response of `GET /todos`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TodoPage {
    pub(crate) items: Vec<TodoBody>,
    pub(crate) next_cursor: Option<String>,
}

/// Parses the query of a list of `owner`'s items.
///
/// `status` is `open`, `completed` or `deleted`; without it, all items that are not deleted are listed. `sort` is `created` (default) or `due`; `dueAfter` (inclusive) and `dueBefore`
/// (exclusive) bound the due time and sort by it. A list by due time has no items without one.
pub(crate) fn parse(query: Query<'_>, owner: Uuid) -> Result<PageRequest, Problem> {
    let status = query.get("status").map(status).transpose()?;
    let range = DueRange { from: due(query, "dueAfter")?, to: due(query, "dueBefore")? };
    let order = match (query.get("sort"), range.is_open()) {
        (None | Some("created"), true) => Order::Created,
        (None | Some("due"), _) => Order::Due(range),
        (Some("created"), false) => {
            return Err(Problem::invalid("dueAfter and dueBefore sort by due time; leave out sort=created."));
        }
        (Some(_), _) => return Err(Problem::invalid("sort must be created or due.")),
    };
    let listing = Listing { owner, status, order };
    let after = match query.get("cursor") {
        None => None,
        Some(text) => Some(position(&listing, text)?),
    };
    Ok(PageRequest { listing, limit: Limit::parse(query.get("limit"))?, after })
}

/// The position in a cursor.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct CursorPosition {
    id: Uuid,
    due_at: Option<Timestamp>,
}

/// The cursor that continues `listing` after `last`.
pub(crate) fn cursor(listing: &Listing, last: &Position) -> Result<String, serde_json::Error> {
    write_cursor(&scope(listing), CursorPosition { id: last.id, due_at: last.due_at })
}

fn position(listing: &Listing, text: &str) -> Result<Position, Problem> {
    let CursorPosition { id, due_at } = read_cursor(&scope(listing), text)?;
    let fits = match (listing.order, due_at.map(DueAt::new)) {
        (Order::Created, None) => true,
        (Order::Due(range), Some(Ok(due_at))) => range.contains(due_at),
        _ => false,
    };
    fits.then_some(Position { id, due_at })
        .ok_or_else(|| Problem::invalid("cursor must be a nextCursor of this same list."))
}

/// A cursor is only valid for the list that it came from.
fn scope(listing: &Listing) -> String {
    format!("todos {listing:?}")
}

fn status(text: &str) -> Result<StatusFilter, Problem> {
    match text {
        "open" => Ok(StatusFilter::Open),
        "completed" => Ok(StatusFilter::Completed),
        "deleted" => Ok(StatusFilter::Deleted),
        _ => Err(Problem::invalid("status must be open, completed or deleted.")),
    }
}

fn due(query: Query<'_>, name: &str) -> Result<Option<DueAt>, Problem> {
    let parse = |text| DueAt::parse(text).map_err(|rule| Problem::invalid(format!("{name} {rule}.")));
    query.get(name).map(parse).transpose()
}
