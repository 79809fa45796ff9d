//! Tombstones: the rows that keep data of deleted users from being created again.
//!
//! A request with a token that is still valid, a late event and a replayed event look like any other. A job that creates
//! data for a user checks [`exists`] first. A job that changes existing data need not, because its condition on the row
//! fails once the row is deleted. Jobs that started before the tombstone end within their function's timeout, and an
//! erasure sweeps again after that time.
//!
//! A tombstone holds a hash of the user's id. Like a claim, it is kept longer than every copy of an event.
//!
//! Its row also has the time of a user's last sign-out on all devices ([`crate::sessions`]), so that one read answers both
//! questions: only a row with `deletedAt` is a tombstone.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{AttributeValue, ConditionCheck, Put, ReturnValue, TransactWriteItem};
use jiff::Timestamp;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::claim::CLAIM_RETENTION;
use crate::table::TableError;
use crate::ttl;

/// Hashed before the id, so that the hash cannot be compared with hashes made for another purpose.
const LABEL: &str = "busline deleted user ";

/// The id of a user's deletion: the SHA-256 of their id after a fixed label, 64 hexadecimal digits.
#[must_use]
pub fn deletion_id(user: Uuid) -> String {
    hash(LABEL, user)
}

/// The SHA-256 of a user's id after `label`, 64 hexadecimal digits.
pub(crate) fn hash(label: &str, user: Uuid) -> String {
    let hash = Sha256::digest(format!("{label}{user}"));
    hash.iter().flat_map(|byte| [byte >> 4, byte & 15]).filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}

/// The write that creates a user's tombstone, for a transaction. Its condition fails if there is one, so that a deletion
/// begins once.
///
/// The row: `pk` is `TOMBSTONE#<deletion id>`, `sk` is `TOMBSTONE`.
///
/// # Errors
/// When the SDK finds the write incomplete, which cannot happen with the fields set here.
pub fn put_once_write(table: &str, user: Uuid, now: Timestamp) -> Result<TransactWriteItem, BuildError> {
    let put = Put::builder()
        .table_name(table)
        .set_item(Some(key(user)))
        .item("deletedAt", AttributeValue::S(now.to_string()))
        .item("expiresAt", expiry(now))
        .condition_expression("attribute_not_exists(deletedAt)")
        .build()?;
    Ok(TransactWriteItem::builder().put(put).build())
}

/// The condition that a user has no tombstone, for a transaction. Use it in rare transactions only: transactions with an
/// item in common conflict with each other.
///
/// # Errors
/// When the SDK finds the condition incomplete, which cannot happen with the fields set here.
pub fn not_exists_check(table: &str, user: Uuid) -> Result<TransactWriteItem, BuildError> {
    let check = ConditionCheck::builder()
        .table_name(table)
        .set_key(Some(key(user)))
        .condition_expression("attribute_not_exists(deletedAt)")
        .build()?;
    Ok(TransactWriteItem::builder().condition_check(check).build())
}

/// Whether the user has a tombstone in this table.
///
/// # Errors
/// When the call fails.
pub async fn exists(client: &Client, table: &str, user: Uuid) -> Result<bool, TableError> {
    Ok(read(client, table, user).await?.deleted_at.is_some())
}

/// What a service has noted about a user's account.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AccountRow {
    /// When the user was deleted.
    pub(crate) deleted_at: Option<Timestamp>,
    /// Sessions that began before this second have ended.
    pub(crate) sessions_ended_before: Option<i64>,
}

/// Reads a user's row; without one, nothing is noted.
pub(crate) async fn read(client: &Client, table: &str, user: Uuid) -> Result<AccountRow, TableError> {
    let request = client.get_item().table_name(table).set_key(Some(key(user)));
    let request = request.projection_expression("deletedAt, sessionsEndedBefore").consistent_read(true);
    let answer = request.send().await.map_err(TableError::call)?;
    answer
        .item
        .map_or_else(|| Ok(AccountRow::default()), |item| serde_dynamo::from_item(item).map_err(TableError::corrupt))
}

/// Creates a user's tombstone if there is none. Returns the time since when it exists.
///
/// # Errors
/// When the call fails.
pub async fn put(client: &Client, table: &str, user: Uuid, now: Timestamp) -> Result<Timestamp, TableError> {
    let answer = client
        .update_item()
        .table_name(table)
        .set_key(Some(key(user)))
        .update_expression("SET deletedAt = if_not_exists(deletedAt, :now), expiresAt = :expiresAt")
        .expression_attribute_values(":now", AttributeValue::S(now.to_string()))
        .expression_attribute_values(":expiresAt", expiry(now))
        .return_values(ReturnValue::AllNew)
        .send()
        .await
        .map_err(TableError::call)?;
    let row: Row = serde_dynamo::from_item(answer.attributes.unwrap_or_default()).map_err(TableError::corrupt)?;
    Ok(row.deleted_at)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    deleted_at: Timestamp,
}

/// The key of the row that holds what a service has noted about a user's account.
pub(crate) fn key(user: Uuid) -> HashMap<String, AttributeValue> {
    HashMap::from([
        ("pk".to_owned(), AttributeValue::S(format!("TOMBSTONE#{}", deletion_id(user)))),
        ("sk".to_owned(), AttributeValue::S("TOMBSTONE".to_owned())),
    ])
}

fn expiry(now: Timestamp) -> AttributeValue {
    AttributeValue::N(ttl::expires_at(now, CLAIM_RETENTION).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deletion_id_does_not_reveal_the_user() {
        let user = Uuid::from_u128(1);
        let id = deletion_id(user);
        assert_eq!(id.len(), 64);
        assert!(!id.contains(&user.simple().to_string()));
        assert_ne!(id, deletion_id(Uuid::from_u128(2)));
    }
}
