//! The rows of inbox entries.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::inbox::{EntryFilter, InboxEntry, PageRequest};
use crate::domain::notification::{Notification, NotificationKind};
use crate::store::keys;

/// The row of an entry: `pk` is `USER#<owner>`, `sk` is `INBOX#<event id>`. Event ids are ordered by time.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InboxRow {
    pk: String,
    sk: String,
    /// The sort key of the local index of unread entries: the same as `sk`, removed when the entry is read.
    #[serde(skip_serializing_if = "Option::is_none")]
    by_unread: Option<String>,
    id: Uuid,
    owner: Uuid,
    kind: KindAttribute,
    /// The name in the title.
    #[serde(skip_serializing_if = "Option::is_none")]
    about: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// The whole title, in rows that were written before there were languages.
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    todo_id: Option<Uuid>,
    occurred_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    read_at: Option<Timestamp>,
}

impl From<&InboxEntry> for InboxRow {
    fn from(entry: &InboxEntry) -> Self {
        Self {
            pk: keys::partition(entry.owner),
            sk: sort_key(entry.id),
            by_unread: entry.read_at.is_none().then(|| sort_key(entry.id)),
            id: entry.id,
            owner: entry.owner,
            kind: entry.notification.kind.into(),
            about: Some(entry.notification.name.clone()),
            reason: entry.notification.reason.clone(),
            title: None,
            todo_id: entry.notification.todo,
            occurred_at: entry.occurred_at,
            read_at: entry.read_at,
        }
    }
}

impl From<InboxRow> for InboxEntry {
    fn from(row: InboxRow) -> Self {
        let name =
            row.about.or_else(|| row.title.as_deref().map(Notification::name_in_english_title)).unwrap_or_default();
        Self {
            id: row.id,
            owner: row.owner,
            notification: Notification { kind: row.kind.into(), name, reason: row.reason, todo: row.todo_id },
            occurred_at: row.occurred_at,
            read_at: row.read_at,
        }
    }
}

/// An entry's kind in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum KindAttribute {
    Welcome,
    TodoCreated,
    TodoChanged,
    TodoCompleted,
    TodoReopened,
    TodoDeleted,
    AttachmentReady,
    AttachmentRejected,
    TodoDue,
    ExportReady,
}

impl From<NotificationKind> for KindAttribute {
    fn from(kind: NotificationKind) -> Self {
        match kind {
            NotificationKind::Welcome => Self::Welcome,
            NotificationKind::TodoCreated => Self::TodoCreated,
            NotificationKind::TodoChanged => Self::TodoChanged,
            NotificationKind::TodoCompleted => Self::TodoCompleted,
            NotificationKind::TodoReopened => Self::TodoReopened,
            NotificationKind::TodoDeleted => Self::TodoDeleted,
            NotificationKind::AttachmentReady => Self::AttachmentReady,
            NotificationKind::AttachmentRejected => Self::AttachmentRejected,
            NotificationKind::TodoDue => Self::TodoDue,
            NotificationKind::ExportReady => Self::ExportReady,
        }
    }
}

impl From<KindAttribute> for NotificationKind {
    fn from(kind: KindAttribute) -> Self {
        match kind {
            KindAttribute::Welcome => Self::Welcome,
            KindAttribute::TodoCreated => Self::TodoCreated,
            KindAttribute::TodoChanged => Self::TodoChanged,
            KindAttribute::TodoCompleted => Self::TodoCompleted,
            KindAttribute::TodoReopened => Self::TodoReopened,
            KindAttribute::TodoDeleted => Self::TodoDeleted,
            KindAttribute::AttachmentReady => Self::AttachmentReady,
            KindAttribute::AttachmentRejected => Self::AttachmentRejected,
            KindAttribute::TodoDue => Self::TodoDue,
            KindAttribute::ExportReady => Self::ExportReady,
        }
    }
}

/// The key of an entry's row, as far as it names the owner.
#[derive(Debug, Deserialize)]
pub(crate) struct InboxKey {
    pk: String,
}

impl InboxKey {
    /// `None` if it is the key of something else.
    pub(crate) fn owner(&self) -> Option<Uuid> {
        keys::user_of_partition(&self.pk)
    }
}

/// Where the entries of a list are: in an index or in the table itself, between two sort keys.
pub(in crate::store) struct KeyRange {
    pub(crate) index: Option<&'static str>,
    pub(crate) attribute: &'static str,
    pub(crate) from: String,
    pub(crate) to: String,
}

pub(in crate::store) fn range(filter: EntryFilter) -> KeyRange {
    let (index, attribute) = match filter {
        EntryFilter::All => (None, "sk"),
        EntryFilter::Unread => (Some("byUnread"), "byUnread"),
    };
    KeyRange { index, attribute, from: sort_key(Uuid::nil()), to: sort_key(Uuid::max()) }
}

/// The key after which a page starts, from the caller's subject and the id in the cursor.
pub(in crate::store) fn start_key(request: &PageRequest, after: Uuid) -> HashMap<String, AttributeValue> {
    let mut start = key(request.owner, after);
    if request.filter == EntryFilter::Unread {
        start.insert("byUnread".to_owned(), AttributeValue::S(sort_key(after)));
    }
    start
}

pub(in crate::store) fn key(owner: Uuid, id: Uuid) -> HashMap<String, AttributeValue> {
    keys::user_row(owner, sort_key(id))
}

fn sort_key(id: Uuid) -> String {
    format!("INBOX#{id}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> InboxEntry {
        let notification = Notification::for_todo(NotificationKind::TodoDue, Uuid::from_u128(3), "Buy milk".to_owned());
        InboxEntry::new(Uuid::from_u128(1), notification, Uuid::from_u128(2), Timestamp::UNIX_EPOCH)
    }

    fn item(entry: &InboxEntry) -> HashMap<String, AttributeValue> {
        serde_dynamo::to_item(InboxRow::from(entry)).unwrap()
    }

    #[test]
    fn an_entry_is_equal_after_conversion_to_a_row_and_back() {
        let welcome = InboxEntry { notification: Notification::welcome("Ann".to_owned()), ..entry() };
        let rejected = InboxEntry {
            notification: Notification::for_rejected_file(Uuid::from_u128(3), "x.png".to_owned(), "broken".to_owned()),
            ..entry()
        };
        for entry in [entry(), entry().mark_read(Timestamp::MAX).unwrap(), welcome, rejected] {
            let parsed: InboxRow = serde_dynamo::from_item(item(&entry)).unwrap();
            assert_eq!(InboxEntry::from(parsed), entry);
        }
    }

    #[test]
    fn a_row_with_the_whole_title_is_read_too() {
        let mut row = item(&entry());
        row.remove("about");
        row.insert("title".to_owned(), AttributeValue::S("“Buy milk” is due".to_owned()));
        let parsed: InboxRow = serde_dynamo::from_item(row).unwrap();
        assert_eq!(InboxEntry::from(parsed), entry());
    }

    #[test]
    fn only_unread_entries_are_in_the_index_of_unread_entries() {
        assert!(item(&entry()).contains_key("byUnread"));
        assert!(!item(&entry().mark_read(Timestamp::MAX).unwrap()).contains_key("byUnread"));
    }

    #[test]
    fn entries_sort_by_the_time_of_their_events() {
        let ids = ["0198c0de-0000-7000-8000-000000000001", "0198c0df-0000-7000-8000-000000000000"];
        let keys = ids.map(|id| sort_key(Uuid::parse_str(id).unwrap()));
        let range = range(EntryFilter::All);
        assert!(range.from < keys[0] && keys[0] < keys[1] && keys[1] < range.to);
    }
}
