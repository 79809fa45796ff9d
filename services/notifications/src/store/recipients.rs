//! Recipients: this service's copy of addresses and profiles, from the events of the service that owns them.
//!
//! A row's `pk` is `USER#<sub>`, its `sk` is `RECIPIENT`. Events may arrive late, repeatedly and in any order; the
//! writes below lead to the same row in every order.

use std::collections::HashMap;

use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::{UpdateItemError, UpdateItemOutput};
use aws_sdk_dynamodb::types::AttributeValue;
use lambda_kit::table::TableError;
use serde::Deserialize;
use uuid::Uuid;

use crate::domain::language::Language;
use crate::domain::recipient::{EmailProblem, Profile, Recipient};
use crate::store::{Store, WriteOutcome, keys};

/// The row of a recipient. Attributes are missing until the event that has them arrives.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RecipientRow {
    email: Option<String>,
    display_name: Option<String>,
    locale: Option<String>,
    time_zone: Option<String>,
    email_problem: Option<String>,
}

impl Store {
    /// A user's address and profile; `None` before the registration event has arrived and after the account's deletion.
    pub(crate) async fn recipient(&self, user: Uuid) -> Result<Option<Recipient>, TableError> {
        let request = self.client.get_item().table_name(&self.table).set_key(Some(key(user))).consistent_read(true);
        let answer = request.send().await.map_err(TableError::call)?;
        let row = answer.item.map(serde_dynamo::from_item::<_, RecipientRow>).transpose();
        let row = row.map_err(TableError::corrupt)?.unwrap_or_default();
        let (Some(email), Some(display_name)) = (row.email, row.display_name) else {
            return Ok(None);
        };
        let (locale, time_zone_name) = (row.locale.unwrap_or_default(), row.time_zone.unwrap_or_default());
        let email_problem = row.email_problem.as_deref().and_then(EmailProblem::from_name);
        Ok(Some(Recipient { email, display_name, locale, time_zone_name, email_problem }))
    }

    /// A user's language; English while the profile is unknown.
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
        let row = answer.item.map(serde_dynamo::from_item::<_, RecipientRow>).transpose();
        let locale = row.map_err(TableError::corrupt)?.unwrap_or_default().locale;
        Ok(locale.as_deref().map(Language::from_locale).unwrap_or_default())
    }

    /// Saves a user's address, unless there is one: no event can change it.
    pub(crate) async fn save_address(&self, user: Uuid, email: String) -> Result<(), TableError> {
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

    /// Saves why nothing is sent to a user's address any more, unless the user has no such address.
    pub(crate) async fn save_email_problem(
        &self,
        user: Uuid,
        address: String,
        problem: EmailProblem,
    ) -> Result<WriteOutcome, TableError> {
        let answer = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key(user)))
            .update_expression("SET #problem = :problem")
            .condition_expression("#email = :email")
            .expression_attribute_names("#problem", "emailProblem")
            .expression_attribute_names("#email", "email")
            .expression_attribute_values(":problem", AttributeValue::S(problem.name().to_owned()))
            .expression_attribute_values(":email", AttributeValue::S(address))
            .send()
            .await;
        written(answer)
    }

    /// Saves a user's profile, unless the row has the same or a newer one.
    pub(crate) async fn save_profile(&self, profile: Profile) -> Result<WriteOutcome, TableError> {
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
            .expression_attribute_values(":timeZone", AttributeValue::S(profile.time_zone_name))
            .send()
            .await;
        written(answer)
    }
}

/// Whether the update's condition was true.
fn written(
    answer: Result<UpdateItemOutput, SdkError<UpdateItemError, HttpResponse>>,
) -> Result<WriteOutcome, TableError> {
    match answer {
        Ok(_) => Ok(WriteOutcome::Applied),
        Err(error) if error.as_service_error().is_some_and(UpdateItemError::is_conditional_check_failed_exception) => {
            Ok(WriteOutcome::Duplicate)
        }
        Err(error) => Err(TableError::call(error)),
    }
}

fn key(user: Uuid) -> HashMap<String, AttributeValue> {
    keys::user_row(user, "RECIPIENT".to_owned())
}
