//! Inbox entries, and pages of them.

use jiff::Timestamp;
use lambda_kit::page::Limit;
use uuid::Uuid;

use crate::domain::language::Language;
use crate::domain::notification::Notification;

/// One entry of a user's inbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct InboxEntry {
    /// The id of the event behind it: one event, one entry.
    pub(crate) id: Uuid,
    /// The user who receives it.
    pub(crate) owner: Uuid,
    pub(crate) notification: Notification,
    pub(crate) occurred_at: Timestamp,
    /// `None` while it is unread.
    pub(crate) read_at: Option<Timestamp>,
}

impl InboxEntry {
    /// A new entry: unread, unless it is about a change of the owner's own.
    pub(crate) fn new(owner: Uuid, notification: Notification, id: Uuid, occurred_at: Timestamp) -> Self {
        let read_at = notification.kind.is_own_change().then_some(occurred_at);
        Self { id, owner, notification, occurred_at, read_at }
    }

    /// The entry as read; `None` if it was read before.
    pub(crate) fn mark_read(self, at: Timestamp) -> Option<Self> {
        match self.read_at {
            Some(_) => None,
            None => Some(Self { read_at: Some(at), ..self }),
        }
    }
}

/// Which entries of an inbox a list shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EntryFilter {
    All,
    Unread,
}

/// A request for one page of an inbox, newest first.
#[derive(Debug)]
pub(crate) struct PageRequest {
    pub(crate) owner: Uuid,
    pub(crate) filter: EntryFilter,
    pub(crate) limit: Limit,
    /// The last entry of the page before.
    pub(crate) after: Option<Uuid>,
}

/// One page of an inbox.
#[derive(Debug)]
pub(crate) struct InboxPage {
    /// The newest entry comes first.
    pub(crate) entries: Vec<InboxEntry>,
    /// The number of unread entries in the whole inbox.
    pub(crate) unread: u64,
    /// The language in which the owner reads the entries.
    pub(crate) language: Language,
    pub(crate) has_more: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::notification::NotificationKind;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn entry(kind: NotificationKind) -> InboxEntry {
        let notification = Notification::for_todo(kind, Uuid::from_u128(3), "Buy milk".to_owned());
        InboxEntry::new(Uuid::from_u128(1), notification, Uuid::from_u128(2), at(1))
    }

    #[test]
    fn a_reminder_starts_unread_and_is_marked_read_once() {
        let reminder = entry(NotificationKind::TodoDue);
        let read = reminder.clone().mark_read(at(2)).unwrap();
        assert_eq!((reminder.read_at, read.read_at), (None, Some(at(2))));
        assert_eq!(read.mark_read(at(3)), None);
    }

    #[test]
    fn the_owners_own_change_is_never_unread() {
        assert_eq!(entry(NotificationKind::TodoCompleted).read_at, Some(at(1)));
    }
}
