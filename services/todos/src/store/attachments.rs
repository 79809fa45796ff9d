//! Attachments in the table.
//!
//! Each item has a counter row with the ids of its attachments, so that two announcements at the same time cannot both
//! be the last one. The id of an expired attachment stays there until its place is needed.

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{
    AttributeValue, CancellationReason, ConditionCheck, Delete, Put, TransactWriteItem, Update,
};
use jiff::Timestamp;
use lambda_kit::correlation::CorrelationContext;
use lambda_kit::table::TableError;
use lambda_kit::transaction::{self, TransactionError, TransactionOutcome};
use uuid::Uuid;

use crate::domain::attachment::{
    AnnounceOutcome, Attachment, AttachmentChange, AttachmentEvent, MAX_FILES, SaveOutcome,
};
use crate::store::attachment_row::{self, AttachmentRow, StoredAttachment};
use crate::store::{RETURN_EXISTING, Store, attachment_events, partition, todo_row};

impl Store {
    /// Writes a new attachment, if its item exists and has room.
    pub(crate) async fn announce_attachment(
        &self,
        new: &Attachment,
        correlation: &CorrelationContext,
    ) -> Result<AnnounceOutcome, TableError> {
        let writes = [
            self.todo_exists_check(new)?,
            self.add_to_counter(new)?,
            self.put_attachment(new, correlation, "attribute_not_exists(pk)")?,
        ];
        loop {
            let reasons = match transaction::write(&self.client, &writes).await? {
                TransactionOutcome::Applied => return Ok(AnnounceOutcome::Announced),
                TransactionOutcome::ConditionFailed(reasons) => reasons,
            };
            let failed = |index: usize| reasons.get(index).and_then(CancellationReason::code);
            match (failed(0), failed(1)) {
                (Some("ConditionalCheckFailed"), _) => return Ok(AnnounceOutcome::NoSuchTodo),
                (_, Some("ConditionalCheckFailed")) => {
                    let counted = counted_ids(reasons.get(1).and_then(CancellationReason::item));
                    if !self.remove_expired(new, &counted).await? {
                        return Ok(AnnounceOutcome::Full);
                    }
                }
                _ => return Err(TransactionError::cancelled(&reasons).into()),
            }
        }
    }

    /// The owner's attachment, unless it has expired.
    pub(crate) async fn get_attachment(
        &self,
        owner: Uuid,
        todo: Uuid,
        id: Uuid,
        now: Timestamp,
    ) -> Result<Option<StoredAttachment>, TableError> {
        let request =
            self.client.get_item().table_name(&self.table).set_key(Some(attachment_row::key(owner, todo, id)));
        let answer = request.consistent_read(true).send().await.map_err(TableError::call)?;
        let found = answer.item.map(parse_attachment).transpose()?;
        Ok(found.filter(|found| found.attachment.is_live(now)))
    }

    /// All attachments of the owner's item, oldest first.
    pub(crate) async fn list_attachments(
        &self,
        owner: Uuid,
        todo: Uuid,
        now: Timestamp,
    ) -> Result<Vec<StoredAttachment>, TableError> {
        let request = self.client.query().table_name(&self.table).consistent_read(true);
        let request = request
            .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
            .expression_attribute_values(":pk", AttributeValue::S(partition(owner)))
            .expression_attribute_values(":prefix", AttributeValue::S(attachment_row::prefix(todo)));
        let mut pages = request.into_paginator().items().send();
        let mut all = Vec::new();
        while let Some(row) = pages.next().await {
            all.push(parse_attachment(row.map_err(TableError::call)?)?);
        }
        all.retain(|found| found.attachment.is_live(now));
        Ok(all)
    }

    /// Removes the expiry of an attachment before its file is stored, so that its row outlives the storing. False when
    /// the file may no longer be stored.
    pub(crate) async fn begin_storing(&self, attachment: &Attachment, now: Timestamp) -> Result<bool, TableError> {
        let key = attachment_row::key(attachment.owner, attachment.todo, attachment.id);
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
    pub(crate) async fn save_attachment(
        &self,
        change: &AttachmentChange,
        correlation: &CorrelationContext,
    ) -> Result<SaveOutcome, TableError> {
        let attachment = &change.attachment;
        let event = attachment_events::outbox_row(change, correlation)?.put(&self.table)?;
        let writes = match change.event {
            AttachmentEvent::Ready | AttachmentEvent::Rejected(_) => {
                vec![self.put_attachment(attachment, correlation, "version = :before")?, event]
            }
            AttachmentEvent::Deleted => {
                vec![
                    self.delete_attachment(attachment)?,
                    event,
                    self.remove_from_counter(attachment, vec![attachment.id.to_string()])?,
                ]
            }
        };
        match transaction::write(&self.client, &writes).await? {
            TransactionOutcome::Applied => Ok(SaveOutcome::Saved),
            TransactionOutcome::ConditionFailed(_) => Ok(SaveOutcome::Outdated),
        }
    }

    /// Deletes the counter row of a deleted item.
    pub(crate) async fn delete_attachment_counter(&self, owner: Uuid, todo: Uuid) -> Result<(), TableError> {
        let request = self.client.delete_item().table_name(&self.table);
        request.set_key(Some(attachment_row::counter_key(owner, todo))).send().await.map_err(TableError::call)?;
        Ok(())
    }

    /// Removes ids without a live attachment from the counter. False when there is none.
    ///
    /// All `counted` ids were written before this reads the rows, so that an id without a row has expired.
    async fn remove_expired(&self, new: &Attachment, counted: &[String]) -> Result<bool, TableError> {
        let live = self.list_attachments(new.owner, new.todo, new.created_at).await?;
        let live: Vec<String> = live.iter().map(|found| found.attachment.id.to_string()).collect();
        let expired: Vec<String> = counted.iter().filter(|id| !live.contains(id)).cloned().collect();
        if expired.is_empty() {
            return Ok(false);
        }
        match transaction::write(&self.client, &[self.remove_from_counter(new, expired)?]).await? {
            TransactionOutcome::Applied => Ok(true),
            TransactionOutcome::ConditionFailed(reasons) => Err(TransactionError::cancelled(&reasons).into()),
        }
    }

    fn todo_exists_check(&self, new: &Attachment) -> Result<TransactWriteItem, TableError> {
        let check = ConditionCheck::builder().table_name(&self.table).set_key(Some(todo_row::key(new.owner, new.todo)));
        let check = check.condition_expression("attribute_exists(pk)").build()?;
        Ok(TransactWriteItem::builder().condition_check(check).build())
    }

    fn add_to_counter(&self, new: &Attachment) -> Result<TransactWriteItem, TableError> {
        let update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(attachment_row::counter_key(new.owner, new.todo)))
            .update_expression("ADD #ids :id")
            .condition_expression("attribute_not_exists(#ids) OR size(#ids) < :max")
            .expression_attribute_names("#ids", "ids")
            .expression_attribute_values(":id", AttributeValue::Ss(vec![new.id.to_string()]))
            .expression_attribute_values(":max", AttributeValue::N(MAX_FILES.to_string()))
            .return_values_on_condition_check_failure(RETURN_EXISTING)
            .build()?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    /// Removes ids from the counter. It may lack some of them.
    fn remove_from_counter(&self, attachment: &Attachment, ids: Vec<String>) -> Result<TransactWriteItem, TableError> {
        let update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(attachment_row::counter_key(attachment.owner, attachment.todo)))
            .update_expression("DELETE #ids :ids")
            .expression_attribute_names("#ids", "ids")
            .expression_attribute_values(":ids", AttributeValue::Ss(ids))
            .build()?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    fn put_attachment(
        &self,
        attachment: &Attachment,
        correlation: &CorrelationContext,
        condition: &str,
    ) -> Result<TransactWriteItem, TableError> {
        let item =
            serde_dynamo::to_item(AttachmentRow::new(attachment, correlation)).map_err(TableError::serialization)?;
        let put = Put::builder().table_name(&self.table).set_item(Some(item)).condition_expression(condition);
        let put = if attachment.version > 1 {
            put.expression_attribute_values(":before", number(attachment.version - 1))
        } else {
            put
        };
        Ok(TransactWriteItem::builder().put(put.build()?).build())
    }

    fn delete_attachment(&self, attachment: &Attachment) -> Result<TransactWriteItem, TableError> {
        let delete = Delete::builder()
            .table_name(&self.table)
            .set_key(Some(attachment_row::key(attachment.owner, attachment.todo, attachment.id)))
            .condition_expression("version = :before")
            .expression_attribute_values(":before", number(attachment.version - 1))
            .build()?;
        Ok(TransactWriteItem::builder().delete(delete).build())
    }
}

fn number(value: u64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

fn parse_attachment(item: HashMap<String, AttributeValue>) -> Result<StoredAttachment, TableError> {
    let row: AttachmentRow = serde_dynamo::from_item(item).map_err(TableError::corrupt)?;
    row.try_into().map_err(TableError::corrupt)
}

fn counted_ids(counter: Option<&HashMap<String, AttributeValue>>) -> Vec<String> {
    let ids = counter.and_then(|row| row.get("ids")).and_then(|ids| ids.as_ss().ok());
    ids.cloned().unwrap_or_default()
}
