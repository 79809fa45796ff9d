//! Idempotency keys: the answer to a creation, kept under its owner's key for a day.

use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use lambda_kit::problem::Problem;
use lambda_kit::table::TableError;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::api::body::{NewTodoBody, TodoBody};
use crate::domain::Todo;
use crate::store::{RETURN_HELD, item};

/// How long a key is remembered.
const LIFE: SignedDuration = SignedDuration::from_hours(24);

/// A client's name for one creation, and what it asks for.
#[derive(Clone, Debug)]
pub(crate) struct IdempotencyKey {
    key: String,
    /// The hash of the body's meaning: white space and the order of fields do not count.
    body_hash: String,
}

impl IdempotencyKey {
    /// Reads the header `Idempotency-Key` of a request with this body.
    ///
    /// # Errors
    /// 400 when it has other than 1 to 255 visible ASCII characters.
    pub(crate) fn parse(key: &str, body: &NewTodoBody) -> Result<Self, Problem> {
        if key.is_empty() || key.len() > 255 || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Problem::invalid(
                "Idempotency-Key must have 1 to 255 visible ASCII characters without blanks, a UUID for example.",
            ));
        }
        let json = serde_json::to_vec(body).map_err(|_| Problem::internal())?;
        let body_hash = URL_SAFE_NO_PAD.encode(Sha256::digest(json));
        Ok(Self { key: key.to_owned(), body_hash })
    }

    /// The write that takes the key for `todo`, unless it is held; a held one comes back in the cancellation reason.
    pub(crate) fn put(&self, table: &str, todo: &Todo) -> Result<TransactWriteItem, TableError> {
        let now = todo.created_at;
        let row = IdempotencyRow {
            pk: item::partition(todo.owner),
            sk: format!("IDEMPOTENCY#{}", self.key),
            body_hash: self.body_hash.clone(),
            answer: serde_json::to_string(&TodoBody::from(todo.clone())).map_err(TableError::unstorable)?,
            expires_at: now.saturating_add(LIFE).map_or(0, Timestamp::as_second),
        };
        let put = Put::builder()
            .table_name(table)
            .set_item(Some(serde_dynamo::to_item(row).map_err(TableError::unstorable)?))
            // DynamoDB deletes expired rows within days, not at once.
            .condition_expression("attribute_not_exists(pk) OR expiresAt < :now")
            .expression_attribute_values(":now", AttributeValue::N(now.as_second().to_string()))
            .return_values_on_condition_check_failure(RETURN_HELD)
            .build()?;
        Ok(TransactWriteItem::builder().put(put).build())
    }
}

/// A key in use: `pk` is `USER#<owner>`, `sk` is `IDEMPOTENCY#<key>`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct IdempotencyRow {
    pk: String,
    sk: String,
    body_hash: String,
    /// The body of the first answer.
    pub(crate) answer: String,
    expires_at: i64,
}

impl IdempotencyRow {
    /// Whether the row was made by the same request.
    pub(crate) fn is_for(&self, key: &IdempotencyKey) -> bool {
        self.body_hash == key.body_hash
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_visible_ascii() {
        let body: NewTodoBody = serde_json::from_str(r#"{"title": "Buy milk"}"#).unwrap();
        let longest = "~".repeat(255);
        for good in ["!", "0198c0de-0000-7000-8000-000000000001", &longest] {
            assert!(IdempotencyKey::parse(good, &body).is_ok(), "{good}");
        }
        for bad in ["", "two words", "tab\tbed", "\u{7f}", "schlüssel", &format!("{longest}~")] {
            assert!(IdempotencyKey::parse(bad, &body).is_err(), "{bad}");
        }
    }
}
