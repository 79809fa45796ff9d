//! Every kind of failure record, raw and inside an SNS notification.

use ops::dlq::envelope::{self, Envelope, Reading};
use ops::dlq::message::Message;
use ops::dlq::raw_message::{Attribute, RawMessage};
use serde_json::{Value, json};

use crate::fixture::Fixture;

#[test]
fn every_envelope_is_recognised_with_its_failure() {
    for (name, fixture) in Fixture::all() {
        assert!(!fixture.source.is_empty(), "{name} has no source");
        let written = serde_json::to_value(fixture.message()).unwrap();
        for (field, expected) in &fixture.expected {
            assert_eq!(&written[field], expected, "{field} of {name}");
        }
    }
}

#[test]
fn every_envelope_has_a_fixture() {
    let found: Vec<Value> = Fixture::all().into_iter().map(|(_, it)| it.expected["envelope"].clone()).collect();
    for envelope in Envelope::ALL {
        assert!(found.contains(&json!(envelope)), "{envelope}");
        assert_eq!(envelope.name().parse::<Envelope>().unwrap(), envelope);
    }
}

#[test]
fn nested_notifications_are_unwrapped() {
    for (name, fixture) in Fixture::all() {
        if name.starts_with("unknown") {
            continue;
        }
        let mut raw = fixture.raw();
        let attributes = std::mem::take(&mut raw.attributes);
        let inner = json!({"Type": "Notification", "TopicArn": "arn:aws:sns:eu-west-1:000000000000:inner",
            "Message": raw.body, "MessageAttributes": attributes});
        raw.body = json!({"Type": "Notification", "TopicArn": "arn:aws:sns:eu-west-1:000000000000:outer",
            "Message": inner.to_string()})
        .to_string();
        let (plain, wrapped) = (fixture.message(), fixture.read_raw(raw));
        assert!(wrapped.wrapped_by_sns, "{name}");
        assert_eq!(wrapped.envelope, plain.envelope, "{name}");
        assert_eq!(wrapped.event, plain.event, "{name}");
        assert_eq!((wrapped.error_type, wrapped.error_message), (plain.error_type, plain.error_message), "{name}");
        assert_eq!((wrapped.function, wrapped.rule), (plain.function, plain.rule), "{name}");
    }
}

#[test]
fn a_serialised_message_is_read_back_without_loss() {
    for (name, fixture) in Fixture::all() {
        let message = fixture.message();
        let line = serde_json::to_string(&message).unwrap();
        assert!(!line.contains('\n'), "one line");
        let mut back: Message = serde_json::from_str(&line).unwrap();
        back.receipt_handle.clone_from(&message.receipt_handle);
        assert_eq!(back.to_raw(), fixture.raw(), "{name}");
    }
}

#[test]
fn the_original_event_keeps_its_exact_notation() {
    let event = r#"{ "b":1.10, "a":123456789012345678901234567890 ,"big":1e999}"#;
    let body = format!(
        r#"{{"requestContext":{{"functionArn":"arn:aws:lambda:eu-west-1:1:function:f:live","condition":"RetriesExhausted"}},"requestPayload":{event},"responsePayload":"boom"}}"#
    );
    let message = read(&body);
    assert_eq!(message.origin.original.as_deref(), Some(event));
    assert_eq!(message.origin.function_arn.as_deref(), Some("arn:aws:lambda:eu-west-1:1:function:f:live"));
    assert_eq!(message.function.as_deref(), Some("f"));
    assert_eq!(message.error_message.as_deref(), Some("boom"));
    assert_eq!(message.event, None, "a number that cannot be represented");
}

#[test]
fn an_error_is_found_in_every_form_of_function_response() {
    let cases = [
        (json!({"errorType": "Timeout", "errorMessage": "3 s"}), Some("Timeout"), Some("3 s")),
        (json!("plain text"), Some("RetriesExhausted"), Some("plain text")),
        (json!(r#"{"errorType":"E","errorMessage":"inside"}"#), Some("E"), Some("inside")),
        (json!({"errorMessage": {"code": 7}}), Some("RetriesExhausted"), Some(r#"{"code":7}"#)),
        (json!({"unusual": true}), Some("RetriesExhausted"), Some(r#"{"unusual":true}"#)),
        (json!(null), Some("RetriesExhausted"), None),
        (json!([1]), Some("RetriesExhausted"), Some("[1]")),
    ];
    for (answer, error_type, error_message) in cases {
        let body = json!({"requestContext": {"condition": "RetriesExhausted"}, "requestPayload": {},
            "responsePayload": answer});
        let message = read(&body.to_string());
        assert_eq!(message.envelope, Envelope::LambdaDestination, "{answer}");
        assert_eq!(message.error_type.as_deref(), error_type, "{answer}");
        assert_eq!(message.error_message.as_deref(), error_message, "{answer}");
    }
}

#[test]
fn a_batch_lists_all_events_and_is_identified_by_the_first() {
    let message = Fixture::read("stream-payload").message();
    assert_eq!(message.events.len(), 2);
    assert_eq!(message.event_id, message.events[0].event_id);
    assert_ne!(message.events[0].event_id, message.events[1].event_id);
    let batch = message.origin.batch.unwrap();
    assert_eq!(batch.size, Some(2));
    let original: Value = serde_json::from_str(&message.origin.original.unwrap()).unwrap();
    assert_eq!(original["Records"].as_array().unwrap().len(), 2);
}

#[test]
fn an_object_that_cannot_be_fetched_is_reported_as_a_problem() {
    let raw = Fixture::read("stream-payload").raw();
    let Reading::Elsewhere(pointer) = envelope::read(&raw) else { panic!("a pointer") };
    let message = Message::new(raw.clone(), pointer.clone().unfetched("NoSuchKey: deleted"));
    assert_eq!(message.envelope, Envelope::StreamPayload);
    assert!(message.problem.unwrap().ends_with("NoSuchKey: deleted"));
    assert_eq!((message.event, message.origin.original), (None, None));
    let other = Message::new(raw, pointer.open("<html>"));
    assert_eq!(other.envelope, Envelope::Unknown);
    assert!(other.problem.unwrap().ends_with("is not a failure record"));
}

#[test]
fn the_object_key_in_a_notification_is_form_decoded() {
    let body = json!({"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": "b"}, "object": {"key": "a+b/%C3%A9%2Bc"}}}]});
    let Reading::Elsewhere(pointer) = envelope::read(&raw(&body.to_string())) else { panic!("a pointer") };
    assert_eq!(pointer.object.to_string(), "s3://b/a b/é+c");
}

#[test]
fn a_dead_letter_message_of_a_bucket_function_is_not_a_pointer() {
    let mut raw = Fixture::read("stream-payload").raw();
    raw.attributes = Fixture::read("lambda-dlq").raw().attributes;
    let Reading::Whole(decoded) = envelope::read(&raw) else { panic!("a dead-letter message") };
    assert_eq!(decoded.envelope, Envelope::LambdaDlq);
    assert_eq!(decoded.origin.original.as_deref(), Some(raw.body.as_str()));
}

#[test]
fn a_parked_message_keeps_its_source_queue() {
    let redriven = Fixture::read("sqs-redrive").message();
    let mut raw = redriven.to_raw();
    let source = raw.system.remove("DeadLetterQueueSourceArn").unwrap();
    raw.attributes.insert("busline-source-queue".to_owned(), Attribute::text(source));
    let Reading::Whole(decoded) = envelope::read(&raw) else { panic!("a redriven message") };
    let parked = Message::new(raw, *decoded);
    assert_eq!((parked.envelope, parked.origin), (redriven.envelope, redriven.origin));
}

#[test]
fn a_subscriber_dead_letter_message_is_not_taken_for_a_rule_failure() {
    let mut raw = Fixture::read("rule-dlq").raw();
    raw.body = json!({"version": "1", "failedMessages": [{"eventId": "1"}]}).to_string();
    raw.attributes.insert("SUBSCRIBER_ARN".to_owned(), Attribute::text("arn:aws:events:eu-west-1:1:subscriber/s"));
    let Reading::Whole(decoded) = envelope::read(&raw) else { panic!("a dead-letter message") };
    assert_eq!((decoded.envelope, decoded.origin.original), (Envelope::Unknown, None));
    assert_eq!(decoded.error_type.as_deref(), Some("NO_RESOURCE"));
    assert!(decoded.problem.is_some());
}

#[test]
fn an_undelivered_schedule_is_read_like_a_rule_failure() {
    let mut raw = Fixture::read("rule-dlq").raw();
    raw.attributes.remove("RULE_ARN");
    let Reading::Whole(decoded) = envelope::read(&raw) else { panic!("a dead-letter message") };
    assert_eq!((decoded.envelope, decoded.origin.rule_arn), (Envelope::RuleDlq, None));
    assert!(decoded.origin.target_arn.is_some());
}

#[test]
fn an_event_that_sns_dropped_is_null() {
    let body = json!({"requestContext": {"functionArn": "arn:aws:lambda:eu-west-1:1:function:f", "condition": "RetriesExhausted"},
        "responseContext": {"statusCode": 200, "functionError": "Unhandled"}});
    let message = read(&body.to_string());
    assert_eq!((message.envelope, message.event), (Envelope::LambdaDestination, None));
}

fn raw(body: &str) -> RawMessage {
    RawMessage { message_id: "1".to_owned(), body: body.to_owned(), ..RawMessage::default() }
}

fn read(body: &str) -> Message {
    let raw = raw(body);
    let Reading::Whole(decoded) = envelope::read(&raw) else { panic!("a pointer") };
    Message::new(raw, *decoded)
}
