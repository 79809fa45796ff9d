//! Inbox entries. An entry is one row, which no other entry and no counter shares: any number of them can be written at
//! the same time. The number of unread entries is counted in their index.

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure, Select};
use jiff::Timestamp;
use lambda_kit::contention::{self, ATTEMPTS};
use lambda_kit::table::TableError;
use lambda_kit::transaction::TransactionError;
use uuid::Uuid;

use crate::domain::inbox::{InboxEntry, PageRequest};
use crate::store::inbox_row::{self, InboxRow};
use crate::store::{Store, WriteOutcome, keys};

/// The entries of a page, and whether there are more.
type EntriesPage = (Vec<InboxEntry>, bool);

/// The highest number of unread entries that is counted, so that a count reads a bounded part of the table. It is what
/// one request marks as read.
const MAX_UNREAD_COUNT: i32 = 4_000;

impl Store {
    /// Adds an entry, unless it is there: its key has the id of its event.
    pub(crate) async fn add_entry(
        &self,
        entry: &InboxEntry,
        expires_at: Timestamp,
    ) -> Result<WriteOutcome, TableError> {
        let item = serde_dynamo::to_item(InboxRow::from(entry)).map_err(TableError::serialization)?;
        let answer = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .item("expiresAt", AttributeValue::N(expires_at.as_second().to_string()))
            .condition_expression("attribute_not_exists(pk)")
            .send()
            .await;
        let Err(error) = answer else {
            return Ok(WriteOutcome::Applied);
        };
        match error.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(_)) => Ok(WriteOutcome::Duplicate),
            _ => Err(TableError::call(error)),
        }
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

    /// Saves an entry that was marked read. If another request has read it first, nothing is written, and the entry is
    /// returned as it is in the table; `None` if it is gone. Tries again while another request marks all entries.
    pub(crate) async fn save_read_entry(
        &self,
        read: InboxEntry,
        at: Timestamp,
    ) -> Result<Option<InboxEntry>, TableError> {
        for attempt in 0..ATTEMPTS {
            let answer = self
                .client
                .update_item()
                .table_name(&self.table)
                .set_key(Some(inbox_row::key(read.owner, read.id)))
                .update_expression("SET readAt = :readAt REMOVE byUnread")
                .condition_expression("attribute_exists(byUnread)")
                .expression_attribute_values(":readAt", keys::timestamp(at)?)
                // The refusal then contains the entry, and no second read is needed.
                .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
                .send()
                .await;
            let Err(error) = answer else {
                return Ok(Some(read));
            };
            match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(current)) => {
                    return current.item().cloned().map(parse).transpose();
                }
                // Another request marks all entries.
                Some(UpdateItemError::TransactionConflictException(_)) => contention::pause(attempt).await,
                _ => return Err(TableError::call(error)),
            }
        }
        Err(TransactionError::Contended.into())
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

    /// The number of unread entries in the inbox, exact up to [`MAX_UNREAD_COUNT`].
    pub(crate) async fn unread(&self, owner: Uuid) -> Result<u64, TableError> {
        let (mut unread, mut start) = (0, None);
        while unread < MAX_UNREAD_COUNT {
            let answer = self
                .client
                .query()
                .table_name(&self.table)
                .index_name("byUnread")
                .select(Select::Count)
                .key_condition_expression("pk = :pk")
                .expression_attribute_values(":pk", AttributeValue::S(keys::partition(owner)))
                .limit(MAX_UNREAD_COUNT - unread)
                .set_exclusive_start_key(start)
                .consistent_read(true)
                .send()
                .await
                .map_err(TableError::call)?;
            unread += answer.count;
            start = answer.last_evaluated_key;
            if start.is_none() {
                break;
            }
        }
        Ok(u64::try_from(unread).unwrap_or(0))
    }
}

fn parse(item: HashMap<String, AttributeValue>) -> Result<InboxEntry, TableError> {
    let row: InboxRow = serde_dynamo::from_item(item).map_err(TableError::corrupt)?;
    Ok(row.into())
}
