//! Which items a list shows, in which order, and where a page goes on.

use lambda_kit::api::Query;
use lambda_kit::page::{Limit, read_cursor, write_cursor};
use lambda_kit::problem::Problem;
use serde::Serialize;
use uuid::Uuid;

use crate::api::body::{StatusBody, TodoBody};
use crate::domain::{DueAt, Todo};
use crate::store::{DueRange, Listing, Order, PageRequest, Position};

/// The query parameters that a list takes.
pub(crate) const PARAMETERS: [&str; 6] = ["status", "sort", "dueAfter", "dueBefore", "limit", "cursor"];

/// The answer of `GET /todos`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TodoPage {
    pub(crate) items: Vec<TodoBody>,
    pub(crate) next_cursor: Option<String>,
}

/// Reads the query of a list of `owner`'s items.
///
/// `status` is `open` or `completed`; `sort` is `created` (default) or `due`; `dueAfter` (included) and `dueBefore`
/// (left out) bound the due time and sort by it. Items without a due time are in no list by due time.
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

/// The cursor that continues `listing` after `last`.
pub(crate) fn cursor(listing: &Listing, last: &Position) -> Result<String, serde_json::Error> {
    write_cursor(&scope(listing), last)
}

fn position(listing: &Listing, text: &str) -> Result<Position, Problem> {
    let position: Position = read_cursor(&scope(listing), text)?;
    let fits = match (listing.order, position.due_at.map(DueAt::new)) {
        (Order::Created, None) => true,
        (Order::Due(range), Some(Ok(due_at))) => range.contains(due_at),
        _ => false,
    };
    fits.then_some(position).ok_or_else(|| Problem::invalid("cursor must be a nextCursor of this same list."))
}

fn scope(listing: &Listing) -> String {
    format!("todos {listing:?}")
}

fn status(text: &str) -> Result<StatusBody, Problem> {
    match text {
        "open" => Ok(StatusBody::Open),
        "completed" => Ok(StatusBody::Completed),
        _ => Err(Problem::invalid("status must be open or completed.")),
    }
}

fn due(query: Query<'_>, name: &str) -> Result<Option<DueAt>, Problem> {
    let parse = |text| DueAt::parse(text).map_err(|rule| Problem::invalid(format!("{name} {rule}.")));
    query.get(name).map(parse).transpose()
}

impl Position {
    /// The position of an item in `order`.
    pub(crate) fn of(order: Order, todo: &Todo) -> Self {
        match order {
            Order::Created => Self { id: todo.id, due_at: None },
            Order::Due(_) => Self { id: todo.id, due_at: todo.details.due_at.map(DueAt::get) },
        }
    }
}
