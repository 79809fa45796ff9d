//! Which mails users want, and when their next digests come.
//!
//! A row's `pk` is `USER#<sub>`, its `sk` is `PREFERENCES`. While digests are wanted it is in the index `byDigest`, whose
//! partitions are the first digit of the user's id: whoever is due is found without looking at anybody else.

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use lambda_kit::table::TableError;
use lambda_kit::tombstone;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::preferences::{Hour, Preferences, Wishes};
use crate::store::{Store, entry};

/// The partitions of the index of digests.
pub(crate) const SHARDS: &str = "0123456789abcdef";

/// A user's row.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PreferencesItem {
    pk: String,
    sk: String,
    user_id: Uuid,
    reminder_mail: bool,
    digest_mail: bool,
    digest_hour: i64,
    version: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest_shard: Option<String>,
    /// When the next digest comes.
    #[serde(skip_serializing_if = "Option::is_none")]
    digest_at: Option<Timestamp>,
}

impl PreferencesItem {
    fn preferences(&self) -> Preferences {
        let default = Wishes::default();
        let digest_hour = Hour::new(self.digest_hour).unwrap_or(default.digest_hour);
        let wishes = Wishes { reminder_mail: self.reminder_mail, digest_mail: self.digest_mail, digest_hour };
        Preferences { wishes, version: self.version }
    }

    fn due_digest(&self) -> Option<DueDigest> {
        self.digest_at.map(|at| DueDigest { user: self.user_id, wishes: self.preferences().wishes, at })
    }
}

/// A user's preferences, and what they lead to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Planned {
    pub(crate) preferences: Preferences,
    /// When the next digest comes, if digests are wanted.
    pub(crate) digest_at: Option<Timestamp>,
}

/// How a change of preferences went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wished {
    Now,
    /// Somebody else changed them first; nothing was written.
    Outdated,
    /// The user is deleted; nothing was written.
    Gone,
}

/// A user whose digest is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DueDigest {
    pub(crate) user: Uuid,
    pub(crate) wishes: Wishes,
    pub(crate) at: Timestamp,
}

impl Store {
    /// A user's preferences; the defaults for somebody who has changed nothing.
    pub(crate) async fn preferences(&self, user: Uuid) -> Result<Preferences, TableError> {
        Ok(self.planned(user).await?.preferences)
    }

    /// A user's preferences, as [`Self::preferences`], and when the next digest comes.
    pub(crate) async fn planned(&self, user: Uuid) -> Result<Planned, TableError> {
        let item = self.preferences_item(user).await?;
        let planned = |item: PreferencesItem| Planned { preferences: item.preferences(), digest_at: item.digest_at };
        Ok(item.map(planned).unwrap_or_default())
    }

    /// Saves changed preferences, and when the next digest comes with them, unless others were saved or the digest that
    /// was planned for `before` was ordered meanwhile.
    pub(crate) async fn save_preferences(
        &self,
        user: Uuid,
        Planned { preferences, digest_at }: Planned,
        before: Option<Timestamp>,
    ) -> Result<Wished, TableError> {
        // A token may outlive its user's deletion.
        if tombstone::stands(&self.client, &self.table, user).await? {
            return Ok(Wished::Gone);
        }
        let item = PreferencesItem {
            pk: entry::partition(user),
            sk: "PREFERENCES".to_owned(),
            user_id: user,
            reminder_mail: preferences.wishes.reminder_mail,
            digest_mail: preferences.wishes.digest_mail,
            digest_hour: preferences.wishes.digest_hour.get().into(),
            version: preferences.version,
            digest_shard: digest_at.map(|_| shard(user)),
            digest_at,
        };
        let request = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(serde_dynamo::to_item(item).map_err(TableError::unstorable)?))
            .expression_attribute_values(":version", AttributeValue::N(preferences.version.to_string()));
        let request = match before {
            Some(at) => request
                .condition_expression("version < :version AND digestAt = :before")
                .expression_attribute_values(":before", entry::time(Some(at))?),
            None => request.condition_expression(
                "(attribute_not_exists(pk) OR version < :version) AND attribute_not_exists(digestAt)",
            ),
        };
        match request.send().await {
            Ok(_) => Ok(Wished::Now),
            Err(error) if error.as_service_error().is_some_and(PutItemError::is_conditional_check_failed_exception) => {
                Ok(Wished::Outdated)
            }
            Err(error) => Err(TableError::call(error)),
        }
    }

    /// Users of one partition whose digest was due by `now`, the longest due first, a page of them.
    pub(crate) async fn due_digests(&self, shard: char, now: Timestamp) -> Result<Vec<DueDigest>, TableError> {
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .index_name("byDigest")
            .key_condition_expression("digestShard = :shard AND digestAt <= :now")
            .expression_attribute_values(":shard", AttributeValue::S(shard.to_string()))
            .expression_attribute_values(":now", entry::time(Some(now))?)
            .send()
            .await
            .map_err(TableError::call)?;
        let items: Vec<PreferencesItem> =
            serde_dynamo::from_items(answer.items.unwrap_or_default()).map_err(TableError::corrupt)?;
        Ok(items.iter().filter_map(PreferencesItem::due_digest).collect())
    }

    /// Puts a user's next digest off, unless it was moved meanwhile; without a `next` there is none any more.
    pub(crate) async fn move_digest(&self, due: &DueDigest, next: Option<Timestamp>) -> Result<(), TableError> {
        let request = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key(due.user)))
            .condition_expression("digestAt = :before")
            .expression_attribute_values(":before", entry::time(Some(due.at))?);
        let request = match next {
            Some(next) => request
                .update_expression("SET digestAt = :next")
                .expression_attribute_values(":next", entry::time(Some(next))?),
            None => request.update_expression("REMOVE digestAt, digestShard"),
        };
        match request.send().await {
            Ok(_) => Ok(()),
            // Somebody was faster, or the user is gone.
            Err(error)
                if error.as_service_error().is_some_and(UpdateItemError::is_conditional_check_failed_exception) =>
            {
                Ok(())
            }
            Err(error) => Err(TableError::call(error)),
        }
    }

    /// When a user's next digest comes, as it was planned.
    pub(crate) async fn planned_digest(&self, user: Uuid) -> Result<Option<DueDigest>, TableError> {
        Ok(self.preferences_item(user).await?.and_then(|item| item.due_digest()))
    }

    async fn preferences_item(&self, user: Uuid) -> Result<Option<PreferencesItem>, TableError> {
        let request = self.client.get_item().table_name(&self.table).set_key(Some(key(user))).consistent_read(true);
        let answer = request.send().await.map_err(TableError::call)?;
        answer.item.map(serde_dynamo::from_item).transpose().map_err(TableError::corrupt)
    }
}

fn key(user: Uuid) -> HashMap<String, AttributeValue> {
    entry::row(user, "PREFERENCES".to_owned())
}

fn shard(user: Uuid) -> String {
    // The ids of the user pool are random: their first digits are as many of each.
    user.simple().to_string().chars().take(1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_user_is_in_one_of_the_partitions() {
        for id in [Uuid::nil(), Uuid::max(), Uuid::from_u128(0xab << 120)] {
            assert!(SHARDS.contains(&shard(id)), "{id}");
        }
    }
}
