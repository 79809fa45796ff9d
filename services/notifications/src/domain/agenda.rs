//! A user's to-do items, as far as the daily digest needs them.

use jiff::Timestamp;
use uuid::Uuid;

/// An item that a digest may list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AgendaItem {
    pub(crate) title: String,
    pub(crate) due_at: Option<Timestamp>,
    /// Whether it is due on a day as a whole: then no time of day is shown.
    pub(crate) is_all_day: bool,
    pub(crate) state: ItemState,
}

/// The state of an item that is not deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ItemState {
    Open,
    Completed { at: Timestamp },
}

/// Identifies an item of a user.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AgendaKey {
    pub(crate) owner: Uuid,
    pub(crate) todo: Uuid,
}

/// One change that an event reports of an item. Each kind of value changes independently of the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AgendaChange {
    Details { title: String, due_at: Option<Timestamp> },
    AllDay { is_all_day: bool },
    Opened,
    Completed { at: Timestamp },
    Deleted,
}
