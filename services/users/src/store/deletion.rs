//! Deletions in the table.

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, Delete, Put, ReturnValue, Select, TransactWriteItem};
use events::envelope::Event;
use events::users::UserDeletedV1;
use jiff::Timestamp;
use lambda_kit::cause::{Cause, NewEvent};
use lambda_kit::outbox::OutboxRow;
use lambda_kit::table::TableError;
use lambda_kit::transaction::{self, Written};
use lambda_kit::{clock, tombstone};
use serde::Deserialize;
use uuid::Uuid;

use crate::deletion::Part;
use crate::deletion::record::{self, Marked};
use crate::store::{Store, item};

/// Whether a deletion was begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Begun {
    Now,
    Before,
    /// Somebody changed the profile meanwhile, or began the deletion; nothing was written.
    Outdated,
}

/// What is read of a profile to know whose it is.
#[derive(Deserialize)]
struct Registered {
    id: Uuid,
}

impl Store {
    /// Takes the profile away and sets up the tombstone, the deletion's record and its event, or none of this.
    pub(crate) async fn begin_deletion(&self, user: Uuid, now: Timestamp, cause: &Cause) -> Result<Begun, TableError> {
        if self.is_deleted(user).await? {
            return Ok(Begun::Before);
        }
        // Whom the trigger has missed has no profile; their deletion counts from none.
        let version = self.get(user).await?.map_or(0, |profile| profile.version);
        let new = NewEvent { id: clock::new_id(), occurred_at: now, subject: user.to_string(), sequence: version + 1 };
        let metadata = cause.metadata::<UserDeletedV1>(env!("CARGO_PKG_VERSION"), new);
        let event = OutboxRow::new(&Event { metadata, data: UserDeletedV1 { user_id: user, deleted_at: now } })?;
        let profile = Delete::builder()
            .table_name(&self.table)
            .set_key(Some(item::key(user)))
            .condition_expression("attribute_not_exists(pk) OR version = :version")
            .expression_attribute_values(":version", AttributeValue::N(version.to_string()));
        let record = Put::builder().table_name(&self.table).set_item(Some(record::begun(
            &tombstone::deletion_id(user),
            event.event_id(),
            now,
        )));
        let writes = [
            TransactWriteItem::builder().delete(profile.build()?).build(),
            tombstone::put(&self.table, user, now)?,
            TransactWriteItem::builder().put(record.build()?).build(),
            event.put(&self.table)?,
        ];
        Ok(match transaction::write(&self.client, &writes).await? {
            Written::Now => Begun::Now,
            Written::Refused(_) => Begun::Outdated,
        })
    }

    /// Whether the user has deleted their account.
    pub(crate) async fn is_deleted(&self, user: Uuid) -> Result<bool, TableError> {
        tombstone::stands(&self.client, &self.table, user).await
    }

    /// Notes in a deletion's record that a service has erased its own. When it was the last one, the record is complete,
    /// and the event that asked for the deletion leaves the outbox: the last row that names the user.
    pub(crate) async fn mark_erased(
        &self,
        deletion_id: &str,
        part: Part,
        now: Timestamp,
    ) -> Result<Marked, TableError> {
        let answer = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(record::key(deletion_id)))
            .update_expression("SET #part = if_not_exists(#part, :now)")
            // A copy that comes after the record has expired makes no new one.
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_names("#part", part.attribute())
            .expression_attribute_values(":now", AttributeValue::S(now.to_string()))
            .return_values(ReturnValue::AllNew)
            .send()
            .await;
        let row = match answer {
            Ok(answer) => answer.attributes.unwrap_or_default(),
            Err(error)
                if error.as_service_error().is_some_and(UpdateItemError::is_conditional_check_failed_exception) =>
            {
                return Ok(Marked { is_complete: true });
            }
            Err(error) => return Err(TableError::call(error)),
        };
        let is_complete = record::is_done(&row);
        if is_complete {
            self.complete(deletion_id, &row, now).await?;
        }
        Ok(Marked { is_complete })
    }

    /// How many deletions that began before `before` are not complete; at most a page of them is counted.
    pub(crate) async fn deletions_open_since(&self, before: Timestamp) -> Result<usize, TableError> {
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .index_name("byRegistration")
            .key_condition_expression("directory = :open AND byRegistration < :before")
            .expression_attribute_values(":open", AttributeValue::S(record::OPEN.to_owned()))
            .expression_attribute_values(":before", AttributeValue::S(record::since(before)))
            .select(Select::Count)
            .send()
            .await
            .map_err(TableError::call)?;
        Ok(usize::try_from(answer.count).unwrap_or_default())
    }

    /// The subjects of all profiles that were registered before `before`, the oldest first.
    pub(crate) async fn registered_before(&self, before: Timestamp) -> Result<Vec<Uuid>, TableError> {
        let request = self.client.query().table_name(&self.table);
        let mut items = request
            .index_name("byRegistration")
            .key_condition_expression("directory = :directory AND byRegistration < :before")
            .expression_attribute_values(":directory", item::directory())
            .expression_attribute_values(":before", AttributeValue::S(record::since(before)))
            .projection_expression("#id")
            .expression_attribute_names("#id", "id")
            .into_paginator()
            .items()
            .send();
        let mut subjects = Vec::new();
        while let Some(item) = items.next().await {
            let row: Registered =
                serde_dynamo::from_item(item.map_err(TableError::call)?).map_err(TableError::corrupt)?;
            subjects.push(row.id);
        }
        Ok(subjects)
    }

    async fn complete(
        &self,
        deletion_id: &str,
        row: &HashMap<String, AttributeValue>,
        now: Timestamp,
    ) -> Result<(), TableError> {
        if let Some(event_id) = row.get("eventId").and_then(|id| id.as_s().ok()) {
            let request = self.client.delete_item().table_name(&self.table);
            let request = request.key("pk", AttributeValue::S(format!("OUTBOX#{event_id}")));
            request.key("sk", AttributeValue::S("OUTBOX".to_owned())).send().await.map_err(TableError::call)?;
        }
        let expires_at = now.saturating_add(record::PROOF_LIFE).map_or(0, Timestamp::as_second);
        self.client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(record::key(deletion_id)))
            .update_expression(
                "SET completedAt = if_not_exists(completedAt, :now), expiresAt = if_not_exists(expiresAt, :expiresAt) \
                 REMOVE directory, byRegistration, eventId",
            )
            .expression_attribute_values(":now", AttributeValue::S(now.to_string()))
            .expression_attribute_values(":expiresAt", AttributeValue::N(expires_at.to_string()))
            .send()
            .await
            .map_err(TableError::call)?;
        Ok(())
    }
}
