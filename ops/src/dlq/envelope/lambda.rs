//! What Lambda writes when it gives up: the record for a destination, a dead-letter message, a stream batch.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::dlq::envelope::sns::UnwrappedMessage;
use crate::dlq::envelope::{Decoded, Envelope, Origin, StreamBatch, unknown};

type Fields<'a> = BTreeMap<String, &'a RawValue>;

/// The dead-letter message of an asynchronous invocation, which does not name the function that failed.
pub(super) fn dead_letter(unwrapped: UnwrappedMessage) -> Decoded {
    let origin = Origin {
        original: Some(unwrapped.text.clone()),
        request_id: unwrapped.attribute("RequestID"),
        ..Origin::default()
    };
    Decoded { envelope: Envelope::LambdaDlq, origin, ..unknown(unwrapped) }
}

/// The record of a failed invocation, if the fields are those of one.
pub(super) fn record(unwrapped: &UnwrappedMessage, fields: &Fields) -> Option<Decoded> {
    let context = value(fields, "requestContext");
    let condition = context["condition"].as_str();
    let function = context["functionArn"].as_str();
    if condition.is_none() && function.is_none() {
        return None;
    }
    let batch = batch(fields);
    let (envelope, original) = match (&batch, fields.get("requestPayload")) {
        (Some(_), _) => match fields.get("payload") {
            Some(payload) => (Envelope::StreamPayload, payload_of_batch(payload)),
            None => (Envelope::StreamMetadata, None),
        },
        (None, Some(payload)) => (Envelope::LambdaDestination, Some(payload.get().to_owned())),
        // SNS drops a payload that is too large.
        (None, None) if fields.contains_key("responseContext") => (Envelope::LambdaDestination, None),
        (None, None) => return None,
    };
    let (error_type, error_message) = error(&value(fields, "responsePayload"));
    let origin = Origin {
        original,
        function_arn: function.map(str::to_owned),
        batch,
        request_id: context["requestId"].as_str().map(str::to_owned),
        ..Origin::default()
    };
    Some(Decoded {
        envelope,
        error_type: error_type.or_else(|| condition.map(str::to_owned)),
        error_message,
        failed_at: value(fields, "timestamp").as_str().and_then(|text| text.parse::<Timestamp>().ok()),
        origin,
        ..unknown(unwrapped.clone())
    })
}

fn value(fields: &Fields, name: &str) -> Value {
    fields.get(name).and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default()
}

/// S3 keeps the batch as JSON inside a string.
fn payload_of_batch(payload: &RawValue) -> Option<String> {
    match serde_json::from_str(payload.get()) {
        Ok(Value::String(text)) => Some(text),
        Ok(Value::Null) => None,
        _ => Some(payload.get().to_owned()),
    }
}

/// `DDBStreamBatchInfo` and `KinesisBatchInfo` have the same fields.
fn batch(fields: &Fields) -> Option<StreamBatch> {
    let (name, _) = fields.iter().find(|(name, _)| name.ends_with("BatchInfo"))?;
    let info = value(fields, name);
    let text = |name: &str| info[name].as_str().map(str::to_owned);
    info.is_object().then(|| StreamBatch {
        stream_arn: text("streamArn"),
        shard_id: text("shardId"),
        first: text("startSequenceNumber"),
        last: text("endSequenceNumber"),
        size: info["batchSize"].as_u64(),
    })
}

/// The error in a function's response: an object with `errorType` and `errorMessage`, the same as a string, or any
/// text.
fn error(answer: &Value) -> (Option<String>, Option<String>) {
    let text = |value: &Value| match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    };
    match answer {
        Value::Object(fields) if fields.contains_key("errorMessage") || fields.contains_key("errorType") => {
            (text(&answer["errorType"]), text(&answer["errorMessage"]))
        }
        Value::String(written) => match serde_json::from_str::<Value>(written) {
            Ok(inner @ Value::Object(_)) => error(&inner),
            _ => (None, text(answer)),
        },
        other => (None, text(other)),
    }
}
