//! Inbox entries and the unread counter.

use std::collections::HashMap;

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{
    AttributeValue, CancellationReason, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};
use jiff::Timestamp;
use lambda_kit::claim::claim;
use lambda_kit::table::TableError;
use lambda_kit::transaction::{self, TransactionError, TransactionOutcome};
use uuid::Uuid;

use crate::domain::inbox::{InboxEntry, PageRequest};
use crate::store::inbox_row::{self, InboxRow, UnreadCounterRow};
use crate::store::{Store, WriteOutcome, keys};

/// The entries of a page, and whether there are more.
type EntriesPage = (Vec<InboxEntry>, bool);

impl Store {
    /// Claims the entry's event, adds the entry and increments the unread counter, in one transaction.
    pub(crate) async fn add_entry(&self, entry: &InboxEntry, now: Timestamp) -> Result<WriteOutcome, TableError> {
        let item = serde_dynamo::to_item(InboxRow::from(entry)).map_err(TableError::serialization)?;
        let put = Put::builder().table_name(&self.table).set_item(Some(item)).build()?;
        let writes = vec![
            claim(&self.table, "inbox", entry.id, now)?,
            TransactWriteItem::builder().put(put).build(),
            self.add_to_unread(entry.owner, 1)?,
        ];
        // The claim's condition is the only one.
        Ok(match transaction::write(&self.client, &writes).await? {
            TransactionOutcome::Applied => WriteOutcome::Applied,
            TransactionOutcome::ConditionFailed(_) => WriteOutcome::Duplicate,
        })
    }

    pub(crate) async fn entry(&self, owner: Uuid, id: Uuid) -> Result<Option<InboxEntry>, TableError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(inbox_row::key(owner, id)))
            .consistent_read(true)
            .send()
            .await
            .map_err(TableError::call)?;
        answer.item.map(parse).transpose()
    }

    /// Saves an entry that was marked read and decrements the unread counter. If another request has read it first,
    /// nothing is written, and the entry is returned as it is in the table.
    pub(crate) async fn save_read_entry(&self, read: InboxEntry, at: Timestamp) -> Result<InboxEntry, TableError> {
        let update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(inbox_row::key(read.owner, read.id)))
            .update_expression("SET readAt = :readAt REMOVE byUnread")
            .condition_expression("attribute_exists(byUnread)")
            .expression_attribute_values(":readAt", keys::timestamp(at)?)
            // The cancellation reason then contains the entry, and no second read is needed.
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()?;
        let writes = [TransactWriteItem::builder().update(update).build(), self.add_to_unread(read.owner, -1)?];
        let reasons = match transaction::write(&self.client, &writes).await? {
            TransactionOutcome::Applied => return Ok(read),
            TransactionOutcome::ConditionFailed(reasons) => reasons,
        };
        match reasons.first().and_then(CancellationReason::item) {
            Some(current) => parse(current.clone()),
            None => Err(TransactionError::cancelled(&reasons).into()),
        }
    }

    /// The entries of one page, and whether there are more. Reads one entry more than it returns.
    pub(crate) async fn entries(&self, request: &PageRequest) -> Result<EntriesPage, TableError> {
        let range = inbox_row::range(request.filter);
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .set_index_name(range.index.map(str::to_owned))
            .key_condition_expression("pk = :pk AND #key BETWEEN :from AND :to")
            .expression_attribute_names("#key", range.attribute)
            .expression_attribute_values(":pk", AttributeValue::S(keys::partition(request.owner)))
            .expression_attribute_values(":from", AttributeValue::S(range.from))
            .expression_attribute_values(":to", AttributeValue::S(range.to))
            .set_exclusive_start_key(request.after.map(|after| inbox_row::start_key(request, after)))
            .scan_index_forward(false)
            .limit(request.limit.with_one_more())
            .consistent_read(true)
            .send()
            .await
            .map_err(TableError::call)?;
        let mut items = answer.items.unwrap_or_default();
        let more = items.len() > request.limit.items() || answer.last_evaluated_key.is_some();
        items.truncate(request.limit.items());
        let entries = items.into_iter().map(parse).collect::<Result<_, _>>()?;
        Ok((entries, more))
    }

    /// The number of unread entries in the inbox.
    pub(crate) async fn unread(&self, owner: Uuid) -> Result<u64, TableError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(inbox_row::unread_counter_key(owner)))
            .consistent_read(true)
            .send()
            .await
            .map_err(TableError::call)?;
        let Some(item) = answer.item else {
            return Ok(0);
        };
        let counter: UnreadCounterRow = serde_dynamo::from_item(item).map_err(TableError::corrupt)?;
        Ok(counter.unread)
    }

    /// The write that adds `change` to the unread counter.
    pub(in crate::store) fn add_to_unread(&self, owner: Uuid, change: i16) -> Result<TransactWriteItem, BuildError> {
        let update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(inbox_row::unread_counter_key(owner)))
            .update_expression("ADD unread :change")
            .expression_attribute_values(":change", AttributeValue::N(change.to_string()))
            .build()?;
        Ok(TransactWriteItem::builder().update(update).build())
    }
}

fn parse(item: HashMap<String, AttributeValue>) -> Result<InboxEntry, TableError> {
    let row: InboxRow = serde_dynamo::from_item(item).map_err(TableError::corrupt)?;
    Ok(row.into())
}
