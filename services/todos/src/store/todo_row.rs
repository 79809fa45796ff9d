//! To-do items as rows, and the keys under which they are found.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::todo::{Details, Status, Todo};
use crate::domain::todo_list::{Listing, Order, Position, StatusFilter};
use crate::domain::values::{Due, DueAt, Notes, Priority, Tags, Title, ValueError};
use crate::store::{keys, partition};

/// An item's row: `pk` is `USER#<owner>`, `sk` is `TODO#<id>`, or `DELETED-TODO#<id>` for a deleted one; the attributes `by…` are sort keys of local indexes.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TodoRow {
    pk: String,
    sk: String,
    by_status: String,
    /// Only items with a due time are in the indexes by due time. A deleted item is only in those by status.
    #[serde(skip_serializing_if = "Option::is_none")]
    by_due: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    by_status_and_due: Option<String>,
    id: Uuid,
    owner: Uuid,
    title: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    notes: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    due_at: Option<Timestamp>,
    /// Only of an item that is due on a day as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    all_day: Option<bool>,
    priority: PriorityValue,
    tags: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    completed_at: Option<Timestamp>,
    created_at: Timestamp,
    updated_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted_at: Option<Timestamp>,
    version: u64,
}

/// A priority in the table.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum PriorityValue {
    Low,
    Normal,
    High,
}

impl From<Priority> for PriorityValue {
    fn from(priority: Priority) -> Self {
        match priority {
            Priority::Low => Self::Low,
            Priority::Normal => Self::Normal,
            Priority::High => Self::High,
        }
    }
}

impl From<PriorityValue> for Priority {
    fn from(value: PriorityValue) -> Self {
        match value {
            PriorityValue::Low => Self::Low,
            PriorityValue::Normal => Self::Normal,
            PriorityValue::High => Self::High,
        }
    }
}

impl From<&Todo> for TodoRow {
    fn from(todo: &Todo) -> Self {
        let details = &todo.details;
        let (status, completed_at) = match todo.status {
            Status::Open => (StatusFilter::Open, None),
            Status::Completed { at } => (StatusFilter::Completed, Some(at)),
        };
        let status = if todo.deleted_at.is_some() { StatusFilter::Deleted } else { status };
        let due_at = details.due_at();
        Self {
            pk: partition(todo.owner),
            sk: sort_key(Some(status), todo.id),
            by_status: by_status(status, todo.id),
            by_due: due_at.filter(|_| todo.deleted_at.is_none()).map(|at| by_due(at, todo.id)),
            by_status_and_due: due_at.map(|at| by_status_and_due(status, at, todo.id)),
            id: todo.id,
            owner: todo.owner,
            title: details.title.as_str().to_owned(),
            notes: details.notes.as_ref().map(|notes| notes.as_str().to_owned()),
            due_at,
            all_day: details.is_all_day().then_some(true),
            priority: details.priority.into(),
            tags: details.tags.as_slice().to_vec(),
            completed_at,
            created_at: todo.created_at,
            updated_at: todo.updated_at,
            deleted_at: todo.deleted_at,
            version: todo.version,
        }
    }
}

impl TryFrom<TodoRow> for Todo {
    type Error = ValueError;

    fn try_from(row: TodoRow) -> Result<Self, ValueError> {
        Ok(Self {
            id: row.id,
            owner: row.owner,
            details: Details {
                title: Title::from_stored(row.title),
                notes: row.notes.as_deref().map(Notes::parse).transpose()?,
                due: Due::new(row.due_at.map(DueAt::new).transpose()?, row.all_day)?,
                priority: row.priority.into(),
                tags: Tags::from_stored(row.tags),
            },
            status: row.completed_at.map_or(Status::Open, |at| Status::Completed { at }),
            created_at: row.created_at,
            updated_at: row.updated_at,
            deleted_at: row.deleted_at,
            version: row.version,
        })
    }
}

/// The keys of a list's items: in an index or the table itself, by this attribute, between these bounds.
pub(super) struct KeyRange {
    pub(crate) index: Option<&'static str>,
    pub(crate) attribute: &'static str,
    pub(crate) from: String,
    pub(crate) to: String,
}

pub(super) fn key_range(listing: &Listing) -> KeyRange {
    match (listing.order, listing.status) {
        (Order::Created, None) => {
            let (from, to) = (sort_key(None, Uuid::nil()), sort_key(None, Uuid::max()));
            KeyRange { index: None, attribute: "sk", from, to }
        }
        (Order::Created, Some(status)) => KeyRange {
            index: Some("byStatus"),
            attribute: "byStatus",
            from: by_status(status, Uuid::nil()),
            to: by_status(status, Uuid::max()),
        },
        (Order::Due(due), None) => {
            let (from, to) = (lower_bound(due.from), upper_bound(due.to));
            KeyRange { index: Some("byDue"), attribute: "byDue", from, to }
        }
        (Order::Due(due), Some(status)) => KeyRange {
            index: Some("byStatusAndDue"),
            attribute: "byStatusAndDue",
            from: format!("{}#{}", status_text(status), lower_bound(due.from)),
            to: format!("{}#{}", status_text(status), upper_bound(due.to)),
        },
    }
}

/// The key after which a page starts, from the list's owner and the position.
pub(super) fn start_key(listing: &Listing, after: &Position) -> HashMap<String, AttributeValue> {
    let mut start = keys::key(listing.owner, sort_key(listing.status, after.id));
    let value = match (listing.status, after.due_at) {
        (None, None) => None,
        (Some(status), None) => Some(by_status(status, after.id)),
        (None, Some(due_at)) => Some(by_due(due_at, after.id)),
        (Some(status), Some(due_at)) => Some(by_status_and_due(status, due_at, after.id)),
    };
    start.extend(value.map(|value| (key_range(listing).attribute.to_owned(), AttributeValue::S(value))));
    start
}

/// The key of an owner's item that is not deleted.
pub(super) fn key(owner: Uuid, id: Uuid) -> HashMap<String, AttributeValue> {
    keys::key(owner, sort_key(None, id))
}

/// The key of an owner's deleted item.
pub(super) fn deleted_key(owner: Uuid, id: Uuid) -> HashMap<String, AttributeValue> {
    keys::key(owner, sort_key(Some(StatusFilter::Deleted), id))
}

/// A deleted item has another key, so that whoever reads or changes an item does not find it.
fn sort_key(status: Option<StatusFilter>, id: Uuid) -> String {
    match status {
        Some(StatusFilter::Deleted) => format!("DELETED-TODO#{id}"),
        None | Some(StatusFilter::Open | StatusFilter::Completed) => format!("TODO#{id}"),
    }
}

fn by_status(status: StatusFilter, id: Uuid) -> String {
    format!("{}#{id}", status_text(status))
}

fn by_due(due_at: Timestamp, id: Uuid) -> String {
    // Always three decimals, so that the texts sort like the times.
    format!("{due_at:.3}#{id}")
}

fn by_status_and_due(status: StatusFilter, due_at: Timestamp, id: Uuid) -> String {
    format!("{}#{}", status_text(status), by_due(due_at, id))
}

fn lower_bound(from: Option<DueAt>) -> String {
    from.map_or_else(|| "0".to_owned(), |at| format!("{:.3}", at.get()))
}

/// Below every key of the time `to`, which is exclusive.
fn upper_bound(to: Option<DueAt>) -> String {
    to.map_or_else(|| "9999~".to_owned(), |at| format!("{:.3}", at.get()))
}

fn status_text(status: StatusFilter) -> &'static str {
    match status {
        StatusFilter::Open => "open",
        StatusFilter::Completed => "completed",
        StatusFilter::Deleted => "deleted",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::todo_list::DueRange;

    fn due(text: &str) -> DueAt {
        DueAt::parse(text).unwrap()
    }

    fn todo(due_at: Option<DueAt>) -> Todo {
        let details = Details {
            title: Title::parse("Buy milk").unwrap(),
            notes: None,
            due: due_at.map(|at| Due { at, is_all_day: false }),
            priority: Priority::Low,
            tags: Tags::default(),
        };
        Todo::create(Uuid::from_u128(1), details, Uuid::from_u128(2), Timestamp::UNIX_EPOCH).todo
    }

    #[test]
    fn an_item_is_the_same_after_a_round_trip() {
        let completed = todo(Some(due("2026-12-24T18:00:00.5Z"))).complete(Timestamp::MAX).unwrap().todo;
        let mut all_day = completed.clone();
        all_day.details.due = Some(Due { at: due("2026-12-24T09:00:00Z"), is_all_day: true });
        for todo in [todo(None), all_day, completed.clone(), completed.delete(Timestamp::UNIX_EPOCH).todo] {
            let row: HashMap<String, AttributeValue> = serde_dynamo::to_item(TodoRow::from(&todo)).unwrap();
            let row: TodoRow = serde_dynamo::from_item(row).unwrap();
            assert_eq!(Todo::try_from(row).unwrap(), todo);
        }
    }

    #[test]
    fn an_exported_item_has_its_status() {
        let due = todo(Some(due("2026-12-24T18:00:00Z")));
        let completed = due.clone().complete(Timestamp::UNIX_EPOCH).unwrap().todo;
        let deleted = due.clone().delete(Timestamp::UNIX_EPOCH).todo;
        for (todo, kind, status) in
            [(due, "todo", "open"), (completed, "todo", "completed"), (deleted, "deleted-todo", "deleted")]
        {
            let row = serde_dynamo::to_item(TodoRow::from(&todo)).unwrap();
            let read = lambda_kit::personal_data::export::to_json(row).unwrap();
            assert_eq!((read["kind"].as_str(), read["status"].as_str()), (Some(kind), Some(status)));
            assert_eq!(read["id"], todo.id.to_string());
            assert!(["pk", "sk", "byStatus", "byDue", "byStatusAndDue"].iter().all(|key| read.get(key).is_none()));
        }
    }

    #[test]
    fn an_item_without_a_due_time_is_in_no_list_by_due_time() {
        let row: HashMap<String, AttributeValue> = serde_dynamo::to_item(TodoRow::from(&todo(None))).unwrap();
        assert!(!row.contains_key("byDue") && !row.contains_key("byStatusAndDue"));
    }

    #[test]
    fn a_deleted_item_is_only_in_the_lists_of_deleted_items() {
        let deleted = todo(Some(due("2026-12-24T18:00:00Z"))).delete(Timestamp::UNIX_EPOCH).todo;
        let row: HashMap<String, AttributeValue> = serde_dynamo::to_item(TodoRow::from(&deleted)).unwrap();
        assert!(!row.contains_key("byDue"));
        for key in ["byStatus", "byStatusAndDue"] {
            assert!(row[key].as_s().unwrap().starts_with("deleted#"), "{key}");
        }
        assert_eq!(deleted_key(deleted.owner, deleted.id)["sk"], row["sk"]);
    }

    #[test]
    fn due_keys_sort_like_the_times() {
        let keys = ["2026-01-01T00:00:00Z", "2026-01-01T00:00:00.5Z", "2026-01-01T00:00:01Z"]
            .map(|text| by_due(due(text).get(), Uuid::nil()));
        assert!(keys.is_sorted(), "{keys:?}");
    }

    #[test]
    fn a_due_range_includes_its_start_and_excludes_its_end() {
        let at = due("2026-01-01T00:00:00Z");
        let listing = |from, to| Listing {
            owner: Uuid::nil(),
            status: Some(StatusFilter::Open),
            order: Order::Due(DueRange { from, to }),
        };
        let key = by_status_and_due(StatusFilter::Open, at.get(), Uuid::nil());
        let starts = key_range(&listing(Some(at), None));
        assert!(starts.from <= key && key <= starts.to);
        assert!(key > key_range(&listing(None, Some(at))).to);
    }
}
