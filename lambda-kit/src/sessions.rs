//! Sessions that a user has ended by signing out on all devices: the services refuse their tokens.
//!
//! The user pool issues no more tokens for such a session, but those that it has issued are valid until they expire. So
//! each service notes the second before which the user's sessions have ended, and compares it with the token's
//! `auth_time`: when the user entered their password. A refreshed token keeps that time, so that a token of an ended
//! session is refused however new it is, and one of a later sign-in is accepted.
//!
//! The time stands in the row of the user's tombstone, which a request by which something is changed reads anyway.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem, Update};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::personal_data::tombstone::{self, AccountRow};
use crate::settings::{MissingSettings, Settings};
use crate::table::TableError;
use crate::ttl;

/// How long the time is kept: longer than the user pool lets any token be valid, which is a day.
///
/// Source: <https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html>
const RETENTION: SignedDuration = SignedDuration::from_hours(25);

const SET: &str = "SET sessionsEndedBefore = :before, expiresAt = :expiresAt";

/// A tombstone refuses every token and is kept longer. An older event does not take a later time back.
const CONDITION: &str = "attribute_not_exists(deletedAt) \
    AND (attribute_not_exists(sessionsEndedBefore) OR sessionsEndedBefore <= :before)";

/// The sessions that users have ended, in a service's table.
#[derive(Clone, Debug)]
pub struct EndedSessions {
    client: Client,
    table: String,
}

impl EndedSessions {
    /// Reads the setting `TABLE_NAME`.
    ///
    /// # Errors
    /// When the setting is missing.
    pub fn from_env(config: &SdkConfig) -> Result<Self, MissingSettings> {
        Settings::read(|settings| Self { client: Client::new(config), table: settings.text("TABLE_NAME") })
    }

    /// Notes that the user's sessions that began before `before` have ended. A repeat is harmless, and so is an older
    /// time after a newer one.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn note(&self, user: Uuid, before: Timestamp, now: Timestamp) -> Result<(), TableError> {
        let noted = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(tombstone::key(user)))
            .update_expression(SET)
            .condition_expression(CONDITION)
            .expression_attribute_values(":before", seconds(before))
            .expression_attribute_values(":expiresAt", expiry(now))
            .send()
            .await;
        match noted {
            Err(error)
                if !error.as_service_error().is_some_and(UpdateItemError::is_conditional_check_failed_exception) =>
            {
                Err(TableError::call(error))
            }
            _ => Ok(()),
        }
    }
}

/// The write of [`EndedSessions::note`], for a transaction. Its condition fails when the user has a tombstone or a later
/// time is noted.
///
/// # Errors
/// When the SDK finds the write incomplete, which cannot happen with the fields set here.
pub fn note_write(table: &str, user: Uuid, before: Timestamp, now: Timestamp) -> Result<TransactWriteItem, BuildError> {
    let update = Update::builder()
        .table_name(table)
        .set_key(Some(tombstone::key(user)))
        .update_expression(SET)
        .condition_expression(CONDITION)
        .expression_attribute_values(":before", seconds(before))
        .expression_attribute_values(":expiresAt", expiry(now))
        .build()?;
    Ok(TransactWriteItem::builder().update(update).build())
}

/// Whether the session that began at `authenticated_at` has ended: by a sign-out on all devices, or with the account. The
/// time is unknown for a token without
/// `auth_time`.
///
/// # Errors
/// When the call fails.
pub async fn has_ended(
    client: &Client,
    table: &str,
    user: Uuid,
    authenticated_at: Option<Timestamp>,
) -> Result<bool, TableError> {
    let account = tombstone::read(client, table, user).await?;
    Ok(account.deleted_at.is_some() || is_ended(&account, authenticated_at))
}

pub(crate) fn is_ended(account: &AccountRow, authenticated_at: Option<Timestamp>) -> bool {
    match account.sessions_ended_before {
        Some(before) => authenticated_at.is_none_or(|at| at.as_second() < before),
        None => false,
    }
}

/// The second after the one of `now`: a token's `auth_time` has no fractions, so a session that began in the same second
/// cannot be told from one that begins after a sign-out in it.
#[must_use]
pub fn next_second(now: Timestamp) -> Timestamp {
    Timestamp::from_second(now.as_second().saturating_add(1)).unwrap_or(now)
}

/// How long it is from `now` until `later`.
#[must_use]
pub fn time_until(later: Timestamp, now: Timestamp) -> Duration {
    later.duration_since(now).try_into().unwrap_or(Duration::ZERO)
}

fn seconds(time: Timestamp) -> AttributeValue {
    AttributeValue::N(time.as_second().to_string())
}

fn expiry(now: Timestamp) -> AttributeValue {
    AttributeValue::N(ttl::expires_at(now, RETENTION).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn sessions_of_the_second_of_a_sign_out_have_ended_and_later_ones_have_not() {
        let before = next_second(at("2026-11-23T02:30:59.999Z"));
        assert_eq!(before, at("2026-11-23T02:31:00Z"));
        assert_eq!(time_until(before, at("2026-11-23T02:30:59.999Z")), Duration::from_millis(1));
        assert_eq!(time_until(before, at("2026-11-23T02:31:07Z")), Duration::ZERO);

        let account = AccountRow { deleted_at: None, sessions_ended_before: Some(before.as_second()) };
        let has_ended = |began: &str| is_ended(&account, Some(at(began)));
        assert!(has_ended("2026-11-22T02:31:00Z") && has_ended("2026-11-23T02:30:59Z"));
        assert!(!has_ended("2026-11-23T02:31:00Z") && !has_ended("2026-11-23T02:31:01Z"));
    }

    #[test]
    fn a_token_without_a_time_is_of_no_later_session() {
        let ended = AccountRow { deleted_at: None, sessions_ended_before: Some(1) };
        assert!(is_ended(&ended, None));
        assert!(!is_ended(&AccountRow::default(), None));
    }
}
