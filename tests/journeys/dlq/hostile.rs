//! What nobody should send: every command shows it, none consumes it, and an export brings each byte back.

use std::collections::BTreeMap;

use aws_sdk_sqs::types::{Message, MessageAttributeValue};
use serde_json::{Value, json};
use tests::ops::Operator;
use tests::product::Product;
use tests::test_queue::{Attributes, TestQueue, bytes, text};
use uuid::Uuid;

use super::news;

/// The most that a message may have, attributes included.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html>
const LARGEST: usize = 1 << 20;

#[tokio::test]
async fn malformed_messages_are_shown_and_exported_unchanged_and_none_is_consumed() {
    let product = Product::shared().await;
    let ops = Operator::with_endpoint(product.endpoint());
    let queue = TestQueue::create(product.sdk(), &TestQueue::unique_name("dlq")).await;
    let all = shapes(&product);
    for (body, attributes) in &all {
        queue.send(body, attributes.clone(), None).await;
    }
    let before = contents(&queue).await;
    let name = queue.name();

    let shown = ops.peek(name, &[]).await;
    assert_eq!(shown.len(), all.len());
    for message in &shown {
        let id = message["messageId"].as_str().expect("an id");
        assert_eq!(message["body"], before[id].0, "{id}");
    }
    for message in &shown {
        ops.run_ok(&["show", name, message["messageId"].as_str().expect("an id"), "--format", "table"]).await;
    }
    for command in ["peek", "clusters"] {
        ops.run_ok(&[command, name, "--format", "table"]).await;
    }
    assert_eq!(ops.run(&["verify", name, "--format", "json"]).await.code, Some(2), "none of it would pass");
    let file = ops.file("all.ndjson");
    ops.run_ok(&["export", name, "--out", &file]).await;
    let plan = ops.run_ok(&["replay", name, "--dry-run"]).await;
    assert!(plan.stderr.contains("left out"), "{}", plan.stderr);
    queue.wait_for_depth(all.len() as u64).await;
    assert_eq!(contents(&queue).await, before, "nothing is consumed, nothing is changed");

    let other = TestQueue::create(product.sdk(), &TestQueue::unique_name("dlq")).await;
    ops.run_ok(&["import", other.name(), &file]).await;
    let sorted = |contents: BTreeMap<String, Contents>| {
        let mut all: Vec<Contents> = contents.into_values().collect();
        all.sort();
        all
    };
    let (imported, exported) = (sorted(contents(&other).await), sorted(before));
    assert_eq!(imported.len(), exported.len());
    for (one, other) in imported.iter().zip(&exported) {
        let start: String = other.0.chars().take(80).collect();
        assert!(one == other, "it came back whole: {start} with {:?}, now with {:?}", other.1.keys(), one.1.keys());
    }
}

/// A message's text, and its attributes in order of their names.
type Contents = (String, BTreeMap<String, String>);

async fn contents(queue: &TestQueue) -> BTreeMap<String, Contents> {
    let written = |attribute: MessageAttributeValue| format!("{attribute:?}");
    let of = |message: Message| {
        let attributes = message.message_attributes.unwrap_or_default().into_iter();
        // What is imported has a key beside its own attributes, by which a consumer can know it again.
        let attributes = attributes.filter(|(name, _)| name != "busline-replay-key");
        (message.body.unwrap_or_default(), attributes.map(|(name, value)| (name, written(value))).collect())
    };
    queue.contents().await.into_iter().map(|(id, message)| (id, of(message))).collect()
}

fn shapes(product: &Product) -> Vec<(String, Attributes)> {
    let event = news("TodoCreated", Uuid::now_v7());
    let age = jiff::SignedDuration::from_secs(60);
    let record = super::record(product, "notifications-update-inbox", &event, ("TableFailed", "no"), age);
    let every_byte: Vec<u8> = (0..=255).collect();
    let ten = (0..10).map(|number| (NAMES[number], bytes("Binary.raw", &every_byte))).collect();
    let largest_attributes = vec![("a", text("String", "x"))];
    let taken = "a".len() + "String".len() + "x".len();
    let plain = [
        "{truncated".to_owned(),
        record[..record.len() / 2].to_owned(),
        deep(50),
        deep(5_000),
        in_sns(&in_sns(&in_sns(&record))),
        (0..12).fold(record.clone(), |text, _| in_sns(&text)),
        in_sns("not JSON"),
        in_sns("").replace("\"Message\":\"\"", "\"Message\":7"),
        "grüße \u{202e}olleh\u{202c} \u{2066}\u{1f468}\u{200d}\u{1f469}\u{2069} a\u{301} \u{feff}".to_owned(),
        r#"{"text": "\ud800 alone", "nul": "\u0000"}"#.to_owned(),
        format!("{{\"n\": {}, \"n\": 1e999999}}", "9".repeat(400)),
        " \r\n\t ".to_owned(),
        "null".to_owned(),
        "[]".to_owned(),
        "\u{1b}[2J\u{1b}]0;title\u{7}".replace(['\u{1b}', '\u{7}'], "\t"),
        json!({"requestContext": 7, "requestPayload": [], "responsePayload": {"errorType": {}}}).to_string(),
        json!({"requestContext": {"functionArn": "arn:::", "condition": []}, "DDBStreamBatchInfo": "x"}).to_string(),
        object_created(&["no-such-bucket"]),
        object_created(&["one", "other"]),
        json!({"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": []}]}).to_string(),
    ];
    let marked = [
        (record.clone(), ten),
        ("x".repeat(LARGEST - taken), largest_attributes),
        (
            "{}".to_owned(),
            vec![("RULE_ARN", text("String", "no ARN")), ("TARGET_ARN", text("String", "arn:aws:lambda"))],
        ),
        ("{}".to_owned(), vec![("RequestID", text("String", "r")), ("ErrorCode", text("Number", "-1e10"))]),
        (record, vec![("SUBSCRIBER_ARN", bytes("Binary", &[0xff, 0xfe]))]),
    ];
    plain.into_iter().map(|body| (body, Attributes::new())).chain(marked).collect()
}

const NAMES: [&str; 10] = ["a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8", "a9"];

fn deep(levels: usize) -> String {
    format!("{}1{}", r#"{"a":"#.repeat(levels), "}".repeat(levels))
}

fn in_sns(text: &str) -> String {
    let topic = "arn:aws:sns:eu-west-1:000000000000:failures";
    json!({"Type": "Notification", "MessageId": Uuid::new_v4(), "TopicArn": topic, "Message": text}).to_string()
}

fn object_created(buckets: &[&str]) -> String {
    let record = |bucket: &&str| {
        let object = json!({"bucket": {"name": bucket}, "object": {"key": "aws/lambda/%F0%9F%98%80+%2e%2e%2f"}});
        json!({"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": object})
    };
    let records: Vec<Value> = buckets.iter().map(record).collect();
    json!({"Records": records}).to_string()
}
