//! When a deleted item is deleted for good.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::domain::todo::Todo;

/// How long a deleted item can be restored.
const RETENTION: SignedDuration = SignedDuration::from_hours(30 * 24);

/// The end of a deleted item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Purge {
    pub(crate) todo_id: Uuid,
    pub(crate) owner_id: Uuid,
    /// Which deletion it ends: an item may be restored and deleted again.
    pub(crate) deleted_at: Timestamp,
}

impl Purge {
    /// The purge of a deleted item; none for another one.
    pub(crate) fn for_todo(todo: &Todo) -> Option<Self> {
        let deleted_at = todo.deleted_at?;
        Some(Self { todo_id: todo.id, owner_id: todo.owner, deleted_at })
    }

    pub(crate) fn at(&self) -> Timestamp {
        self.deleted_at.saturating_add(RETENTION).unwrap_or(Timestamp::MAX)
    }
}
