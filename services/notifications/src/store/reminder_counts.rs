//! How many reminders were sent to a user on one day, so that a day with hundreds of items fills no mailbox.
//!
//! The row has the ids of the emails instead of a number: a repeat is not counted twice, and it gets the same answer.

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use lambda_kit::table::TableError;
use lambda_kit::ttl;
use uuid::Uuid;

use crate::domain::email::reminder::MAX_REMINDERS_PER_DAY;
use crate::store::Store;
use crate::store::keys::user_row;

/// The rows of a user, one a day.
pub(crate) const PREFIX: &str = "REMINDERS#";

/// How long a row is kept after its last change.
const RETENTION: SignedDuration = SignedDuration::from_hours(48);

/// How a user learns that an item is due. The inbox has it in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReminderForm {
    /// By a separate email.
    Email,
    /// By the email that tells of all further items of the day.
    LastEmail,
    /// Another email is the last one of the day.
    Inbox,
}

impl Store {
    /// Counts a reminder among those of the day of `now` (UTC). The same email has the same form again on that day.
    pub(crate) async fn count_reminder(
        &self,
        user: Uuid,
        email_id: Uuid,
        now: Timestamp,
    ) -> Result<ReminderForm, TableError> {
        let email = AttributeValue::S(email_id.to_string());
        let counted = self
            .reminder_update(user, now)
            .update_expression("SET #expiresAt = :expiresAt ADD #emails :emails")
            .condition_expression(
                "attribute_not_exists(#emails) OR contains(#emails, :email) OR size(#emails) < :limit",
            )
            .expression_attribute_names("#emails", "emails")
            .expression_attribute_values(":emails", AttributeValue::Ss(vec![email_id.to_string()]))
            .expression_attribute_values(":email", email.clone())
            .expression_attribute_values(":limit", AttributeValue::N(MAX_REMINDERS_PER_DAY.to_string()));
        if is_applied(counted).await? {
            return Ok(ReminderForm::Email);
        }
        let last = self
            .reminder_update(user, now)
            .update_expression("SET #expiresAt = :expiresAt, #last = :email")
            .condition_expression("attribute_not_exists(#last) OR #last = :email")
            .expression_attribute_names("#last", "last")
            .expression_attribute_values(":email", email);
        Ok(if is_applied(last).await? { ReminderForm::LastEmail } else { ReminderForm::Inbox })
    }

    /// Takes a reminder that was not sent out of those of the day of `now` (UTC).
    pub(crate) async fn discount_reminder(
        &self,
        user: Uuid,
        email_id: Uuid,
        form: ReminderForm,
        now: Timestamp,
    ) -> Result<(), TableError> {
        let update = self.reminder_update(user, now);
        let discounted = if form == ReminderForm::LastEmail {
            update
                .update_expression("SET #expiresAt = :expiresAt REMOVE #last")
                .condition_expression("#last = :email")
                .expression_attribute_names("#last", "last")
                .expression_attribute_values(":email", AttributeValue::S(email_id.to_string()))
        } else {
            update
                .update_expression("SET #expiresAt = :expiresAt DELETE #emails :emails")
                .expression_attribute_names("#emails", "emails")
                .expression_attribute_values(":emails", AttributeValue::Ss(vec![email_id.to_string()]))
        };
        is_applied(discounted).await.map(drop)
    }

    fn reminder_update(&self, user: Uuid, now: Timestamp) -> UpdateItemFluentBuilder {
        let expires_at = ttl::expires_at(now, RETENTION);
        self.client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key(user, now.to_zoned(TimeZone::UTC).date())))
            .expression_attribute_names("#expiresAt", "expiresAt")
            .expression_attribute_values(":expiresAt", AttributeValue::N(expires_at.to_string()))
    }
}

/// Whether the update's condition was true.
async fn is_applied(update: UpdateItemFluentBuilder) -> Result<bool, TableError> {
    let Err(error) = update.send().await else { return Ok(true) };
    if error.as_service_error().is_some_and(UpdateItemError::is_conditional_check_failed_exception) {
        return Ok(false);
    }
    Err(TableError::call(error))
}

fn key(user: Uuid, day: Date) -> HashMap<String, AttributeValue> {
    user_row(user, format!("{PREFIX}{day}"))
}
