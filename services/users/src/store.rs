//! The service's table: profiles and the outbox, changed together in one transaction.

pub(crate) mod deletion;
mod deletion_row;
mod event;
pub(crate) mod export;
mod profile_row;
mod sign_outs;

use std::collections::HashMap;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};
use lambda_kit::correlation::CorrelationContext;
use lambda_kit::page::Limit;
use lambda_kit::personal_data::tombstone;
use lambda_kit::table::TableError;
use lambda_kit::transaction::{self, TransactionOutcome};
use uuid::Uuid;

use crate::domain::profile::{Change, DomainEvent, ListPosition, Profile};
use crate::store::profile_row as row;
use crate::store::profile_row::ProfileRow;

/// The service's one DynamoDB table; the modules below hold its rows.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    client: Client,
    table: String,
}

/// The result of saving a profile.
#[derive(Debug)]
pub(crate) enum SaveOutcome {
    Saved(Profile),
    /// The profile does not have the version before the change, a new one exists already, or the user was deleted. Nothing
    /// was written.
    Conflict,
}

/// The result of a conditional write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WriteOutcome {
    Applied,
    /// The item was changed meanwhile; nothing was written.
    Conflict,
}

/// A page of the list of all users.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) profiles: Vec<Profile>,
    /// Whether there may be another page.
    pub(crate) has_more: bool,
}

impl Store {
    pub(crate) fn new(config: &SdkConfig, table: String) -> Self {
        Self { client: Client::new(config), table }
    }

    /// Writes a new or changed profile and its event, on the condition that the profile has the version before the change.
    pub(crate) async fn save(
        &self,
        change: Change,
        correlation: &CorrelationContext,
    ) -> Result<SaveOutcome, TableError> {
        let mut writes = vec![self.put(&change)?, event::profile_changed(&change, correlation)?.put(&self.table)?];
        if change.event == DomainEvent::Registered {
            // A token is valid for some minutes after its user was deleted, and must not create a profile.
            writes.push(tombstone::not_exists_check(&self.table, change.profile.id)?);
        }
        match transaction::write(&self.client, &writes).await? {
            TransactionOutcome::Applied => Ok(SaveOutcome::Saved(change.profile)),
            TransactionOutcome::ConditionFailed(_) => Ok(SaveOutcome::Conflict),
        }
    }

    pub(crate) async fn profile(&self, id: Uuid) -> Result<Option<Profile>, TableError> {
        let request = self.client.get_item().table_name(&self.table);
        let answer =
            request.set_key(Some(row::key(id))).consistent_read(true).send().await.map_err(TableError::call)?;
        answer.item.map(parse).transpose()
    }

    /// One page of all users, newest first. It reads only the profiles of the page.
    ///
    /// The index is eventually consistent: a user who has just registered may not be listed yet.
    pub(crate) async fn list(&self, limit: Limit, after: Option<ListPosition>) -> Result<Page, TableError> {
        let request = self.client.query().table_name(&self.table);
        let answer = request
            .index_name("byRegistration")
            .key_condition_expression("directory = :directory")
            .expression_attribute_values(":directory", row::directory())
            .scan_index_forward(false)
            .set_exclusive_start_key(after.map(row::start_key))
            .limit(limit.with_one_more())
            .send()
            .await
            .map_err(TableError::call)?;
        let mut items = answer.items.unwrap_or_default();
        let has_more = items.len() > limit.items() || answer.last_evaluated_key.is_some();
        items.truncate(limit.items());
        let profiles = items.into_iter().map(parse).collect::<Result<_, _>>()?;
        Ok(Page { profiles, has_more })
    }

    async fn write_outcome(&self, writes: &[TransactWriteItem]) -> Result<WriteOutcome, TableError> {
        Ok(match transaction::write(&self.client, writes).await? {
            TransactionOutcome::Applied => WriteOutcome::Applied,
            TransactionOutcome::ConditionFailed(_) => WriteOutcome::Conflict,
        })
    }

    fn put(&self, change: &Change) -> Result<TransactWriteItem, TableError> {
        let item = serde_dynamo::to_item(ProfileRow::from(&change.profile)).map_err(TableError::serialization)?;
        let put = Put::builder().table_name(&self.table).set_item(Some(item));
        let put = match change.event {
            DomainEvent::Registered => put.condition_expression("attribute_not_exists(pk)"),
            DomainEvent::Changed(_) => {
                let before = AttributeValue::N((change.profile.version - 1).to_string());
                put.condition_expression("version = :before").expression_attribute_values(":before", before)
            }
        };
        Ok(TransactWriteItem::builder().put(put.build()?).build())
    }
}

fn parse(item: HashMap<String, AttributeValue>) -> Result<Profile, TableError> {
    let item: ProfileRow = serde_dynamo::from_item(item).map_err(TableError::corrupt)?;
    item.try_into().map_err(TableError::corrupt)
}

/// The partition of the table with everything that it has about a user.
pub(crate) fn partition(user: Uuid) -> String {
    row::partition(user)
}
