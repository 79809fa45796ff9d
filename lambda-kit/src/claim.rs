//! Idempotency claims: a subscriber writes one row for each event it has applied, in the transaction that applies it.

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

/// How long a claim is kept. Longer than any copy of an event can live: 30 days in the bus's archive and then 14 days
/// in a dead-letter queue.
pub const CLAIM_LIFE: SignedDuration = SignedDuration::from_hours(60 * 24);

/// The write that claims `event_id` for `consumer` (the job's name), to go first into a transaction.
///
/// The transaction is cancelled with `ConditionalCheckFailed` for this write when the event was applied before.
/// The row: `pk` and `sk` both `CLAIM#<consumer>#<event id>`, `expiresAt` in epoch seconds for the table's TTL.
///
/// # Errors
/// Never, while the row above is whole; the SDK's builder says so in its type.
pub fn claim(table: &str, consumer: &str, event_id: Uuid, now: Timestamp) -> Result<TransactWriteItem, BuildError> {
    let key = AttributeValue::S(format!("CLAIM#{consumer}#{event_id}"));
    let put = Put::builder()
        .table_name(table)
        .item("pk", key.clone())
        .item("sk", key)
        .item(
            "expiresAt",
            AttributeValue::N(now.saturating_add(CLAIM_LIFE).map_or(0, Timestamp::as_second).to_string()),
        )
        .condition_expression("attribute_not_exists(pk)")
        .build()?;
    Ok(TransactWriteItem::builder().put(put).build())
}
