//! Keys that all rows of a user share.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use uuid::Uuid;

/// The partition of everything that a user owns.
pub(crate) fn partition(owner: Uuid) -> String {
    format!("USER#{owner}")
}

/// The key of a row in the owner's partition.
pub(super) fn key(owner: Uuid, sort_key: String) -> HashMap<String, AttributeValue> {
    HashMap::from([
        ("pk".to_owned(), AttributeValue::S(partition(owner))),
        ("sk".to_owned(), AttributeValue::S(sort_key)),
    ])
}
