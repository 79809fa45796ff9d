//! Reminders: a schedule for each open item with a due time, and what happens when it fires.
//!
//! The job `schedule` reads the table's stream and makes an item's schedule match the item as it is now: repeats, disorder
//! and late records lead to the same schedule. The job `remind` is what a schedule invokes. It looks at the item again, so
//! that a schedule which fires twice, late, or for an item that was moved meanwhile, does no harm.
//!
//! An item is reminded of each of its due times at most once, and of one that had passed for more than a minute when it
//! was set, never: nobody wants to be reminded of what they have just written down as late.

mod remind;
mod schedule;
mod scheduler;

use jiff::{SignedDuration, Timestamp};
use lambda_kit::stream::NoSuchItem;
use lambda_kit::subscriber::SubscribeFailure;
use lambda_kit::table::TableError;
use lambda_kit::transaction::TransactionError;
use serde::{Deserialize, Serialize};
use uuid::{Builder, Uuid};

pub(crate) use remind::remind;
pub(crate) use schedule::{Schedules, schedule};
pub(crate) use scheduler::Scheduler;

use crate::domain::{DueAt, Status, Todo};

/// A due time that had passed for no longer than this when it was set is due now.
const NOW: SignedDuration = SignedDuration::from_secs(60);

/// A due time of an item: the input of its schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Reminder {
    pub(crate) todo_id: Uuid,
    pub(crate) owner_id: Uuid,
    pub(crate) due_at: Timestamp,
}

impl Reminder {
    /// The reminder that an item needs as it is now, none when it is completed or has no due time.
    pub(crate) fn of(todo: &Todo) -> Option<Self> {
        let due_at = todo.details.due_at.map(DueAt::get)?;
        let is_open = todo.status == Status::Open;
        is_open.then_some(Self { todo_id: todo.id, owner_id: todo.owner, due_at })
    }

    /// Whether it is still to come at `now`, or was when the change `seen` was made. A stream that is hours late takes
    /// nobody's reminder away. A later change of anything else does not tell when the due time was set: what an earlier
    /// one has led to stays.
    fn is_to_come(&self, seen: Option<&Seen>, now: Timestamp) -> bool {
        let was_to_come = |seen: &Seen| seen.due_at == Some(self.due_at) && self.due_at >= seen.updated_at - NOW;
        self.due_at > now || seen.is_some_and(was_to_come)
    }

    /// The reminder that an item's schedule gives, by the schedule's input.
    fn parse(input: &str) -> Option<Self> {
        serde_json::from_str(input).ok()
    }

    /// The id of its event: the same whenever and however often it is asked for, in the order of time as every id of an
    /// event is.
    pub(crate) fn event_id(&self) -> Uuid {
        let name = format!("{}#{}", self.todo_id, self.due_at.as_millisecond());
        let hash = Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes());
        let mut random = [0; 10];
        random.copy_from_slice(&hash.as_bytes()[6..]);
        // Due times are of 1970 or later.
        let millisecond = u64::try_from(self.due_at.as_millisecond()).unwrap_or_default();
        Builder::from_unix_timestamp_millis(millisecond, &random).into_uuid()
    }
}

/// An item as one change left it, as far as reminders look at it.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Seen {
    due_at: Option<Timestamp>,
    updated_at: Timestamp,
}

/// Why a reminder was not planned or not given.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReminderError {
    #[error("the change is of no item")]
    Unreadable(#[from] NoSuchItem),
    #[error("the key {0} is no item's")]
    ForeignKey(String),
    #[error("the table failed")]
    Table(#[from] TableError),
    #[error("the call to EventBridge Scheduler failed")]
    Scheduler(#[source] lambda_runtime::Error),
    #[error("the schedule's input cannot be written")]
    Unwritable(#[from] serde_json::Error),
    #[error("the item was changed in each of several attempts; a later one will pass")]
    Contended,
}

impl SubscribeFailure for ReminderError {
    fn kind(&self) -> &'static str {
        match self {
            Self::Unreadable(_) | Self::ForeignKey(_) => "ChangeUnreadable",
            Self::Table(TableError::Transaction(TransactionError::Contended)) | Self::Contended => "TableContended",
            Self::Table(_) => "TableFailed",
            Self::Scheduler(_) | Self::Unwritable(_) => "SchedulerFailed",
        }
    }
}

#[cfg(test)]
mod tests {
    use events::todos::Priority;

    use super::*;
    use crate::domain::{Details, Tags, Title};

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn todo(due_at: Option<&str>) -> Todo {
        let details = Details {
            title: Title::parse("Buy milk").unwrap(),
            notes: None,
            due_at: due_at.map(|text| DueAt::parse(text).unwrap()),
            priority: Priority::Low,
            tags: Tags::default(),
        };
        Todo::create(Uuid::from_u128(1), details, Uuid::from_u128(2), at("2026-11-21T09:00:00Z")).todo
    }

    #[test]
    fn open_items_with_a_due_time_need_a_reminder_and_no_others() {
        let due = todo(Some("2026-11-21T10:00:00Z"));
        assert_eq!(Reminder::of(&due).unwrap().due_at, at("2026-11-21T10:00:00Z"));
        assert_eq!(Reminder::of(&todo(None)), None);
        assert_eq!(Reminder::of(&due.complete(at("2026-11-21T09:30:00Z")).unwrap().todo), None);
    }

    #[test]
    fn what_was_to_come_when_it_was_set_is_planned_however_late_the_stream_is() {
        let reminder = Reminder::of(&todo(Some("2026-11-21T10:00:00Z"))).unwrap();
        let seen = |due_at, updated_at| Seen { due_at: Some(at(due_at)), updated_at: at(updated_at) };
        let late = at("2026-11-21T15:00:00Z");
        let set_before = seen("2026-11-21T10:00:00Z", "2026-11-21T09:00:00Z");
        assert!(reminder.is_to_come(Some(&set_before), late));
        assert!(reminder.is_to_come(None, at("2026-11-21T09:59:59Z")));
        // Within the minute counts as now; later is late.
        assert!(reminder.is_to_come(Some(&seen("2026-11-21T10:00:00Z", "2026-11-21T10:01:00Z")), late));
        assert!(!reminder.is_to_come(Some(&seen("2026-11-21T10:00:00Z", "2026-11-21T10:01:01Z")), late));
        // A change that set another due time says nothing of this one.
        assert!(!reminder.is_to_come(Some(&seen("2026-11-21T10:00:01Z", "2026-11-21T09:00:00Z")), late));
        assert!(!reminder.is_to_come(None, late));
    }

    #[test]
    fn each_due_time_of_an_item_has_its_own_event_id_for_ever() {
        let reminder = Reminder::of(&todo(Some("2026-11-21T10:00:00Z"))).unwrap();
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
