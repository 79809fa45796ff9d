//! What Lambda writes when it gives up: a destination's record, a dead letter, a stream batch.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::dlq::envelope::sns::Letter;
use crate::dlq::envelope::{Decoded, Envelope, Origin, StreamBatch, unknown};

type Fields<'a> = BTreeMap<String, &'a RawValue>;

/// The dead letter of an asynchronous invocation. It does not say which function failed.
pub(super) fn dead_letter(letter: Letter) -> Decoded {
    let origin =
        Origin { original: Some(letter.text.clone()), request_id: letter.attribute("RequestID"), ..Origin::default() };
    Decoded { envelope: Envelope::LambdaDlq, origin, ..unknown(letter) }
}

/// The record of an invocation that was given up, if the fields are those of one.
pub(super) fn record(letter: &Letter, fields: &Fields) -> Option<Decoded> {
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
        // SNS drops a payload that is too large for it.
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
        ..unknown(letter.clone())
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

/// `DDBStreamBatchInfo`, `KinesisBatchInfo`: the same but for the name.
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

/// What a function answered when it failed: an object with `errorType` and `errorMessage`, that as text, or any text.
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
