//! The service's table: profiles and the outbox, changed together in one transaction.

mod deletion;
mod event;
mod export;
mod item;

use std::collections::HashMap;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};
use jiff::Timestamp;
use lambda_kit::cause::Cause;
use lambda_kit::page::Limit;
use lambda_kit::table::TableError;
use lambda_kit::tombstone;
use lambda_kit::transaction::{self, Written};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::{Change, Happening, Profile};
pub(crate) use crate::store::deletion::Begun;
pub(crate) use crate::store::export::{Collected, ExportBegun};
use crate::store::item::ProfileItem;
pub(crate) use crate::store::item::partition;

/// The service's table.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    client: Client,
    table: String,
}

/// How a change went.
#[derive(Debug)]
pub(crate) enum Saved {
    Now(Profile),
    /// The profile is not at the version before this change; a new one exists already, or its user is deleted. Nothing
    /// was written.
    Outdated,
}

/// A profile's place in the list of all users.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Position {
    registered_at: Timestamp,
    id: Uuid,
}

impl Position {
    pub(crate) fn of(profile: &Profile) -> Self {
        Self { registered_at: profile.registered_at, id: profile.id }
    }
}

/// A page that was read.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) profiles: Vec<Profile>,
    /// Whether there may be another one.
    pub(crate) more: bool,
}

impl Store {
    pub(crate) fn new(config: &SdkConfig, table: String) -> Self {
        Self { client: Client::new(config), table }
    }

    /// Writes a new or changed profile and its event, if the profile still has the version before, or neither.
    pub(crate) async fn save(&self, change: Change, cause: &Cause) -> Result<Saved, TableError> {
        let mut writes = vec![self.put(&change)?, event::outbox_row(&change, cause)?.put(&self.table)?];
        if change.what == Happening::Registered {
            // A token outlives its user by up to an hour: it brings no profile back.
            writes.push(tombstone::absent(&self.table, change.profile.id)?);
        }
        match transaction::write(&self.client, &writes).await? {
            Written::Now => Ok(Saved::Now(change.profile)),
            Written::Refused(_) => Ok(Saved::Outdated),
        }
    }

    /// The profile of this user.
    pub(crate) async fn get(&self, id: Uuid) -> Result<Option<Profile>, TableError> {
        let request = self.client.get_item().table_name(&self.table);
        let answer =
            request.set_key(Some(item::key(id))).consistent_read(true).send().await.map_err(TableError::call)?;
        answer.item.map(profile).transpose()
    }

    /// One page of all users, the newest first. Reads as many profiles as it shows, however many there are.
    ///
    /// The index follows the table within moments: somebody who has just registered may not be listed yet.
    pub(crate) async fn list(&self, limit: Limit, after: Option<&Position>) -> Result<Page, TableError> {
        let request = self.client.query().table_name(&self.table);
        let answer = request
            .index_name("byRegistration")
            .key_condition_expression("directory = :directory")
            .expression_attribute_values(":directory", item::directory())
            .scan_index_forward(false)
            .set_exclusive_start_key(after.map(item::start_key))
            // One more than asked for tells whether there is another page.
            .limit(limit.and_one())
            .send()
            .await
            .map_err(TableError::call)?;
        let mut items = answer.items.unwrap_or_default();
        let more = items.len() > limit.items() || answer.last_evaluated_key.is_some();
        items.truncate(limit.items());
        let profiles = items.into_iter().map(profile).collect::<Result<_, _>>()?;
        Ok(Page { profiles, more })
    }

    fn put(&self, change: &Change) -> Result<TransactWriteItem, TableError> {
        let item = serde_dynamo::to_item(ProfileItem::from(&change.profile)).map_err(TableError::unstorable)?;
        let put = Put::builder().table_name(&self.table).set_item(Some(item));
        let put = match change.what {
            Happening::Registered => put.condition_expression("attribute_not_exists(pk)"),
            Happening::Changed(_) => {
                let before = AttributeValue::N((change.profile.version - 1).to_string());
                put.condition_expression("version = :before").expression_attribute_values(":before", before)
            }
        };
        Ok(TransactWriteItem::builder().put(put.build()?).build())
    }
}

fn profile(item: HashMap<String, AttributeValue>) -> Result<Profile, TableError> {
    let item: ProfileItem = serde_dynamo::from_item(item).map_err(TableError::corrupt)?;
    item.try_into().map_err(TableError::corrupt)
}
