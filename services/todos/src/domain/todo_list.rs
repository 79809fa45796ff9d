//! Lists of a user's items: which items, in which order, and from which position.

use jiff::Timestamp;
use lambda_kit::page::Limit;
use uuid::Uuid;

use crate::domain::todo::Todo;
use crate::domain::values::DueAt;

/// Which items a list shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StatusFilter {
    Open,
    Completed,
    /// Deleted items, which all other lists leave out.
    Deleted,
}

/// A list of one user's items. `Debug` of it is part of a page cursor.
#[derive(Clone, Debug)]
pub(crate) struct Listing {
    pub(crate) owner: Uuid,
    pub(crate) status: Option<StatusFilter>,
    pub(crate) order: Order,
}

/// The order of a list; items of the same time are ordered by id.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Order {
    Created,
    Due(DueRange),
}

/// Due times from `from` (inclusive) to `to` (exclusive).
#[derive(Clone, Copy, Debug)]
pub(crate) struct DueRange {
    pub(crate) from: Option<DueAt>,
    pub(crate) to: Option<DueAt>,
}

impl DueRange {
    /// Whether it has no bound.
    pub(crate) fn is_open(self) -> bool {
        self.from.is_none() && self.to.is_none()
    }

    pub(crate) fn contains(self, due_at: DueAt) -> bool {
        self.from.is_none_or(|from| from <= due_at) && self.to.is_none_or(|to| due_at < to)
    }
}

/// A page of a list, after a position.
#[derive(Debug)]
pub(crate) struct PageRequest {
    pub(crate) listing: Listing,
    pub(crate) limit: Limit,
    pub(crate) after: Option<Position>,
}

/// An item's place in a list, by its own values. The store builds the table's keys from them and the owner.
#[derive(Clone, Debug)]
pub(crate) struct Position {
    pub(crate) id: Uuid,
    pub(crate) due_at: Option<Timestamp>,
}

impl Position {
    /// The position of an item in a list of this order.
    pub(crate) fn new(order: Order, todo: &Todo) -> Self {
        match order {
            Order::Created => Self { id: todo.id, due_at: None },
            Order::Due(_) => Self { id: todo.id, due_at: todo.details.due_at() },
        }
    }
}

/// A page of a list.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) todos: Vec<Todo>,
    /// Whether there may be another page.
    pub(crate) more: bool,
}
