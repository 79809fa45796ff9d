//! Inbox entries as rows, and the keys under which they are found.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use lambda_kit::table::TableError;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::api::body::KindBody;
use crate::domain::Entry;
use crate::domain::news::News;
use crate::store::{PageRequest, Show};

/// An entry's row: `pk` is `USER#<owner>`, `sk` is `INBOX#<event id>`. Ids of events are ordered by time.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EntryItem {
    pk: String,
    sk: String,
    /// The sort key of a local index that holds unread entries alone: the same as `sk`, gone once the entry is read.
    #[serde(skip_serializing_if = "Option::is_none")]
    by_unread: Option<String>,
    id: Uuid,
    owner: Uuid,
    kind: KindBody,
    /// What its line names.
    #[serde(skip_serializing_if = "Option::is_none")]
    about: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// The whole line, in rows of the time when there was one language.
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    todo_id: Option<Uuid>,
    occurred_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    read_at: Option<Timestamp>,
}

impl From<&Entry> for EntryItem {
    fn from(entry: &Entry) -> Self {
        Self {
            pk: partition(entry.owner),
            sk: sort_key(entry.id),
            by_unread: entry.read_at.is_none().then(|| sort_key(entry.id)),
            id: entry.id,
            owner: entry.owner,
            kind: entry.news.kind.into(),
            about: Some(entry.news.about.clone()),
            reason: entry.news.reason.clone(),
            title: None,
            todo_id: entry.news.todo,
            occurred_at: entry.occurred_at,
            read_at: entry.read_at,
        }
    }
}

impl From<EntryItem> for Entry {
    fn from(item: EntryItem) -> Self {
        let about = item.about.or_else(|| item.title.as_deref().map(News::about_of_line)).unwrap_or_default();
        Self {
            id: item.id,
            owner: item.owner,
            news: News { kind: item.kind.into(), about, reason: item.reason, todo: item.todo_id },
            occurred_at: item.occurred_at,
            read_at: item.read_at,
        }
    }
}

/// How many entries of an inbox are unread: `pk` is `USER#<owner>`, `sk` is `UNREAD`.
#[derive(Debug, Deserialize)]
pub(crate) struct Counter {
    pub(crate) unread: u64,
}

/// Where a list's entries are: an index (the table itself without one), its sort key's attribute, and bounds.
pub(crate) struct Range {
    pub(crate) index: Option<&'static str>,
    pub(crate) attribute: &'static str,
    pub(crate) from: String,
    pub(crate) to: String,
}

/// The range of a list's entries.
pub(crate) fn range(show: Show) -> Range {
    let (index, attribute) = match show {
        Show::All => (None, "sk"),
        Show::Unread => (Some("byUnread"), "byUnread"),
    };
    Range { index, attribute, from: sort_key(Uuid::nil()), to: sort_key(Uuid::max()) }
}

/// The key after which a page starts, made from the caller's subject and the id in the cursor.
pub(crate) fn start_key(asked: &PageRequest, after: Uuid) -> HashMap<String, AttributeValue> {
    let mut start = key(asked.owner, after);
    if asked.show == Show::Unread {
        start.insert("byUnread".to_owned(), AttributeValue::S(sort_key(after)));
    }
    start
}

/// The key of an owner's entry.
pub(crate) fn key(owner: Uuid, id: Uuid) -> HashMap<String, AttributeValue> {
    row(owner, sort_key(id))
}

/// The key of an owner's unread counter.
pub(crate) fn counter_key(owner: Uuid) -> HashMap<String, AttributeValue> {
    row(owner, "UNREAD".to_owned())
}

/// The key of one of a user's rows.
pub(crate) fn row(owner: Uuid, sort_key: String) -> HashMap<String, AttributeValue> {
    HashMap::from([
        ("pk".to_owned(), AttributeValue::S(partition(owner))),
        ("sk".to_owned(), AttributeValue::S(sort_key)),
    ])
}

/// The partition of everything of a user.
pub(crate) fn partition(owner: Uuid) -> String {
    format!("USER#{owner}")
}

/// A time as the row holds it.
pub(crate) fn time(at: Option<Timestamp>) -> Result<AttributeValue, TableError> {
    serde_dynamo::to_attribute_value(at).map_err(TableError::unstorable)
}

fn sort_key(id: Uuid) -> String {
    format!("INBOX#{id}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::news::Kind;

    fn entry() -> Entry {
        let news = News::of_todo(Kind::TodoCreated, Uuid::from_u128(3), "Buy milk");
        Entry::new(Uuid::from_u128(1), news, Uuid::from_u128(2), Timestamp::UNIX_EPOCH)
    }

    fn item(entry: &Entry) -> HashMap<String, AttributeValue> {
        serde_dynamo::to_item(EntryItem::from(entry)).unwrap()
    }

    #[test]
    fn an_entry_survives_its_row() {
        let welcome = Entry { news: News::welcome("Ann"), ..entry() };
        let refused = Entry { news: News::of_refused_file(Uuid::from_u128(3), "x.png", "broken"), ..entry() };
        for entry in [entry(), entry().read(Timestamp::MAX).unwrap(), welcome, refused] {
            let parsed: EntryItem = serde_dynamo::from_item(item(&entry)).unwrap();
            assert_eq!(Entry::from(parsed), entry);
        }
    }

    #[test]
    fn a_row_with_the_whole_line_is_read_as_well() {
        let mut row = item(&entry());
        row.remove("about");
        row.insert("title".to_owned(), AttributeValue::S("You added “Buy milk”".to_owned()));
        let parsed: EntryItem = serde_dynamo::from_item(row).unwrap();
        assert_eq!(Entry::from(parsed), entry());
    }

    #[test]
    fn only_unread_entries_are_in_the_index_of_the_unread() {
        assert!(item(&entry()).contains_key("byUnread"));
        assert!(!item(&entry().read(Timestamp::MAX).unwrap()).contains_key("byUnread"));
    }

    #[test]
    fn entries_sort_as_their_events_do() {
        let ids = ["0198c0de-0000-7000-8000-000000000001", "0198c0df-0000-7000-8000-000000000000"];
        let keys = ids.map(|id| sort_key(Uuid::parse_str(id).unwrap()));
        let range = range(Show::All);
        assert!(range.from < keys[0] && keys[0] < keys[1] && keys[1] < range.to);
    }
}
