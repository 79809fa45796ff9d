//! The people whom we write to: the service's own copy of what the users service says of them.
//!
//! A row's `pk` is `USER#<sub>`, its `sk` is `RECIPIENT`. Events may come late, twice and in any order: each write below
//! leads to the same row however often and in which order it is made.

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::AttributeValue;
use lambda_kit::table::TableError;
use serde::Deserialize;
use uuid::Uuid;

use crate::domain::Profile;
use crate::domain::language::Language;
use crate::domain::recipient::Recipient;
use crate::store::{Applied, Store, entry};

/// A recipient's row, as far as the events that write it have come.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RecipientItem {
    email: Option<String>,
    display_name: Option<String>,
    locale: Option<String>,
    time_zone: Option<String>,
}

impl Store {
    /// Somebody to write to; `None` until their registration was heard of, and after their deletion.
    pub(crate) async fn recipient(&self, user: Uuid) -> Result<Option<Recipient>, TableError> {
        let request = self.client.get_item().table_name(&self.table).set_key(Some(key(user))).consistent_read(true);
        let answer = request.send().await.map_err(TableError::call)?;
        let row = answer.item.map(serde_dynamo::from_item::<_, RecipientItem>).transpose();
        let row = row.map_err(TableError::corrupt)?.unwrap_or_default();
        let (Some(email), Some(display_name)) = (row.email, row.display_name) else {
            return Ok(None);
        };
        let (locale, time_zone) = (row.locale.unwrap_or_default(), row.time_zone.unwrap_or_default());
        Ok(Some(Recipient { email, display_name, locale, time_zone }))
    }

    /// The language that a user reads; English for somebody of whom nothing is known yet.
    pub(crate) async fn language(&self, user: Uuid) -> Result<Language, TableError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key(user)))
            .projection_expression("locale")
            .send()
            .await
            .map_err(TableError::call)?;
        let row = answer.item.map(serde_dynamo::from_item::<_, RecipientItem>).transpose();
        let locale = row.map_err(TableError::corrupt)?.unwrap_or_default().locale;
        Ok(locale.as_deref().map(Language::of).unwrap_or_default())
    }

    /// Keeps a user's address, unless one is known: no event so far can change it.
    pub(crate) async fn keep_address(&self, user: Uuid, email: String) -> Result<(), TableError> {
        self.client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key(user)))
            .update_expression("SET #email = if_not_exists(#email, :email)")
            .expression_attribute_names("#email", "email")
            .expression_attribute_values(":email", AttributeValue::S(email))
            .send()
            .await
            .map_err(TableError::call)?;
        Ok(())
    }

    /// Keeps a user's profile, unless a newer one, or this very one, is known.
    pub(crate) async fn keep_profile(&self, profile: Profile) -> Result<Applied, TableError> {
        let answer = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key(profile.user)))
            .update_expression(
                "SET #sequence = :sequence, #displayName = :displayName, #locale = :locale, #timeZone = :timeZone",
            )
            .condition_expression("attribute_not_exists(#sequence) OR #sequence < :sequence")
            .expression_attribute_names("#sequence", "sequence")
            .expression_attribute_names("#displayName", "displayName")
            .expression_attribute_names("#locale", "locale")
            .expression_attribute_names("#timeZone", "timeZone")
            .expression_attribute_values(":sequence", AttributeValue::N(profile.sequence.to_string()))
            .expression_attribute_values(":displayName", AttributeValue::S(profile.display_name))
            .expression_attribute_values(":locale", AttributeValue::S(profile.locale))
            .expression_attribute_values(":timeZone", AttributeValue::S(profile.time_zone))
            .send()
            .await;
        match answer {
            Ok(_) => Ok(Applied::Now),
            Err(error)
                if error.as_service_error().is_some_and(UpdateItemError::is_conditional_check_failed_exception) =>
            {
                Ok(Applied::Before)
            }
            Err(error) => Err(TableError::call(error)),
        }
    }
}

fn key(user: Uuid) -> HashMap<String, AttributeValue> {
    entry::row(user, "RECIPIENT".to_owned())
}
