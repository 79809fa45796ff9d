//! Which recurring emails users receive, and when their next digests are due.
//!
//! A row's `pk` is `USER#<sub>`, its `sk` is `PREFERENCES`. While the user receives digests it is in the index
//! `byDigest`, partitioned by the first digit of the user's id, so that a query finds the due digests alone.

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use lambda_kit::table::TableError;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::digest_schedule::DigestHour;
use crate::domain::preferences::{EmailSettings, Preferences};
use crate::store::{Store, keys};

/// The partitions of the index `byDigest`, one a character.
pub(crate) const DIGEST_SHARDS: &str = "0123456789abcdef";

/// So many that a run which fails for all of them ends soon.
const DIGESTS_OF_A_PAGE: i32 = 200;

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PreferencesRow {
    pk: String,
    sk: String,
    user_id: Uuid,
    reminder_mail: bool,
    digest_mail: bool,
    digest_hour: i64,
    version: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest_shard: Option<String>,
    /// When the next digest is due.
    #[serde(skip_serializing_if = "Option::is_none")]
    digest_at: Option<Timestamp>,
}

impl PreferencesRow {
    fn preferences(&self) -> Preferences {
        let default = EmailSettings::default();
        let digest_hour = DigestHour::new(self.digest_hour).unwrap_or(default.digest_hour);
        let settings =
            EmailSettings { reminder_email: self.reminder_mail, digest_email: self.digest_mail, digest_hour };
        Preferences { settings, version: self.version }
    }

    fn planned_digest(&self) -> Option<PlannedDigest> {
        self.digest_at.map(|at| PlannedDigest { user: self.user_id, settings: self.preferences().settings, at })
    }
}

/// A user's preferences and the digest that is planned accordingly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct PlannedPreferences {
    pub(crate) preferences: Preferences,
    /// When the next digest is due, if the user receives digests.
    pub(crate) digest_at: Option<Timestamp>,
}

/// The outcome of saving preferences.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SaveOutcome {
    Saved,
    /// Another request has changed them first; nothing was written.
    Conflict,
    /// The user has deleted their account; nothing was written.
    UserDeleted,
}

/// A digest of one user as it is planned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PlannedDigest {
    pub(crate) user: Uuid,
    pub(crate) settings: EmailSettings,
    pub(crate) at: Timestamp,
}

/// A page of planned digests.
#[derive(Debug, Default)]
pub(crate) struct DigestPage {
    pub(crate) digests: Vec<PlannedDigest>,
    /// The rows that cannot be read: their users, and why.
    pub(crate) corrupt: Vec<(Option<Uuid>, TableError)>,
    /// Where the next page begins; `None` after the last one.
    pub(crate) next: Option<DigestPosition>,
}

/// The key of the index after which a page begins.
#[derive(Debug)]
pub(crate) struct DigestPosition(HashMap<String, AttributeValue>);

impl Store {
    /// A user's preferences; the defaults if the user has changed nothing.
    pub(crate) async fn preferences(&self, user: Uuid) -> Result<Preferences, TableError> {
        Ok(self.planned_preferences(user).await?.preferences)
    }

    /// A user's preferences and the planned digest.
    pub(crate) async fn planned_preferences(&self, user: Uuid) -> Result<PlannedPreferences, TableError> {
        let item = self.preferences_row(user).await?;
        let planned =
            |item: PreferencesRow| PlannedPreferences { preferences: item.preferences(), digest_at: item.digest_at };
        Ok(item.map(planned).unwrap_or_default())
    }

    /// Saves changed preferences and the planned digest, unless another request has saved preferences or the digest
    /// that was planned for `before` was sent meanwhile.
    pub(crate) async fn save_preferences(
        &self,
        user: Uuid,
        PlannedPreferences { preferences, digest_at }: PlannedPreferences,
        before: Option<Timestamp>,
    ) -> Result<SaveOutcome, TableError> {
        // A token may be valid after the deletion of its user.
        if self.is_deleted(user).await? {
            return Ok(SaveOutcome::UserDeleted);
        }
        let item = PreferencesRow {
            pk: keys::partition(user),
            sk: "PREFERENCES".to_owned(),
            user_id: user,
            reminder_mail: preferences.settings.reminder_email,
            digest_mail: preferences.settings.digest_email,
            digest_hour: preferences.settings.digest_hour.get().into(),
            version: preferences.version,
            digest_shard: digest_at.map(|_| shard(user)),
            digest_at,
        };
        let request = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(serde_dynamo::to_item(item).map_err(TableError::serialization)?))
            .expression_attribute_values(":version", AttributeValue::N(preferences.version.to_string()));
        let request = match before {
            Some(at) => request
                .condition_expression("version < :version AND digestAt = :before")
                .expression_attribute_values(":before", keys::timestamp(at)?),
            None => request.condition_expression(
                "(attribute_not_exists(pk) OR version < :version) AND attribute_not_exists(digestAt)",
            ),
        };
        match request.send().await {
            Ok(_) => Ok(SaveOutcome::Saved),
            Err(error) if error.as_service_error().is_some_and(PutItemError::is_conditional_check_failed_exception) => {
                Ok(SaveOutcome::Conflict)
            }
            Err(error) => Err(TableError::call(error)),
        }
    }

    /// One page of the digests of one partition that are due by `now`, the longest due first, after the position `after`.
    pub(crate) async fn due_digests(
        &self,
        shard: char,
        now: Timestamp,
        after: Option<DigestPosition>,
    ) -> Result<DigestPage, TableError> {
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .index_name("byDigest")
            .key_condition_expression("digestShard = :shard AND digestAt <= :now")
            .expression_attribute_values(":shard", AttributeValue::S(shard.to_string()))
            .expression_attribute_values(":now", keys::timestamp(now)?)
            .limit(DIGESTS_OF_A_PAGE)
            .set_exclusive_start_key(after.map(|position| position.0))
            .send()
            .await
            .map_err(TableError::call)?;
        let mut page = DigestPage { next: answer.last_evaluated_key.map(DigestPosition), ..DigestPage::default() };
        for item in answer.items.unwrap_or_default() {
            let user = item.get("pk").and_then(|pk| keys::user_of_partition(pk.as_s().ok()?));
            match serde_dynamo::from_item::<_, PreferencesRow>(item) {
                Ok(row) => page.digests.extend(row.planned_digest()),
                Err(error) => page.corrupt.push((user, TableError::corrupt(error))),
            }
        }
        Ok(page)
    }

    /// Moves a planned digest to `next`, or removes it without a `next`, unless it was moved meanwhile.
    pub(crate) async fn reschedule_digest(
        &self,
        due: &PlannedDigest,
        next: Option<Timestamp>,
    ) -> Result<(), TableError> {
        let request = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key(due.user)))
            .condition_expression("digestAt = :before")
            .expression_attribute_values(":before", keys::timestamp(due.at)?);
        let request = match next {
            Some(next) => request
                .update_expression("SET digestAt = :next")
                .expression_attribute_values(":next", keys::timestamp(next)?),
            None => request.update_expression("REMOVE digestAt, digestShard"),
        };
        match request.send().await {
            Ok(_) => Ok(()),
            // Another job has moved it, or the user is deleted.
            Err(error)
                if error.as_service_error().is_some_and(UpdateItemError::is_conditional_check_failed_exception) =>
            {
                Ok(())
            }
            Err(error) => Err(TableError::call(error)),
        }
    }

    pub(crate) async fn planned_digest(&self, user: Uuid) -> Result<Option<PlannedDigest>, TableError> {
        Ok(self.preferences_row(user).await?.and_then(|item| item.planned_digest()))
    }

    async fn preferences_row(&self, user: Uuid) -> Result<Option<PreferencesRow>, TableError> {
        let request = self.client.get_item().table_name(&self.table).set_key(Some(key(user))).consistent_read(true);
        let answer = request.send().await.map_err(TableError::call)?;
        answer.item.map(serde_dynamo::from_item).transpose().map_err(TableError::corrupt)
    }
}

fn key(user: Uuid) -> HashMap<String, AttributeValue> {
    keys::user_row(user, "PREFERENCES".to_owned())
}

fn shard(user: Uuid) -> String {
    // The ids of the user pool are random, so that the partitions are of equal size.
    user.simple().to_string().chars().take(1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_user_is_in_one_of_the_shards() {
        for id in [Uuid::nil(), Uuid::max(), Uuid::from_u128(0xab << 120)] {
            assert!(DIGEST_SHARDS.contains(&shard(id)), "{id}");
        }
    }
}
