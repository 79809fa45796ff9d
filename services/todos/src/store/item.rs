//! To-do items as rows, and the keys under which they are found.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use events::todos::Priority;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::api::body::StatusBody;
use crate::domain::{Broken, Details, DueAt, Notes, Status, Tags, Title, Todo};
use crate::store::{Listing, Order, Position};

/// An item's row: `pk` is `USER#<owner>`, `sk` is `TODO#<id>`; the attributes `by…` are sort keys of local indexes.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TodoItem {
    pk: String,
    sk: String,
    by_status: String,
    /// Only items with a due time are in the indexes by due time.
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
    priority: Priority,
    tags: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    completed_at: Option<Timestamp>,
    created_at: Timestamp,
    updated_at: Timestamp,
    version: u64,
}

impl From<&Todo> for TodoItem {
    fn from(todo: &Todo) -> Self {
        let details = &todo.details;
        let (status, completed_at) = match todo.status {
            Status::Open => (StatusBody::Open, None),
            Status::Completed { at } => (StatusBody::Completed, Some(at)),
        };
        let due_at = details.due_at.map(DueAt::get);
        Self {
            pk: partition(todo.owner),
            sk: sort_key(todo.id),
            by_status: by_status(status, todo.id),
            by_due: due_at.map(|at| by_due(at, todo.id)),
            by_status_and_due: due_at.map(|at| by_status_and_due(status, at, todo.id)),
            id: todo.id,
            owner: todo.owner,
            title: details.title.as_str().to_owned(),
            notes: details.notes.as_ref().map(|notes| notes.as_str().to_owned()),
            due_at,
            priority: details.priority,
            tags: details.tags.as_slice().to_vec(),
            completed_at,
            created_at: todo.created_at,
            updated_at: todo.updated_at,
            version: todo.version,
        }
    }
}

impl TryFrom<TodoItem> for Todo {
    type Error = Broken;

    fn try_from(item: TodoItem) -> Result<Self, Broken> {
        Ok(Self {
            id: item.id,
            owner: item.owner,
            details: Details {
                title: Title::stored(item.title),
                notes: item.notes.as_deref().map(Notes::parse).transpose()?,
                due_at: item.due_at.map(DueAt::new).transpose()?,
                priority: item.priority,
                tags: Tags::stored(item.tags),
            },
            status: item.completed_at.map_or(Status::Open, |at| Status::Completed { at }),
            created_at: item.created_at,
            updated_at: item.updated_at,
            version: item.version,
        })
    }
}

/// Where a list's items are: an index (the table itself without one), its sort key's attribute, and bounds.
pub(crate) struct Range {
    pub(crate) index: Option<&'static str>,
    pub(crate) attribute: &'static str,
    pub(crate) from: String,
    pub(crate) to: String,
}

/// The range of a list's items.
pub(crate) fn range(listing: &Listing) -> Range {
    match (listing.order, listing.status) {
        (Order::Created, None) => {
            Range { index: None, attribute: "sk", from: sort_key(Uuid::nil()), to: sort_key(Uuid::max()) }
        }
        (Order::Created, Some(status)) => Range {
            index: Some("byStatus"),
            attribute: "byStatus",
            from: by_status(status, Uuid::nil()),
            to: by_status(status, Uuid::max()),
        },
        (Order::Due(due), None) => {
            let (from, to) = (lowest(due.from), highest(due.to));
            Range { index: Some("byDue"), attribute: "byDue", from, to }
        }
        (Order::Due(due), Some(status)) => Range {
            index: Some("byStatusAndDue"),
            attribute: "byStatusAndDue",
            from: format!("{}#{}", word(status), lowest(due.from)),
            to: format!("{}#{}", word(status), highest(due.to)),
        },
    }
}

/// The key after which a page starts, made from the caller's subject and the position's values.
pub(crate) fn start_key(listing: &Listing, after: &Position) -> HashMap<String, AttributeValue> {
    let mut start = key(listing.owner, after.id);
    let value = match (listing.status, after.due_at) {
        (None, None) => None,
        (Some(status), None) => Some(by_status(status, after.id)),
        (None, Some(due_at)) => Some(by_due(due_at, after.id)),
        (Some(status), Some(due_at)) => Some(by_status_and_due(status, due_at, after.id)),
    };
    start.extend(value.map(|value| (range(listing).attribute.to_owned(), AttributeValue::S(value))));
    start
}

/// The key of an owner's item.
pub(crate) fn key(owner: Uuid, id: Uuid) -> HashMap<String, AttributeValue> {
    HashMap::from([
        ("pk".to_owned(), AttributeValue::S(partition(owner))),
        ("sk".to_owned(), AttributeValue::S(sort_key(id))),
    ])
}

/// Whose item a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ItemKey {
    pub(crate) owner: Uuid,
    pub(crate) id: Uuid,
}

impl ItemKey {
    /// The owner and the id that an item's key names; `None` for the key of another row.
    pub(crate) fn parse(pk: &str, sk: &str) -> Option<Self> {
        let owner = Uuid::try_parse(pk.strip_prefix("USER#")?).ok()?;
        let id = Uuid::try_parse(sk.strip_prefix("TODO#")?).ok()?;
        Some(Self { owner, id })
    }
}

/// The partition of everything that a user owns.
pub(crate) fn partition(owner: Uuid) -> String {
    format!("USER#{owner}")
}

fn sort_key(id: Uuid) -> String {
    format!("TODO#{id}")
}

fn by_status(status: StatusBody, id: Uuid) -> String {
    format!("{}#{id}", word(status))
}

fn by_due(due_at: Timestamp, id: Uuid) -> String {
    // Always three decimals: texts of one length sort as the times do.
    format!("{due_at:.3}#{id}")
}

fn by_status_and_due(status: StatusBody, due_at: Timestamp, id: Uuid) -> String {
    format!("{}#{}", word(status), by_due(due_at, id))
}

fn lowest(from: Option<DueAt>) -> String {
    from.map_or_else(|| "0".to_owned(), |at| format!("{:.3}", at.get()))
}

/// Below every key of the time `to`, as `to` itself is left out.
fn highest(to: Option<DueAt>) -> String {
    to.map_or_else(|| "9999~".to_owned(), |at| format!("{:.3}", at.get()))
}

fn word(status: StatusBody) -> &'static str {
    match status {
        StatusBody::Open => "open",
        StatusBody::Completed => "completed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::DueRange;

    fn due(text: &str) -> DueAt {
        DueAt::parse(text).unwrap()
    }

    fn todo(due_at: Option<DueAt>) -> Todo {
        let details = Details {
            title: Title::parse("Buy milk").unwrap(),
            notes: None,
            due_at,
            priority: Priority::Low,
            tags: Tags::default(),
        };
        Todo::create(Uuid::from_u128(1), details, Uuid::from_u128(2), Timestamp::UNIX_EPOCH).todo
    }

    #[test]
    fn an_item_survives_its_row() {
        for todo in [todo(None), todo(Some(due("2026-12-24T18:00:00.5Z"))).complete(Timestamp::MAX).unwrap().todo] {
            let row: HashMap<String, AttributeValue> = serde_dynamo::to_item(TodoItem::from(&todo)).unwrap();
            let item: TodoItem = serde_dynamo::from_item(row).unwrap();
            assert_eq!(Todo::try_from(item).unwrap(), todo);
        }
    }

    #[test]
    fn an_exported_item_says_how_it_stands() {
        let due = todo(Some(due("2026-12-24T18:00:00Z")));
        for (todo, status) in [(due.clone(), "open"), (due.complete(Timestamp::UNIX_EPOCH).unwrap().todo, "completed")]
        {
            let row = serde_dynamo::to_item(TodoItem::from(&todo)).unwrap();
            let read = lambda_kit::export::readable(row).unwrap();
            assert_eq!((read["kind"].as_str(), read["status"].as_str()), (Some("todo"), Some(status)));
            assert_eq!(read["id"], todo.id.to_string());
            assert!(["pk", "sk", "byStatus", "byDue", "byStatusAndDue"].iter().all(|key| read.get(key).is_none()));
        }
    }

    #[test]
    fn a_key_names_its_owner_and_its_item() {
        let (owner, id) = (Uuid::from_u128(1), Uuid::from_u128(2));
        assert_eq!(ItemKey::parse(&partition(owner), &sort_key(id)), Some(ItemKey { owner, id }));
        assert_eq!(ItemKey::parse(&partition(owner), "IDEMPOTENCY#x"), None);
        assert_eq!(ItemKey::parse("OUTBOX#x", &sort_key(id)), None);
    }

    #[test]
    fn an_item_without_a_due_time_is_in_no_list_by_due_time() {
        let row: HashMap<String, AttributeValue> = serde_dynamo::to_item(TodoItem::from(&todo(None))).unwrap();
        assert!(!row.contains_key("byDue") && !row.contains_key("byStatusAndDue"));
    }

    #[test]
    fn due_keys_sort_as_the_times_do() {
        let keys = ["2026-01-01T00:00:00Z", "2026-01-01T00:00:00.5Z", "2026-01-01T00:00:01Z"]
            .map(|text| by_due(due(text).get(), Uuid::nil()));
        assert!(keys.is_sorted(), "{keys:?}");
    }

    #[test]
    fn a_due_range_includes_its_start_and_leaves_out_its_end() {
        let at = due("2026-01-01T00:00:00Z");
        let listing = |from, to| Listing {
            owner: Uuid::nil(),
            status: Some(StatusBody::Open),
            order: Order::Due(DueRange { from, to }),
        };
        let key = by_status_and_due(StatusBody::Open, at.get(), Uuid::nil());
        let starts = range(&listing(Some(at), None));
        assert!(starts.from <= key && key <= starts.to);
        assert!(key > range(&listing(None, Some(at))).to);
    }
}
