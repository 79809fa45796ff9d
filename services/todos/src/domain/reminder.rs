//! Reminders: which items need one, and when.
//!
//! There is at most one reminder for each due time of an item. There is none for a due time that was more than a minute
//! ago when it was set: its owner knows that the item is late.

use jiff::{SignedDuration, Timestamp};
use uuid::{Builder, Uuid};

use crate::domain::purge::Purge;
use crate::domain::todo::{Status, Todo};

/// A due time that was at most this long ago when it was set counts as due now.
const TOLERANCE: SignedDuration = SignedDuration::from_secs(60);

/// A due time of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reminder {
    pub(crate) todo_id: Uuid,
    pub(crate) owner_id: Uuid,
    pub(crate) due_at: Timestamp,
}

impl Reminder {
    /// The reminder that an item needs now; none when it is completed or deleted, or has no due time.
    pub(crate) fn for_todo(todo: &Todo) -> Option<Self> {
        let due_at = todo.details.due_at()?;
        let is_open = todo.status == Status::Open && todo.deleted_at.is_none();
        is_open.then_some(Self { todo_id: todo.id, owner_id: todo.owner, due_at })
    }

    /// Whether it is in the future at `now`, or was when `change` was made: a late stream does not cancel a reminder. A
    /// later change of another field does not tell when the due time was set, so that the result of an earlier change
    /// stays.
    fn is_upcoming(&self, change: Option<&ItemChange>, now: Timestamp) -> bool {
        let was_upcoming =
            |change: &ItemChange| change.due_at == Some(self.due_at) && self.due_at >= change.updated_at - TOLERANCE;
        self.due_at > now || change.is_some_and(was_upcoming)
    }

    /// The id of its event. It is always the same for an item and a due time, and sorts by time like every event's id.
    pub(crate) fn event_id(&self) -> Uuid {
        let name = format!("{}#{}", self.todo_id, self.due_at.as_millisecond());
        let hash = Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes());
        let mut random = [0; 10];
        random.copy_from_slice(&hash.as_bytes()[6..]);
        // Due times are in 1970 or later.
        let millisecond = u64::try_from(self.due_at.as_millisecond()).unwrap_or_default();
        Builder::from_unix_timestamp_millis(millisecond, &random).into_uuid()
    }
}

/// What a change of an item tells about its due time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ItemChange {
    pub(crate) due_at: Option<Timestamp>,
    pub(crate) updated_at: Timestamp,
}

/// The schedule that an item should have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WantedSchedule {
    Reminder(Reminder),
    /// The due time has passed: a schedule for it stays, if an earlier change led to one, and no new one is made.
    AtMost(Reminder),
    Purge(Purge),
    None,
}

impl WantedSchedule {
    /// The schedule for an item, or for none, after a change of it.
    pub(crate) fn new(todo: Option<&Todo>, change: Option<&ItemChange>, now: Timestamp) -> Self {
        if let Some(purge) = todo.and_then(Purge::for_todo) {
            return Self::Purge(purge);
        }
        match todo.and_then(Reminder::for_todo) {
            Some(reminder) if reminder.is_upcoming(change, now) => Self::Reminder(reminder),
            Some(reminder) => Self::AtMost(reminder),
            None => Self::None,
        }
    }

    /// The name in logs.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Reminder(_) => "planned",
            Self::AtMost(_) => "over",
            Self::Purge(_) => "purge",
            Self::None => "none",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::todo::Details;
    use crate::domain::values::{Due, DueAt, Priority, Tags, Title};

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn todo(due_at: Option<&str>) -> Todo {
        let details = Details {
            title: Title::parse("Buy milk").unwrap(),
            notes: None,
            due: due_at.map(|text| Due { at: DueAt::parse(text).unwrap(), is_all_day: false }),
            priority: Priority::Low,
            tags: Tags::default(),
        };
        Todo::create(Uuid::from_u128(1), details, Uuid::from_u128(2), at("2026-11-21T09:00:00Z")).todo
    }

    #[test]
    fn only_open_items_with_a_due_time_need_a_reminder() {
        let due = todo(Some("2026-11-21T10:00:00Z"));
        assert_eq!(Reminder::for_todo(&due).unwrap().due_at, at("2026-11-21T10:00:00Z"));
        assert_eq!(Reminder::for_todo(&todo(None)), None);
        assert_eq!(Reminder::for_todo(&due.clone().delete(at("2026-11-21T09:30:00Z")).todo), None);
        assert_eq!(Reminder::for_todo(&due.complete(at("2026-11-21T09:30:00Z")).unwrap().todo), None);
    }

    #[test]
    fn a_due_time_that_was_upcoming_when_set_is_planned_however_late_the_stream_is() {
        let reminder = Reminder::for_todo(&todo(Some("2026-11-21T10:00:00Z"))).unwrap();
        let change = |due_at, updated_at| ItemChange { due_at: Some(at(due_at)), updated_at: at(updated_at) };
        let late = at("2026-11-21T15:00:00Z");
        let set_before = change("2026-11-21T10:00:00Z", "2026-11-21T09:00:00Z");
        assert!(reminder.is_upcoming(Some(&set_before), late));
        assert!(reminder.is_upcoming(None, at("2026-11-21T09:59:59Z")));
        // Up to a minute ago counts as now.
        assert!(reminder.is_upcoming(Some(&change("2026-11-21T10:00:00Z", "2026-11-21T10:01:00Z")), late));
        assert!(!reminder.is_upcoming(Some(&change("2026-11-21T10:00:00Z", "2026-11-21T10:01:01Z")), late));
        // A change with another due time tells nothing about this one.
        assert!(!reminder.is_upcoming(Some(&change("2026-11-21T10:00:01Z", "2026-11-21T09:00:00Z")), late));
        assert!(!reminder.is_upcoming(None, late));
    }

    #[test]
    fn each_due_time_of_an_item_has_one_constant_event_id() {
        let reminder = Reminder::for_todo(&todo(Some("2026-11-21T10:00:00Z"))).unwrap();
        let moved = Reminder { due_at: at("2026-11-21T10:00:00.001Z"), ..reminder };
        let other = Reminder { todo_id: Uuid::from_u128(3), ..reminder };
        assert_eq!(reminder.event_id(), reminder.event_id());
        assert_eq!(reminder.event_id().to_string(), "01a1fd8c-6900-7b0a-8d69-ec57cb7f4c7f");
        assert_ne!(reminder.event_id(), moved.event_id());
        assert_ne!(reminder.event_id(), other.event_id());
        assert!(reminder.event_id() < moved.event_id());
        assert_eq!(reminder.event_id().get_version_num(), 7);
    }
}
