//! To-do items in the table.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::builders::PutBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, CancellationReason, Delete, Put, TransactWriteItem};
use jiff::Timestamp;
use lambda_kit::correlation::CorrelationContext;
use lambda_kit::table::TableError;
use lambda_kit::transaction::{self, TransactionError, TransactionOutcome};
use uuid::Uuid;

use crate::domain::idempotency::IdempotentRequest;
use crate::domain::todo::{CreateOutcome, SaveOutcome, Todo, TodoChange, TodoEvent};
use crate::domain::todo_list::{Page, PageRequest};
use crate::store::idempotency_row::IdempotencyRow;
use crate::store::todo_row::TodoRow;
use crate::store::{Store, idempotency_row, partition, todo_events, todo_row};

impl Store {
    /// Writes a new item, its event, and the idempotency key with the response, in one transaction.
    pub(crate) async fn create_todo(
        &self,
        change: TodoChange,
        request: Option<&IdempotentRequest>,
        correlation: &CorrelationContext,
    ) -> Result<CreateOutcome, TableError> {
        let mut writes = self.todo_writes(&change, correlation)?;
        if let Some(request) = request {
            // The last one, because of its reason below.
            writes.push(idempotency_row::put(&self.table, &change.todo, request)?);
        }
        let reasons = match transaction::write(&self.client, &writes).await? {
            TransactionOutcome::Applied => return Ok(CreateOutcome::Created(change.todo)),
            TransactionOutcome::ConditionFailed(reasons) => reasons,
        };
        let (Some(request), Some(existing)) = (request, reasons.last().and_then(CancellationReason::item)) else {
            return Err(TransactionError::cancelled(&reasons).into());
        };
        let row: IdempotencyRow = serde_dynamo::from_item(existing.clone()).map_err(TableError::corrupt)?;
        Ok(row.into_outcome(request))
    }

    /// The outcome of a creation with an idempotency key that is in use.
    pub(crate) async fn find_creation(
        &self,
        owner: Uuid,
        request: &IdempotentRequest,
        now: Timestamp,
    ) -> Result<Option<CreateOutcome>, TableError> {
        let key = idempotency_row::key(owner, &request.key);
        let get = self.client.get_item().table_name(&self.table).set_key(Some(key)).consistent_read(true);
        let answer = get.send().await.map_err(TableError::call)?;
        let row: Option<IdempotencyRow> =
            answer.item.map(serde_dynamo::from_item).transpose().map_err(TableError::corrupt)?;
        Ok(row.filter(|row| row.is_in_use(now)).map(|row| row.into_outcome(request)))
    }

    /// Writes a changed or deleted item and its event, if the item still has the version before.
    pub(crate) async fn save_todo(
        &self,
        change: TodoChange,
        correlation: &CorrelationContext,
    ) -> Result<SaveOutcome, TableError> {
        match transaction::write(&self.client, &self.todo_writes(&change, correlation)?).await? {
            TransactionOutcome::Applied => Ok(SaveOutcome::Saved(Box::new(change.todo))),
            TransactionOutcome::ConditionFailed(_) => Ok(SaveOutcome::Outdated),
        }
    }

    /// The owner's item with this id, unless it is deleted.
    pub(crate) async fn get_todo(&self, owner: Uuid, id: Uuid) -> Result<Option<Todo>, TableError> {
        self.read_todo(todo_row::key(owner, id)).await
    }

    /// The owner's item with this id, also if it is deleted.
    pub(crate) async fn find_todo(&self, owner: Uuid, id: Uuid) -> Result<Option<Todo>, TableError> {
        match self.get_todo(owner, id).await? {
            Some(todo) => Ok(Some(todo)),
            None => self.read_todo(todo_row::deleted_key(owner, id)).await,
        }
    }

    async fn read_todo(&self, key: HashMap<String, AttributeValue>) -> Result<Option<Todo>, TableError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key))
            .consistent_read(true)
            .send()
            .await
            .map_err(TableError::call)?;
        answer.item.map(parse_todo).transpose()
    }

    /// One page of a list. It reads one row more than the page has, however many items there are.
    pub(crate) async fn list_todos(&self, request: &PageRequest) -> Result<Page, TableError> {
        let range = todo_row::key_range(&request.listing);
        if range.from > range.to {
            // DynamoDB rejects such bounds: no item is due after a time and before an earlier one.
            return Ok(Page { todos: Vec::new(), more: false });
        }
        let start = request.after.as_ref().map(|after| todo_row::start_key(&request.listing, after));
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .set_index_name(range.index.map(str::to_owned))
            .key_condition_expression("pk = :pk AND #key BETWEEN :from AND :to")
            .expression_attribute_names("#key", range.attribute)
            .expression_attribute_values(":pk", AttributeValue::S(partition(request.listing.owner)))
            .expression_attribute_values(":from", AttributeValue::S(range.from))
            .expression_attribute_values(":to", AttributeValue::S(range.to))
            .set_exclusive_start_key(start)
            // One more row than requested tells whether there is another page.
            .limit(request.limit.with_one_more())
            .consistent_read(true)
            .send()
            .await
            .map_err(TableError::call)?;
        let mut items = answer.items.unwrap_or_default();
        // A page of large items may also end at DynamoDB's 1 MB.
        let more = items.len() > request.limit.items() || answer.last_evaluated_key.is_some();
        items.truncate(request.limit.items());
        Ok(Page { todos: items.into_iter().map(parse_todo).collect::<Result<_, _>>()?, more })
    }

    /// The writes of a change: the item and its events.
    fn todo_writes(
        &self,
        change: &TodoChange,
        correlation: &CorrelationContext,
    ) -> Result<Vec<TransactWriteItem>, TableError> {
        let todo = &change.todo;
        let (key, deleted_key) = (todo_row::key(todo.owner, todo.id), todo_row::deleted_key(todo.owner, todo.id));
        let mut writes = match change.event {
            TodoEvent::Created => vec![self.put_new_todo(todo)?],
            TodoEvent::Changed(_) | TodoEvent::Completed { .. } | TodoEvent::Reopened => {
                vec![self.put_changed_todo(todo)?]
            }
            TodoEvent::Deleted => vec![self.put_new_todo(todo)?, self.delete_todo(key, todo)?],
            TodoEvent::Restored => vec![self.put_new_todo(todo)?, self.delete_todo(deleted_key, todo)?],
            TodoEvent::Purged => vec![self.delete_todo(deleted_key, todo)?],
        };
        for row in todo_events::outbox_rows(change, correlation)? {
            writes.push(row.put(&self.table)?);
        }
        Ok(writes)
    }

    /// Writes a row under a key that is not in use.
    fn put_new_todo(&self, todo: &Todo) -> Result<TransactWriteItem, TableError> {
        let put = self.put_todo(todo)?.condition_expression("attribute_not_exists(pk)").build()?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    fn put_changed_todo(&self, todo: &Todo) -> Result<TransactWriteItem, TableError> {
        let put = self
            .put_todo(todo)?
            .condition_expression("version = :before")
            .expression_attribute_values(":before", previous_version(todo))
            .build()?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// Deletes the row that an item had before its change.
    fn delete_todo(&self, key: HashMap<String, AttributeValue>, todo: &Todo) -> Result<TransactWriteItem, TableError> {
        let delete = Delete::builder()
            .table_name(&self.table)
            .set_key(Some(key))
            .condition_expression("version = :before")
            .expression_attribute_values(":before", previous_version(todo))
            .build()?;
        Ok(TransactWriteItem::builder().delete(delete).build())
    }

    fn put_todo(&self, todo: &Todo) -> Result<PutBuilder, TableError> {
        let item = serde_dynamo::to_item(TodoRow::from(todo)).map_err(TableError::serialization)?;
        Ok(Put::builder().table_name(&self.table).set_item(Some(item)))
    }
}

fn previous_version(todo: &Todo) -> AttributeValue {
    AttributeValue::N((todo.version - 1).to_string())
}

fn parse_todo(item: HashMap<String, AttributeValue>) -> Result<Todo, TableError> {
    let item: TodoRow = serde_dynamo::from_item(item).map_err(TableError::corrupt)?;
    item.try_into().map_err(TableError::corrupt)
}
