//! The rows of attachments, changed together with their events in one transaction.
//!
//! Each item's counter row holds the ids of its attachments, so that two that are announced at the same time cannot both
//! be the last one. An attachment that was forgotten leaves its id there until room is needed.

use std::collections::HashMap;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{
    AttributeValue, CancellationReason, ConditionCheck, Delete, Put, TransactWriteItem, Update,
};
use jiff::Timestamp;
use lambda_kit::cause::Cause;
use lambda_kit::table::TableError;
use lambda_kit::transaction::{self, TransactionError, Written};
use uuid::Uuid;

use crate::attachments::domain::{Attachment, Change, Happening, MAX_FILES};
use crate::attachments::event;
use crate::attachments::row::{self, FileItem, Found};
use crate::store::{RETURN_HELD, item};

/// The rows of attachments.
#[derive(Clone, Debug)]
pub(crate) struct Attachments {
    client: Client,
    table: String,
}

/// How an announcement went.
#[derive(Debug)]
pub(crate) enum Announced {
    Now,
    /// The owner has no such item.
    NoItem,
    /// The item has as many files as an item may have.
    Full,
}

/// How a change went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Saved {
    Now,
    /// Somebody else changed the attachment first; nothing was written.
    Outdated,
}

impl Attachments {
    pub(crate) fn new(config: &SdkConfig, table: String) -> Self {
        Self { client: Client::new(config), table }
    }

    /// Writes a new attachment, if its item is there and has room.
    pub(crate) async fn announce(&self, new: &Attachment, cause: &Cause) -> Result<Announced, TableError> {
        let writes = [self.item_is_there(new)?, self.count(new)?, self.put(new, cause, "attribute_not_exists(pk)")?];
        loop {
            let reasons = match transaction::write(&self.client, &writes).await? {
                Written::Now => return Ok(Announced::Now),
                Written::Refused(reasons) => reasons,
            };
            let failed = |index: usize| reasons.get(index).and_then(CancellationReason::code);
            match (failed(0), failed(1)) {
                (Some("ConditionalCheckFailed"), _) => return Ok(Announced::NoItem),
                (_, Some("ConditionalCheckFailed")) => {
                    let counted = ids(reasons.get(1).and_then(CancellationReason::item));
                    if !self.make_room(new, &counted).await? {
                        return Ok(Announced::Full);
                    }
                }
                _ => return Err(TransactionError::cancelled(&reasons).into()),
            }
        }
    }

    /// The owner's attachment, unless it is forgotten.
    pub(crate) async fn get(
        &self,
        owner: Uuid,
        todo: Uuid,
        id: Uuid,
        now: Timestamp,
    ) -> Result<Option<Found>, TableError> {
        let request = self.client.get_item().table_name(&self.table).set_key(Some(row::key(owner, todo, id)));
        let answer = request.consistent_read(true).send().await.map_err(TableError::call)?;
        let found = answer.item.map(found).transpose()?;
        Ok(found.filter(|found| found.attachment.is_known(now)))
    }

    /// All attachments of the owner's item, oldest first.
    pub(crate) async fn list(&self, owner: Uuid, todo: Uuid, now: Timestamp) -> Result<Vec<Found>, TableError> {
        let request = self.client.query().table_name(&self.table).consistent_read(true);
        let request = request
            .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
            .expression_attribute_values(":pk", AttributeValue::S(item::partition(owner)))
            .expression_attribute_values(":prefix", AttributeValue::S(row::prefix(todo)));
        let mut pages = request.into_paginator().items().send();
        let mut all = Vec::new();
        while let Some(row) = pages.next().await {
            all.push(found(row.map_err(TableError::call)?)?);
        }
        all.retain(|found| found.attachment.is_known(now));
        Ok(all)
    }

    /// Takes the end from an attachment whose file is about to be stored: its row must outlive whatever happens next.
    /// False when no file may come any more.
    pub(crate) async fn hold(&self, attachment: &Attachment, now: Timestamp) -> Result<bool, TableError> {
        let key = row::key(attachment.owner, attachment.todo, attachment.id);
        let request = self.client.update_item().table_name(&self.table).set_key(Some(key));
        let answer = request
            .update_expression("REMOVE #expiresAt")
            .condition_expression("#version = :version AND (attribute_not_exists(#expiresAt) OR #expiresAt > :now)")
            .expression_attribute_names("#expiresAt", "expiresAt")
            .expression_attribute_names("#version", "version")
            .expression_attribute_values(":version", number(attachment.version))
            .expression_attribute_values(":now", AttributeValue::N(now.as_second().to_string()))
            .send()
            .await;
        match answer {
            Ok(_) => Ok(true),
            Err(error)
                if error.as_service_error().is_some_and(UpdateItemError::is_conditional_check_failed_exception) =>
            {
                Ok(false)
            }
            Err(error) => Err(TableError::call(error)),
        }
    }

    /// Writes a change and its event, if the attachment still has the version before.
    pub(crate) async fn save(&self, change: &Change, cause: &Cause) -> Result<Saved, TableError> {
        let attachment = &change.attachment;
        let event = event::outbox_row(change, cause)?.put(&self.table)?;
        let writes = match change.what {
            Happening::Ready | Happening::Rejected(_) => vec![self.put(attachment, cause, "version = :before")?, event],
            Happening::Deleted => {
                vec![self.delete(attachment)?, event, self.uncount(attachment, vec![attachment.id.to_string()])?]
            }
        };
        match transaction::write(&self.client, &writes).await? {
            Written::Now => Ok(Saved::Now),
            Written::Refused(_) => Ok(Saved::Outdated),
        }
    }

    /// Deletes the row that counts the attachments of an item that is gone.
    pub(crate) async fn forget_counter(&self, owner: Uuid, todo: Uuid) -> Result<(), TableError> {
        let request = self.client.delete_item().table_name(&self.table);
        request.set_key(Some(row::counter_key(owner, todo))).send().await.map_err(TableError::call)?;
        Ok(())
    }

    /// Takes out of the count what is no longer there. False when all of `counted` are.
    ///
    /// Whatever is in `counted` was written before it was read, so an id without a row is one that was forgotten.
    async fn make_room(&self, new: &Attachment, counted: &[String]) -> Result<bool, TableError> {
        let there = self.list(new.owner, new.todo, new.created_at).await?;
        let there: Vec<String> = there.iter().map(|found| found.attachment.id.to_string()).collect();
        let gone: Vec<String> = counted.iter().filter(|id| !there.contains(id)).cloned().collect();
        if gone.is_empty() {
            return Ok(false);
        }
        match transaction::write(&self.client, &[self.uncount(new, gone)?]).await? {
            Written::Now => Ok(true),
            Written::Refused(reasons) => Err(TransactionError::cancelled(&reasons).into()),
        }
    }

    fn item_is_there(&self, new: &Attachment) -> Result<TransactWriteItem, TableError> {
        let check = ConditionCheck::builder().table_name(&self.table).set_key(Some(item::key(new.owner, new.todo)));
        let check = check.condition_expression("attribute_exists(pk)").build()?;
        Ok(TransactWriteItem::builder().condition_check(check).build())
    }

    fn count(&self, new: &Attachment) -> Result<TransactWriteItem, TableError> {
        let update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(row::counter_key(new.owner, new.todo)))
            .update_expression("ADD #ids :id")
            .condition_expression("attribute_not_exists(#ids) OR size(#ids) < :max")
            .expression_attribute_names("#ids", "ids")
            .expression_attribute_values(":id", AttributeValue::Ss(vec![new.id.to_string()]))
            .expression_attribute_values(":max", AttributeValue::N(MAX_FILES.to_string()))
            .return_values_on_condition_check_failure(RETURN_HELD)
            .build()?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    /// Takes ids out of the count. Those that are not in it do no harm.
    fn uncount(&self, attachment: &Attachment, ids: Vec<String>) -> Result<TransactWriteItem, TableError> {
        let update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(row::counter_key(attachment.owner, attachment.todo)))
            .update_expression("DELETE #ids :ids")
            .expression_attribute_names("#ids", "ids")
            .expression_attribute_values(":ids", AttributeValue::Ss(ids))
            .build()?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    fn put(&self, attachment: &Attachment, cause: &Cause, condition: &str) -> Result<TransactWriteItem, TableError> {
        let item = serde_dynamo::to_item(FileItem::new(attachment, cause)).map_err(TableError::unstorable)?;
        let put = Put::builder().table_name(&self.table).set_item(Some(item)).condition_expression(condition);
        let put = if attachment.version > 1 {
            put.expression_attribute_values(":before", number(attachment.version - 1))
        } else {
            put
        };
        Ok(TransactWriteItem::builder().put(put.build()?).build())
    }

    fn delete(&self, attachment: &Attachment) -> Result<TransactWriteItem, TableError> {
        let delete = Delete::builder()
            .table_name(&self.table)
            .set_key(Some(row::key(attachment.owner, attachment.todo, attachment.id)))
            .condition_expression("version = :before")
            .expression_attribute_values(":before", number(attachment.version - 1))
            .build()?;
        Ok(TransactWriteItem::builder().delete(delete).build())
    }
}

fn number(value: u64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

fn found(row: HashMap<String, AttributeValue>) -> Result<Found, TableError> {
    let item: FileItem = serde_dynamo::from_item(row).map_err(TableError::corrupt)?;
    item.try_into().map_err(TableError::corrupt)
}

fn ids(counter: Option<&HashMap<String, AttributeValue>>) -> Vec<String> {
    let ids = counter.and_then(|row| row.get("ids")).and_then(|ids| ids.as_ss().ok());
    ids.cloned().unwrap_or_default()
}
