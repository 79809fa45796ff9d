//! Idempotency keys as rows: the response to a creation is kept for a day.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};
use jiff::{SignedDuration, Timestamp};
use lambda_kit::table::TableError;
use lambda_kit::ttl;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::idempotency::{IdempotencyKey, IdempotentRequest};
use crate::domain::todo::{CreateOutcome, Todo};
use crate::store::{RETURN_EXISTING, keys, partition};

/// How long a key is remembered.
const LIFETIME: SignedDuration = SignedDuration::from_hours(24);

/// The write that stores the request's key and response, unless the key is in use.
pub(super) fn put(table: &str, todo: &Todo, request: &IdempotentRequest) -> Result<TransactWriteItem, TableError> {
    let now = todo.created_at;
    let row = IdempotencyRow {
        pk: partition(todo.owner),
        sk: sort_key(&request.key),
        body_hash: request.body_hash.clone(),
        answer: request.response.clone(),
        expires_at: ttl::expires_at(now, LIFETIME),
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

/// The row of a user's idempotency key.
pub(super) fn key(owner: Uuid, key: &IdempotencyKey) -> HashMap<String, AttributeValue> {
    keys::key(owner, sort_key(key))
}

fn sort_key(key: &IdempotencyKey) -> String {
    format!("IDEMPOTENCY#{}", key.as_str())
}

/// An idempotency key in use: `pk` is `USER#<owner>`, `sk` is `IDEMPOTENCY#<key>`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct IdempotencyRow {
    pk: String,
    sk: String,
    body_hash: String,
    /// The body of the first response.
    answer: String,
    expires_at: i64,
}

impl IdempotencyRow {
    /// Whether it has not expired. DynamoDB deletes expired rows within days, not at once.
    pub(super) fn is_in_use(&self, now: Timestamp) -> bool {
        self.expires_at >= now.as_second()
    }

    /// The outcome of a creation that finds its key in use.
    pub(super) fn into_outcome(self, request: &IdempotentRequest) -> CreateOutcome {
        if self.body_hash == request.body_hash {
            CreateOutcome::Repeated(self.answer)
        } else {
            CreateOutcome::KeyReused
        }
    }
}
