//! Stream records in the form in which Lambda delivers them to a function.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/with-ddb-example.html>

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue as Stored;
use aws_sdk_dynamodbstreams::types::{AttributeValue, OperationType, Record, StreamViewType};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

pub(super) fn as_lambda_delivers(record: &Record, stream: &str) -> Value {
    let mut change = Map::new();
    if let Some(given) = &record.dynamodb {
        let images = [("Keys", &given.keys), ("NewImage", &given.new_image), ("OldImage", &given.old_image)];
        for (name, image) in images {
            if let Some(image) = image {
                change.insert(name.to_owned(), item(image));
            }
        }
        if let Some(at) = given.approximate_creation_date_time {
            change.insert("ApproximateCreationDateTime".to_owned(), json!(at.secs()));
        }
        change.insert("SequenceNumber".to_owned(), json!(given.sequence_number));
        change.insert("SizeBytes".to_owned(), json!(given.size_bytes.unwrap_or_default()));
        change.insert("StreamViewType".to_owned(), json!(given.stream_view_type.as_ref().map(StreamViewType::as_str)));
    }
    json!({
        "eventID": record.event_id.as_deref().unwrap_or_default(),
        "eventName": record.event_name.as_ref().map_or("", OperationType::as_str),
        "eventVersion": record.event_version,
        "eventSource": "aws:dynamodb",
        "awsRegion": region(stream),
        "dynamodb": change,
        "eventSourceARN": stream,
    })
}

/// The stream record of a row's insertion. Its sequence number is no longer known, so it is the row's key.
pub(super) fn from_row(key: &str, row: HashMap<String, Stored>, stream: &str) -> Value {
    let image: Map<String, Value> = row.into_iter().map(|(name, value)| (name, stored(&value))).collect();
    let keys: Map<String, Value> =
        ["pk", "sk"].iter().filter_map(|&name| Some((name.to_owned(), image.get(name)?.clone()))).collect();
    let size = json!(image).to_string().len();
    json!({
        "eventID": key,
        "eventName": "INSERT",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": region(stream),
        "dynamodb": {
            "Keys": keys, "NewImage": image, "SequenceNumber": key, "SizeBytes": size, "StreamViewType": "NEW_IMAGE",
        },
        "eventSourceARN": stream,
    })
}

fn region(stream: &str) -> &str {
    stream.split(':').nth(3).unwrap_or_default()
}

fn item(image: &HashMap<String, AttributeValue>) -> Value {
    Value::Object(image.iter().map(|(name, value)| (name.clone(), attribute(value))).collect())
}

fn attribute(value: &AttributeValue) -> Value {
    let bytes = |blob: &aws_sdk_dynamodbstreams::primitives::Blob| STANDARD.encode(blob.as_ref());
    match value {
        AttributeValue::S(text) => json!({"S": text}),
        AttributeValue::N(number) => json!({"N": number}),
        AttributeValue::Bool(is) => json!({"BOOL": is}),
        AttributeValue::Null(is) => json!({"NULL": is}),
        AttributeValue::B(blob) => json!({"B": bytes(blob)}),
        AttributeValue::Ss(texts) => json!({"SS": texts}),
        AttributeValue::Ns(numbers) => json!({"NS": numbers}),
        AttributeValue::Bs(blobs) => json!({"BS": blobs.iter().map(bytes).collect::<Vec<_>>()}),
        AttributeValue::L(list) => json!({"L": list.iter().map(attribute).collect::<Vec<_>>()}),
        AttributeValue::M(map) => json!({"M": item(map)}),
        _ => Value::Null,
    }
}

/// The same as [`attribute`] for a table's item. The two SDKs have separate types.
fn stored(value: &Stored) -> Value {
    let bytes = |blob: &aws_sdk_dynamodb::primitives::Blob| STANDARD.encode(blob.as_ref());
    match value {
        Stored::S(text) => json!({"S": text}),
        Stored::N(number) => json!({"N": number}),
        Stored::Bool(is) => json!({"BOOL": is}),
        Stored::Null(is) => json!({"NULL": is}),
        Stored::B(blob) => json!({"B": bytes(blob)}),
        Stored::Ss(texts) => json!({"SS": texts}),
        Stored::Ns(numbers) => json!({"NS": numbers}),
        Stored::Bs(blobs) => json!({"BS": blobs.iter().map(bytes).collect::<Vec<_>>()}),
        Stored::L(list) => json!({"L": list.iter().map(stored).collect::<Vec<_>>()}),
        Stored::M(map) => {
            json!({"M": map.iter().map(|(name, value)| (name.clone(), stored(value))).collect::<Map<_, _>>()})
        }
        _ => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use aws_lambda_events::dynamodb::EventRecord;
    use aws_sdk_dynamodbstreams::types::StreamRecord;

    use super::*;

    const STREAM: &str = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders/stream/2026-11-21T00:00:00.000";

    #[test]
    fn a_function_can_read_what_it_is_given() {
        let change = StreamRecord::builder().keys("pk", AttributeValue::S("a".to_owned())).sequence_number("7");
        let record = Record::builder().dynamodb(change.build()).build();
        let row = HashMap::from([("pk".to_owned(), Stored::S("a".to_owned()))]);
        for given in [as_lambda_delivers(&record, STREAM), from_row("7", row, STREAM)] {
            let read: EventRecord = serde_json::from_value(given).unwrap();
            assert_eq!((read.aws_region.as_str(), read.change.sequence_number.as_deref()), ("eu-west-1", Some("7")));
            assert!(read.change.keys.contains_key("pk"));
        }
    }
}
