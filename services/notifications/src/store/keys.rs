//! Keys and values that several kinds of rows share.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use lambda_kit::claim::CLAIM_RETENTION;
use lambda_kit::table::TableError;
use lambda_kit::ttl;
use uuid::Uuid;

const PARTITION_PREFIX: &str = "USER#";

/// The partition of all rows of a user.
pub(crate) fn partition(user: Uuid) -> String {
    format!("{PARTITION_PREFIX}{user}")
}

/// The user of a partition; `None` for the partition of other rows.
pub(crate) fn user_of_partition(partition: &str) -> Option<Uuid> {
    partition.strip_prefix(PARTITION_PREFIX)?.parse().ok()
}

/// The key of one of a user's rows.
pub(in crate::store) fn user_row(user: Uuid, sort_key: String) -> HashMap<String, AttributeValue> {
    HashMap::from([
        ("pk".to_owned(), AttributeValue::S(partition(user))),
        ("sk".to_owned(), AttributeValue::S(sort_key)),
    ])
}

pub(in crate::store) fn timestamp(at: Timestamp) -> Result<AttributeValue, TableError> {
    serde_dynamo::to_attribute_value(at).map_err(TableError::serialization)
}

/// When a row expires that must outlive every copy of its event, as a claim does: seconds since 1970.
pub(in crate::store) fn claim_expiry(now: Timestamp) -> AttributeValue {
    let at = ttl::expires_at(now, CLAIM_RETENTION);
    AttributeValue::N(at.to_string())
}
