//! Idempotency claims: a subscriber writes one row for each event that it has applied, in the same transaction.

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::ttl::expires_at;

/// How long a claim is kept: longer than any copy of an event, which is 30 days in the bus's archive and then 14 days in
/// a dead-letter queue.
pub const CLAIM_RETENTION: SignedDuration = SignedDuration::from_hours(60 * 24);

/// The write that claims `event_id` for the job `consumer`; put it first into the transaction.
///
/// If the event was applied before, the transaction is cancelled with `ConditionalCheckFailed` for this write.
/// The row: `pk` and `sk` are both `CLAIM#<consumer>#<event id>`, `expiresAt` is the TTL in epoch seconds.
///
/// # Errors
/// When the SDK finds the write incomplete, which cannot happen with the fields set here.
pub fn claim(table: &str, consumer: &str, event_id: Uuid, now: Timestamp) -> Result<TransactWriteItem, BuildError> {
    let key = AttributeValue::S(format!("CLAIM#{consumer}#{event_id}"));
    let put = Put::builder()
        .table_name(table)
        .item("pk", key.clone())
        .item("sk", key)
        .item("expiresAt", AttributeValue::N(expires_at(now, CLAIM_RETENTION).to_string()))
        .condition_expression("attribute_not_exists(pk)")
        .build()?;
    Ok(TransactWriteItem::builder().put(put).build())
}
