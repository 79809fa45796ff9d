//! Malformed messages: none causes a panic or is lost.

use std::collections::BTreeMap;

use ops::dlq::cluster::Clusters;
use ops::dlq::envelope::{self, Envelope, Reading};
use ops::dlq::message::Message;
use ops::dlq::raw_message::{Attribute, AttributeValue, RawMessage};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::fixture::Fixture;

/// Reads a message; an object that it names is missing.
fn read(raw: RawMessage) -> Message {
    let decoded = match envelope::read(&raw) {
        Reading::Whole(decoded) => *decoded,
        Reading::Elsewhere(pointer) => pointer.unfetched("missing"),
    };
    Message::new(raw, decoded)
}

fn with_body(body: impl Into<String>) -> Message {
    read(RawMessage { message_id: "1".to_owned(), body: body.into(), ..RawMessage::default() })
}

fn nested(depth: usize) -> String {
    format!("{}1{}", r#"{"a":"#.repeat(depth), "}".repeat(depth))
}

#[test]
fn other_text_is_unknown_and_kept_completely() {
    let large = format!(r#"{{"text":"{}"}}"#, "x".repeat(1024 * 1024));
    let bodies = [
        "",
        " ",
        "\u{0}",
        "not JSON",
        "{",
        "}",
        "null",
        "true",
        "7",
        "1e999",
        "[]",
        "[[]]",
        "{}",
        r#""text""#,
        "\u{feff}{}",
        r#"{"requestContext":{}}"#,
        r#"{"requestContext":[],"requestPayload":{}}"#,
        r#"{"requestContext":{"condition":7,"functionArn":null},"requestPayload":{}}"#,
        r#"{"requestContext":"RetriesExhausted","requestPayload":{}}"#,
        r#"{"requestContext":{"condition":"RetriesExhausted"}"#,
        r#"{"requestContext":{"http":{"method":"GET"}},"requestPayload":{}}"#,
        r#"{"Records":{}}"#,
        r#"{"Records":[]}"#,
        r#"{"Records":[null,7,{"s3":[]}]}"#,
        r#"{"Records":[{"eventSource":"aws:s3","eventName":"ObjectRemoved:Delete","s3":{"bucket":{"name":"b"},"object":{"key":"k"}}}]}"#,
        r#"{"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"b"}"#,
        r#"{"Type":"Notification"}"#,
        r#"{"Type":"Notification","TopicArn":7,"Message":"x"}"#,
        r#"{"Type":"SubscriptionConfirmation","TopicArn":"arn:aws:sns:eu-west-1:1:t","Message":"x"}"#,
        "{\"grüße\":\"\u{1F600}\u{202e}\"}",
        large.as_str(),
        &nested(50),
        &nested(200_000),
        &"[".repeat(500_000),
    ];
    for body in bodies {
        let start: String = body.chars().take(60).collect();
        let message = with_body(body);
        assert_eq!(message.envelope, Envelope::Unknown, "{start}");
        assert_eq!(message.event, None, "{start}");
        assert_eq!(message.body, body, "{start}");
        assert!(!message.wrapped_by_sns, "{start}");
    }
}

#[test]
fn notifications_are_unwrapped_to_a_maximum_depth() {
    let mut body = json!({"order": 7}).to_string();
    for _ in 0..12 {
        let notification = json!({"Type": "Notification", "TopicArn": "arn:aws:sns:eu-west-1:1:t", "Message": body});
        body = notification.to_string();
        if body.len() > 200_000 {
            break;
        }
    }
    let message = with_body(body.clone());
    assert_eq!((message.envelope, message.wrapped_by_sns), (Envelope::Unknown, true));
    assert_eq!(message.body, body);
}

#[test]
fn a_deep_or_large_event_is_kept_even_if_it_cannot_be_shown() {
    for event in [nested(50), nested(5000), format!("\"{}\"", "x".repeat(1024 * 1024))] {
        let body = format!(r#"{{"requestContext":{{"condition":"RetriesExhausted"}},"requestPayload":{event}}}"#);
        let message = with_body(body);
        assert_eq!(message.envelope, Envelope::LambdaDestination);
        assert_eq!(message.origin.original, Some(event));
    }
}

#[test]
fn attributes_of_the_wrong_type_are_not_an_error() {
    let binary = Attribute { data_type: "Binary".to_owned(), value: AttributeValue::Binary(vec![0, 255]) };
    for names in [["RULE_ARN", "ERROR_CODE"], ["RequestID", "ErrorMessage"]] {
        let attributes: BTreeMap<_, _> = names.map(|name| (name.to_owned(), binary.clone())).into();
        let message =
            read(RawMessage { body: "{}".to_owned(), attributes: attributes.clone(), ..RawMessage::default() });
        assert_ne!(message.envelope, Envelope::Unknown);
        assert_eq!((message.error_type, message.error_message), (None, None));
        assert_eq!(message.attributes, attributes);
    }
}

#[test]
fn a_notification_with_invalid_attributes_is_read_without_them() {
    for attributes in [json!([]), json!("x"), json!({"ERROR_CODE": 7}), json!({"b": {"Type": "Binary", "Value": "?"}})]
    {
        let body = json!({"Type": "Notification", "TopicArn": "arn:aws:sns:eu-west-1:1:t", "Message": "m",
            "MessageAttributes": attributes});
        let message = with_body(body.to_string());
        assert_eq!((message.envelope, message.wrapped_by_sns), (Envelope::Unknown, true), "{body}");
    }
}

/// Every field of a real record is replaced by every kind of JSON, one at a time.
#[test]
fn a_field_of_the_wrong_type_is_not_an_error() {
    let wrong = [json!(null), json!(true), json!(-1.5e300), json!("text"), json!([[]]), json!({"a": {}})];
    for (name, fixture) in Fixture::all() {
        let Ok(body) = serde_json::from_str::<Value>(&fixture.raw().body) else { continue };
        for pointer in pointers(&body, "") {
            for value in &wrong {
                let mut changed = body.clone();
                *changed.pointer_mut(&pointer).unwrap() = value.clone();
                let raw = RawMessage { body: changed.to_string(), ..fixture.raw() };
                assert_eq!(read(raw.clone()).to_raw(), raw, "{pointer} of {name}");
            }
        }
    }
}

fn pointers(value: &Value, at: &str) -> Vec<String> {
    let children: Vec<(String, &Value)> = match value {
        Value::Object(fields) => fields.iter().map(|(name, value)| (name.clone(), value)).collect(),
        Value::Array(values) => values.iter().enumerate().map(|(index, value)| (index.to_string(), value)).collect(),
        _ => Vec::new(),
    };
    let here = std::iter::once(at.to_owned());
    here.chain(children.into_iter().flat_map(|(name, value)| pointers(value, &format!("{at}/{name}")))).collect()
}

fn any_attribute() -> impl Strategy<Value = Attribute> {
    let text = (r"(String|Number|Bin|Binary2)(\.[a-z]{1,4})?", any::<String>());
    let text = text.prop_map(|(data_type, text)| Attribute { data_type, value: AttributeValue::Text(text) });
    let bytes = (r"Binary(\.[a-z]{1,4})?", any::<Vec<u8>>());
    let bytes = bytes.prop_map(|(data_type, bytes)| Attribute { data_type, value: AttributeValue::Binary(bytes) });
    prop_oneof![text, bytes]
}

fn any_raw(body: impl Strategy<Value = String>) -> impl Strategy<Value = RawMessage> {
    let name = prop_oneof![
        Just("RULE_ARN"),
        Just("TARGET_ARN"),
        Just("RequestID"),
        Just("ErrorCode"),
        Just("ErrorMessage"),
        Just("other")
    ];
    let attributes = prop::collection::btree_map(name.prop_map(str::to_owned), any_attribute(), 0..4);
    let system = prop_oneof![Just("SentTimestamp"), Just("DeadLetterQueueSourceArn"), Just("ApproximateReceiveCount")];
    let system = prop::collection::btree_map(system.prop_map(str::to_owned), any::<String>(), 0..3);
    (body, attributes, system).prop_map(|(body, attributes, system)| RawMessage {
        message_id: "1".to_owned(),
        receipt_handle: String::new(),
        system,
        attributes,
        body,
    })
}

/// JSON with the names that the reader searches for, also in wrong places.
fn any_record() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        Just(json!("Notification")),
        Just(json!("arn:aws:lambda:a:1:function:f")),
        Just(json!("aws:s3")),
        Just(json!("ObjectCreated:Put"))
    ];
    let names = [
        "Type",
        "TopicArn",
        "Message",
        "MessageAttributes",
        "Value",
        "requestContext",
        "requestPayload",
        "responsePayload",
        "responseContext",
        "condition",
        "functionArn",
        "payload",
        "DDBStreamBatchInfo",
        "Records",
        "dynamodb",
        "NewImage",
        "pk",
        "S",
        "detail",
        "detail-type",
        "metadata",
        "eventId",
        "sequence",
        "s3",
        "bucket",
        "object",
        "key",
        "name",
        "eventSource",
        "eventName",
        "timestamp",
    ];
    leaf.prop_recursive(5, 60, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((prop::sample::select(names.to_vec()), inner), 0..6).prop_map(
                |fields| Value::Object(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
            ),
        ]
    })
}

proptest! {
    #[test]
    fn any_text_is_read_and_kept(raw in any_raw(any::<String>())) {
        let message = read(raw.clone());
        prop_assert_eq!(message.to_raw(), raw.clone());
        let written = serde_json::to_string(&message).unwrap();
        let back: Message = serde_json::from_str(&written).unwrap();
        prop_assert_eq!(back.to_raw(), raw);
    }

    #[test]
    fn any_json_is_read_and_kept(raw in any_raw(any_record().prop_map(|value| value.to_string()))) {
        let message = read(raw.clone());
        prop_assert_eq!(message.to_raw(), raw);
        let mut clusters = Clusters::default();
        clusters.add(&message);
        prop_assert_eq!(clusters.finish()[0].count, 1);
    }

    #[test]
    fn a_truncated_record_is_read_and_kept(cut in 0..4000_usize) {
        for (_, fixture) in Fixture::all() {
            let mut raw = fixture.raw();
            let end = raw.body.floor_char_boundary(cut);
            raw.body.truncate(end);
            prop_assert_eq!(read(raw.clone()).to_raw(), raw);
        }
    }
}
