//! S3 notifications: they name the object that holds the failure record.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html>

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::dlq::envelope::Object;

/// The objects that a notification names.
pub(super) fn named_objects(record: &BTreeMap<String, &RawValue>) -> Vec<Object> {
    let records = record.get("Records").and_then(|records| serde_json::from_str::<Vec<Value>>(records.get()).ok());
    records.into_iter().flatten().filter_map(|record| object(&record)).collect()
}

fn object(record: &Value) -> Option<Object> {
    let created = record["eventSource"] == "aws:s3" && record["eventName"].as_str()?.starts_with("ObjectCreated:");
    let bucket = record["s3"]["bucket"]["name"].as_str()?.to_owned();
    // The key is form-encoded in a notification: `+` is a space.
    let key = record["s3"]["object"]["key"].as_str()?.replace('+', " ");
    let key = percent_decode_str(&key).decode_utf8().ok()?.into_owned();
    created.then_some(Object { bucket, key })
}
