//! Deletions in the table.

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, Delete, Put, ReturnValue, Select, TransactWriteItem, Update};
use jiff::Timestamp;
use lambda_kit::correlation::CorrelationContext;
use lambda_kit::personal_data::tombstone;
use lambda_kit::table::TableError;
use lambda_kit::transaction::{self, TransactionOutcome};
use lambda_kit::ttl;
use serde::Deserialize;
use uuid::Uuid;

use crate::domain::deletion::{BeginOutcome, ErasureAnswer, OpenDeletion, ParticipantsChange};
use crate::domain::participants::Services;
use crate::store::deletion_row::{self, OpenDeletionRow};
use crate::store::{Store, WriteOutcome, event, profile_row};

/// The result of noting that a service has erased a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AnswerOutcome {
    /// The deletion after the answer.
    Noted(OpenDeletion),
    /// The deletion is complete or expired, or the service is not one of its participants.
    Ignored,
}

/// The subject of a profile in the index.
#[derive(Deserialize)]
struct ProfileSubject {
    id: Uuid,
}

impl Store {
    /// Deletes the profile and creates the tombstone, the deletion's record and its event, in one transaction.
    pub(crate) async fn begin_deletion(
        &self,
        user: Uuid,
        participants: &Services,
        now: Timestamp,
        correlation: &CorrelationContext,
    ) -> Result<BeginOutcome, TableError> {
        if self.is_deleted(user).await? {
            return Ok(BeginOutcome::AlreadyStarted);
        }
        // After a failed registration the user has no profile, and this is their first event.
        let version = self.profile(user).await?.map_or(0, |profile| profile.version);
        let mut deletion = OpenDeletion {
            id: tombstone::deletion_id(user),
            user,
            requested_at: now,
            participants: participants.clone(),
            erased_by: Services::new(),
            sequence: version + 1,
            event_ids: Vec::new(),
        };
        let request = event::user_deleted(&deletion, now, correlation)?;
        deletion.event_ids.push(request.event_id().to_owned());
        let record = serde_dynamo::to_item(OpenDeletionRow::new(deletion)).map_err(TableError::serialization)?;
        let record = Put::builder().table_name(&self.table).set_item(Some(record)).build()?;
        let profile = Delete::builder()
            .table_name(&self.table)
            .set_key(Some(profile_row::key(user)))
            .condition_expression("attribute_not_exists(pk) OR version = :version")
            .expression_attribute_values(":version", AttributeValue::N(version.to_string()));
        let writes = [
            TransactWriteItem::builder().delete(profile.build()?).build(),
            tombstone::put_once_write(&self.table, user, now)?,
            TransactWriteItem::builder().put(record).build(),
            request.put(&self.table)?,
        ];
        Ok(match transaction::write(&self.client, &writes).await? {
            TransactionOutcome::Applied => BeginOutcome::Started,
            TransactionOutcome::ConditionFailed(_) => BeginOutcome::Conflict,
        })
    }

    /// Whether the user has deleted their account.
    pub(crate) async fn is_deleted(&self, user: Uuid) -> Result<bool, TableError> {
        tombstone::exists(&self.client, &self.table, user).await
    }

    /// Notes the answer of a participant in the deletion's record. The time of its first answer is kept.
    pub(crate) async fn note_erasure(
        &self,
        answer: &ErasureAnswer,
        now: Timestamp,
    ) -> Result<AnswerOutcome, TableError> {
        let response = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(deletion_row::key(&answer.deletion_id)))
            .update_expression("SET erasedBy.#service = if_not_exists(erasedBy.#service, :now)")
            .condition_expression("attribute_exists(directory) AND contains(participants, :service)")
            .expression_attribute_names("#service", &answer.service)
            .expression_attribute_values(":service", AttributeValue::S(answer.service.clone()))
            .expression_attribute_values(":now", AttributeValue::S(now.to_string()))
            .return_values(ReturnValue::AllNew)
            .send()
            .await;
        match response {
            Ok(response) => Ok(AnswerOutcome::Noted(parse(response.attributes.unwrap_or_default())?)),
            Err(error)
                if error.as_service_error().is_some_and(UpdateItemError::is_conditional_check_failed_exception) =>
            {
                Ok(AnswerOutcome::Ignored)
            }
            Err(error) => Err(TableError::call(error)),
        }
    }

    /// Changes the participants of a deletion. If some are added, the same transaction requests the erasure again, which
    /// is harmless for those that have answered.
    pub(crate) async fn change_participants(
        &self,
        deletion: &OpenDeletion,
        change: &ParticipantsChange,
        now: Timestamp,
        correlation: &CorrelationContext,
    ) -> Result<WriteOutcome, TableError> {
        let mut changed = deletion.clone().with(change);
        let mut writes = Vec::new();
        if !change.added.is_empty() {
            let request = event::user_deleted(&changed, now, correlation)?;
            changed.event_ids.push(request.event_id().to_owned());
            writes.push(request.put(&self.table)?);
        }
        let mut sets = "SET participants = :participants, eventIds = :eventIds, #sequence = :next".to_owned();
        let mut update = self.update_open(deletion);
        for (number, service) in change.removed.iter().enumerate() {
            sets.extend([", removedParticipants.#removed", &number.to_string(), " = :now"]);
            update = update.expression_attribute_names(format!("#removed{number}"), service);
        }
        if !change.removed.is_empty() {
            update = update.expression_attribute_values(":now", AttributeValue::S(now.to_string()));
        }
        let update = update
            .update_expression(sets)
            .expression_attribute_values(":participants", attribute(&changed.participants)?)
            .expression_attribute_values(":eventIds", attribute(&changed.event_ids)?)
            .expression_attribute_values(":next", AttributeValue::N(changed.sequence.to_string()))
            .build()?;
        writes.push(TransactWriteItem::builder().update(update).build());
        self.write_outcome(&writes).await
    }

    /// Completes a deletion: its record names the user no more, and neither do outbox rows.
    pub(crate) async fn complete_deletion(
        &self,
        deletion: &OpenDeletion,
        now: Timestamp,
    ) -> Result<WriteOutcome, TableError> {
        let expires_at = ttl::expires_at(now, deletion_row::RECORD_RETENTION);
        let update = self
            .update_open(deletion)
            .update_expression(
                "SET completedAt = :now, expiresAt = :expiresAt \
                 REMOVE directory, byRegistration, eventIds, userId, #sequence",
            )
            .expression_attribute_values(":now", AttributeValue::S(now.to_string()))
            .expression_attribute_values(":expiresAt", AttributeValue::N(expires_at.to_string()))
            .build()?;
        let mut writes = vec![TransactWriteItem::builder().update(update).build()];
        for event_id in &deletion.event_ids {
            let delete = Delete::builder()
                .table_name(&self.table)
                .key("pk", AttributeValue::S(format!("OUTBOX#{event_id}")))
                .key("sk", AttributeValue::S("OUTBOX".to_owned()));
            writes.push(TransactWriteItem::builder().delete(delete.build()?).build());
        }
        self.write_outcome(&writes).await
    }

    /// The deletions that are not complete, oldest first.
    pub(crate) async fn open_deletions(&self) -> Result<Vec<OpenDeletion>, TableError> {
        let mut items = self
            .client
            .query()
            .table_name(&self.table)
            .index_name("byRegistration")
            .key_condition_expression("directory = :open")
            .expression_attribute_values(":open", AttributeValue::S(deletion_row::OPEN_DELETIONS.to_owned()))
            .into_paginator()
            .items()
            .send();
        let mut deletions = Vec::new();
        while let Some(item) = items.next().await {
            deletions.push(parse(item.map_err(TableError::call)?)?);
        }
        Ok(deletions)
    }

    /// The number of open deletions that began before `before`; at most one page of them is counted.
    pub(crate) async fn count_deletions_begun_before(&self, before: Timestamp) -> Result<usize, TableError> {
        let response = self
            .client
            .query()
            .table_name(&self.table)
            .index_name("byRegistration")
            .key_condition_expression("directory = :open AND byRegistration < :before")
            .expression_attribute_values(":open", AttributeValue::S(deletion_row::OPEN_DELETIONS.to_owned()))
            .expression_attribute_values(":before", AttributeValue::S(deletion_row::sortable(before)))
            .select(Select::Count)
            .send()
            .await
            .map_err(TableError::call)?;
        Ok(usize::try_from(response.count).unwrap_or_default())
    }

    /// The subjects of all profiles that were registered before `before`, oldest first.
    pub(crate) async fn registered_before(&self, before: Timestamp) -> Result<Vec<Uuid>, TableError> {
        let request = self.client.query().table_name(&self.table);
        let mut items = request
            .index_name("byRegistration")
            .key_condition_expression("directory = :directory AND byRegistration < :before")
            .expression_attribute_values(":directory", profile_row::directory())
            .expression_attribute_values(":before", AttributeValue::S(deletion_row::sortable(before)))
            .projection_expression("#id")
            .expression_attribute_names("#id", "id")
            .into_paginator()
            .items()
            .send();
        let mut subjects = Vec::new();
        while let Some(item) = items.next().await {
            let row: ProfileSubject =
                serde_dynamo::from_item(item.map_err(TableError::call)?).map_err(TableError::corrupt)?;
            subjects.push(row.id);
        }
        Ok(subjects)
    }

    /// An update of a deletion's record, on the condition that it is open and its participants are unchanged.
    fn update_open(&self, deletion: &OpenDeletion) -> aws_sdk_dynamodb::types::builders::UpdateBuilder {
        Update::builder()
            .table_name(&self.table)
            .set_key(Some(deletion_row::key(&deletion.id)))
            .condition_expression("attribute_exists(directory) AND #sequence = :sequence")
            .expression_attribute_names("#sequence", "sequence")
            .expression_attribute_values(":sequence", AttributeValue::N(deletion.sequence.to_string()))
    }
}

fn parse(item: HashMap<String, AttributeValue>) -> Result<OpenDeletion, TableError> {
    let row: OpenDeletionRow = serde_dynamo::from_item(item).map_err(TableError::corrupt)?;
    Ok(row.into())
}

fn attribute<T: serde::Serialize>(value: &T) -> Result<AttributeValue, TableError> {
    serde_dynamo::to_attribute_value(value).map_err(TableError::serialization)
}
