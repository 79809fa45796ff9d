//! The service's table: items, idempotency keys and the outbox, changed together in one transaction.
//!
//! Everything of a user is under `pk` = `USER#<owner>`, and the owner always comes from the caller's token. Three local
//! indexes order one user's items: an index never crosses users, and a list sees what was just written.

mod event;
mod idempotency;
pub(crate) mod item;
mod reminder;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeValue, CancellationReason, Delete, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
};
use jiff::Timestamp;
use lambda_kit::cause::Cause;
use lambda_kit::table::TableError;
use lambda_kit::tombstone;
use lambda_kit::transaction::{self, TransactionError, Written};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::api::body::StatusBody;
use crate::domain::{Change, DueAt, Happening, Todo};
pub(crate) use crate::store::idempotency::IdempotencyKey;
use crate::store::idempotency::IdempotencyRow;
pub(crate) use crate::store::item::ItemKey;
use crate::store::item::TodoItem;
pub(crate) use crate::store::item::partition;
pub(crate) use crate::store::reminder::Reminded;

/// The service's table.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    client: Client,
    table: String,
}

/// How a creation went.
#[derive(Debug)]
pub(crate) enum Created {
    Now(Todo),
    /// The same request came before; this was its answer.
    Before(String),
    /// The idempotency key belongs to another request.
    KeyReused,
}

/// How a change went.
#[derive(Debug)]
pub(crate) enum Saved {
    Now(Todo),
    /// Somebody else changed the item first; nothing was written.
    Outdated,
}

/// A list of one user's items.
#[derive(Clone, Debug)]
pub(crate) struct Listing {
    pub(crate) owner: Uuid,
    pub(crate) status: Option<StatusBody>,
    pub(crate) order: Order,
}

/// The order of a list; items of the same time are ordered by id.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Order {
    Created,
    Due(DueRange),
}

/// Due times from `from` (included) to `to` (left out).
#[derive(Clone, Copy, Debug)]
pub(crate) struct DueRange {
    pub(crate) from: Option<DueAt>,
    pub(crate) to: Option<DueAt>,
}

impl DueRange {
    /// Whether it bounds nothing.
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
    pub(crate) limit: lambda_kit::page::Limit,
    pub(crate) after: Option<Position>,
}

/// An item's place in a list, in its own values: the table's keys are made from them and the caller's subject.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Position {
    pub(crate) id: Uuid,
    pub(crate) due_at: Option<Timestamp>,
}

/// A page that was read.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) todos: Vec<Todo>,
    /// Whether there may be another one.
    pub(crate) more: bool,
}

impl Store {
    pub(crate) fn new(config: &SdkConfig, table: String) -> Self {
        Self { client: Client::new(config), table }
    }

    /// Writes a new item, its event, and the idempotency key with the answer, or none of them.
    pub(crate) async fn create(
        &self,
        change: Change,
        key: Option<&IdempotencyKey>,
        cause: &Cause,
    ) -> Result<Created, TableError> {
        let mut writes = self.writes(&change, cause)?;
        if let Some(key) = key {
            writes.push(key.put(&self.table, &change.todo)?);
        }
        let reasons = match transaction::write(&self.client, &writes).await? {
            Written::Now => return Ok(Created::Now(change.todo)),
            Written::Refused(reasons) => reasons,
        };
        let (Some(key), Some(held)) = (key, reasons.get(2).and_then(CancellationReason::item)) else {
            return Err(TransactionError::cancelled(&reasons).into());
        };
        let row: IdempotencyRow = serde_dynamo::from_item(held.clone()).map_err(TableError::corrupt)?;
        Ok(if row.is_for(key) { Created::Before(row.answer) } else { Created::KeyReused })
    }

    /// Writes a changed or deleted item and its event, if the item still has the version before.
    pub(crate) async fn save(&self, change: Change, cause: &Cause) -> Result<Saved, TableError> {
        match transaction::write(&self.client, &self.writes(&change, cause)?).await? {
            Written::Now => Ok(Saved::Now(change.todo)),
            Written::Refused(_) => Ok(Saved::Outdated),
        }
    }

    /// Whether the user has deleted their account: a token outlives it by up to an hour. Asked before anything new is
    /// made; what changes a row fails with the row.
    pub(crate) async fn is_deleted(&self, user: Uuid) -> Result<bool, TableError> {
        tombstone::stands(&self.client, &self.table, user).await
    }

    /// The owner's item with this id.
    pub(crate) async fn get(&self, owner: Uuid, id: Uuid) -> Result<Option<Todo>, TableError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(item::key(owner, id)))
            .consistent_read(true)
            .send()
            .await
            .map_err(TableError::call)?;
        answer.item.map(todo).transpose()
    }

    /// One page of a list. Reads as many items as it shows, however many there are.
    pub(crate) async fn list(&self, asked: &PageRequest) -> Result<Page, TableError> {
        let range = item::range(&asked.listing);
        if range.from > range.to {
            // DynamoDB refuses such bounds; nothing is due after a time and before an earlier one.
            return Ok(Page { todos: Vec::new(), more: false });
        }
        let start = asked.after.as_ref().map(|after| item::start_key(&asked.listing, after));
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .set_index_name(range.index.map(str::to_owned))
            .key_condition_expression("pk = :pk AND #key BETWEEN :from AND :to")
            .expression_attribute_names("#key", range.attribute)
            .expression_attribute_values(":pk", AttributeValue::S(item::partition(asked.listing.owner)))
            .expression_attribute_values(":from", AttributeValue::S(range.from))
            .expression_attribute_values(":to", AttributeValue::S(range.to))
            .set_exclusive_start_key(start)
            // One more than asked for tells whether there is another page.
            .limit(asked.limit.and_one())
            .consistent_read(true)
            .send()
            .await
            .map_err(TableError::call)?;
        let mut items = answer.items.unwrap_or_default();
        // A page of large items may also end at DynamoDB's 1 MB.
        let more = items.len() > asked.limit.items() || answer.last_evaluated_key.is_some();
        items.truncate(asked.limit.items());
        Ok(Page { todos: items.into_iter().map(todo).collect::<Result<_, _>>()?, more })
    }

    /// The writes of a change, in the order that [`Store::create`] counts on: the item, then its event.
    fn writes(&self, change: &Change, cause: &Cause) -> Result<Vec<TransactWriteItem>, TableError> {
        let todo = &change.todo;
        let write = TransactWriteItem::builder();
        let write = match change.what {
            Happening::Deleted => write.delete(
                Delete::builder()
                    .table_name(&self.table)
                    .set_key(Some(item::key(todo.owner, todo.id)))
                    .condition_expression("version = :before")
                    .expression_attribute_values(":before", before(todo))
                    .build()?,
            ),
            Happening::Created => write.put(self.put(todo)?.condition_expression("attribute_not_exists(pk)").build()?),
            Happening::Changed(_) | Happening::Completed { .. } | Happening::Reopened => write.put(
                self.put(todo)?
                    .condition_expression("version = :before")
                    .expression_attribute_values(":before", before(todo))
                    .build()?,
            ),
        };
        Ok(vec![write.build(), event::outbox_row(change, cause)?.put(&self.table)?])
    }

    fn put(&self, todo: &Todo) -> Result<aws_sdk_dynamodb::types::builders::PutBuilder, TableError> {
        let item = serde_dynamo::to_item(TodoItem::from(todo)).map_err(TableError::unstorable)?;
        Ok(Put::builder().table_name(&self.table).set_item(Some(item)))
    }
}

fn before(todo: &Todo) -> AttributeValue {
    AttributeValue::N((todo.version - 1).to_string())
}

fn todo(item: std::collections::HashMap<String, AttributeValue>) -> Result<Todo, TableError> {
    let item: TodoItem = serde_dynamo::from_item(item).map_err(TableError::corrupt)?;
    item.try_into().map_err(TableError::corrupt)
}

/// Puts the held row into the cancellation reason, so that no second read is needed.
pub(crate) const RETURN_HELD: ReturnValuesOnConditionCheckFailure = ReturnValuesOnConditionCheckFailure::AllOld;
