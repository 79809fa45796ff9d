//! Tombstones: what says in a service's table that a user's data must not come back.
//!
//! A request with a token that is still valid, an event that comes late and one that is replayed look like any other.
//! A job that makes something new for a user asks [`stands`] first; a job that changes what is there need not, because
//! its condition on the row fails once the row is gone. What was begun before the tombstone ends within its function's
//! timeout, and an erasure sweeps again after that time: see [`crate::erasure`].
//!
//! A tombstone holds a hash of the user's id, and outlives every copy of an event, as a claim does.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{AttributeValue, ConditionCheck, Put, ReturnValue, TransactWriteItem};
use jiff::Timestamp;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::claim::CLAIM_LIFE;
use crate::table::TableError;

/// Set before an id to be hashed, so that the hash is of use for nothing else.
const LABEL: &str = "busline deleted user ";

/// The deletion of a user: the SHA-256 of their id behind a fixed label, 64 hexadecimal digits.
#[must_use]
pub fn deletion_id(user: Uuid) -> String {
    let hash = Sha256::digest(format!("{LABEL}{user}"));
    hash.iter().flat_map(|byte| [byte >> 4, byte & 15]).filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}

/// The write that sets up a user's tombstone, to go into a transaction; refused when there is one, so that a deletion
/// begins once.
///
/// The row: `pk` is `TOMBSTONE#<deletion id>`, `sk` is `TOMBSTONE`.
///
/// # Errors
/// Never, while the row above is whole; the SDK's builder says so in its type.
pub fn put(table: &str, user: Uuid, now: Timestamp) -> Result<TransactWriteItem, BuildError> {
    let put = Put::builder()
        .table_name(table)
        .set_item(Some(key(user)))
        .item("buriedAt", AttributeValue::S(now.to_string()))
        .item("expiresAt", expiry(now))
        .condition_expression("attribute_not_exists(pk)")
        .build()?;
    Ok(TransactWriteItem::builder().put(put).build())
}

/// The condition that a user has no tombstone, to go into a transaction that is rare enough to bear it: transactions
/// with an item in common hold each other up.
///
/// # Errors
/// Never, while the condition is whole; the SDK's builder says so in its type.
pub fn absent(table: &str, user: Uuid) -> Result<TransactWriteItem, BuildError> {
    let check = ConditionCheck::builder()
        .table_name(table)
        .set_key(Some(key(user)))
        .condition_expression("attribute_not_exists(pk)")
        .build()?;
    Ok(TransactWriteItem::builder().condition_check(check).build())
}

/// Whether the user has a tombstone in this table.
///
/// # Errors
/// When the call fails.
pub async fn stands(client: &Client, table: &str, user: Uuid) -> Result<bool, TableError> {
    let request = client.get_item().table_name(table).set_key(Some(key(user))).projection_expression("pk");
    let answer = request.consistent_read(true).send().await.map_err(TableError::call)?;
    Ok(answer.item.is_some())
}

/// Sets up a user's tombstone, unless there is one. Since when it stands.
///
/// # Errors
/// When the call fails.
pub async fn bury(client: &Client, table: &str, user: Uuid, now: Timestamp) -> Result<Timestamp, TableError> {
    let answer = client
        .update_item()
        .table_name(table)
        .set_key(Some(key(user)))
        .update_expression("SET buriedAt = if_not_exists(buriedAt, :now), expiresAt = :expiresAt")
        .expression_attribute_values(":now", AttributeValue::S(now.to_string()))
        .expression_attribute_values(":expiresAt", expiry(now))
        .return_values(ReturnValue::AllNew)
        .send()
        .await
        .map_err(TableError::call)?;
    let row: Row = serde_dynamo::from_item(answer.attributes.unwrap_or_default()).map_err(TableError::corrupt)?;
    Ok(row.buried_at)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    buried_at: Timestamp,
}

fn key(user: Uuid) -> HashMap<String, AttributeValue> {
    HashMap::from([
        ("pk".to_owned(), AttributeValue::S(format!("TOMBSTONE#{}", deletion_id(user)))),
        ("sk".to_owned(), AttributeValue::S("TOMBSTONE".to_owned())),
    ])
}

fn expiry(now: Timestamp) -> AttributeValue {
    AttributeValue::N(now.saturating_add(CLAIM_LIFE).map_or(0, Timestamp::as_second).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deletion_does_not_tell_whose_it_is() {
        let user = Uuid::from_u128(1);
        let id = deletion_id(user);
        assert_eq!(id.len(), 64);
        assert!(!id.contains(&user.simple().to_string()));
        assert_ne!(id, deletion_id(Uuid::from_u128(2)));
    }
}
