//! Idempotency keys as rows: the response to a creation is kept for a day.

use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};
use jiff::{SignedDuration, Timestamp};
use lambda_kit::table::TableError;
use serde::{Deserialize, Serialize};

use crate::domain::idempotency::IdempotentRequest;
use crate::domain::todo::Todo;
use crate::store::{RETURN_EXISTING, partition};

/// How long a key is remembered.
const LIFETIME: SignedDuration = SignedDuration::from_hours(24);

/// The write that stores the request's key and response, unless the key is in use.
pub(super) fn put(table: &str, todo: &Todo, request: &IdempotentRequest) -> Result<TransactWriteItem, TableError> {
    let now = todo.created_at;
    let row = IdempotencyRow {
        pk: partition(todo.owner),
        sk: format!("IDEMPOTENCY#{}", request.key.as_str()),
        body_hash: request.body_hash.clone(),
        answer: request.response.clone(),
        expires_at: now.saturating_add(LIFETIME).map_or(0, Timestamp::as_second),
    };
    let put = Put::builder()
        .table_name(table)
        .set_item(Some(serde_dynamo::to_item(row).map_err(TableError::serialization)?))
        // DynamoDB deletes expired rows within days, not at once.
        .condition_expression("attribute_not_exists(pk) OR expiresAt < :now")
        .expression_attribute_values(":now", AttributeValue::N(now.as_second().to_string()))
        .return_values_on_condition_check_failure(RETURN_EXISTING)
        .build()?;
    Ok(TransactWriteItem::builder().put(put).build())
}

/// An idempotency key in use: `pk` is `USER#<owner>`, `sk` is `IDEMPOTENCY#<key>`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct IdempotencyRow {
    pk: String,
    sk: String,
    body_hash: String,
    /// The body of the first response.
    pub(super) answer: String,
    expires_at: i64,
}

impl IdempotencyRow {
    /// Whether it stores the same request.
    pub(super) fn is_for(&self, request: &IdempotentRequest) -> bool {
        self.body_hash == request.body_hash
    }
}
