//! Each failure is one message in its service's dead-letter queue, with the whole event and the error: an event of the
//! bus, a stream batch, and a rule without its target.

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};
use tests::account::User;
use tests::bus::TestEvent;
use tests::dead_letters::{DeadLetterMessage, DeadLetterQueue};
use tests::injected_fault::{FunctionDisabled, RuleTargetRemoved, invoke};
use tests::product::Product;
use tests::wait::eventually;
use uuid::Uuid;

use crate::inbox;

#[tokio::test]
async fn an_event_that_cannot_be_handled_is_one_dead_letter_message_of_any_size() {
    let product = Product::alone().await;
    let dead_letters = product.dead_letter_queue("notifications");
    for kilobytes in [1, 300, 900] {
        let todo = Uuid::now_v7();
        // Without the owner that its type promises.
        let data = json!({"todoId": todo, "title": "x".repeat(kilobytes * 1024)});
        let event = TestEvent::new("todos", "TodoCreated", todo, 1, &data);
        product.put_events(&[&event]).await;

        // Two jobs read the event, each for itself.
        for job in ["update-inbox", "update-agenda"] {
            let dead_letter = only_message_of(&dead_letters, &format!("-{job}"), event.id()).await;
            let record = &dead_letter.body;
            assert!(record["requestPayload"]["detail"] == event.detail, "an event of {kilobytes} KB is whole");
            assert_eq!(record["requestPayload"]["detail-type"], "TodoCreated.v1");
            assert_eq!(record["requestContext"]["condition"], "RetriesExhausted");
            assert_eq!(record["requestContext"]["approximateInvokeCount"], 3);
            assert_eq!(record["responsePayload"]["errorType"], "EventUnreadable");
            let said = record["responsePayload"]["errorMessage"].as_str().unwrap();
            assert!(said.contains("ownerId"), "the error names what is missing: {said}");
            dead_letters.delete(&dead_letter).await;
        }
    }
}

#[tokio::test]
async fn one_invalid_record_of_a_batch_is_one_dead_letter_message_and_the_others_succeed() {
    let product = Product::alone().await;
    let dead_letters = product.dead_letter_queue("todos");
    let ann = product.user().await;
    let poison = format!("OUTBOX#{}", Uuid::now_v7());

    // While the publisher is off, a batch gathers.
    let off = FunctionDisabled::begin(&product, "todos", "publish").await;
    create(&ann, 0..3).await;
    let client = aws_sdk_dynamodb::Client::new(product.sdk());
    let put = client.put_item().table_name(product.table("todos"));
    let put = put.item("pk", AttributeValue::S(poison.clone())).item("sk", AttributeValue::S("OUTBOX".to_owned()));
    put.send().await.expect("a row that is no event");
    create(&ann, 3..6).await;
    drop(off);

    inbox::wait_for_entries(&ann, 7).await;
    let dead_letter = only_message(&dead_letters, "ObjectCreated").await;
    let record = kept(&product, &dead_letter.body).await;
    let batch: Value = serde_json::from_str(record["payload"].as_str().expect("the batch")).expect("a batch in JSON");
    let records = batch["Records"].as_array().expect("records");
    assert_eq!(records.len(), 1, "the poisoned record alone");
    assert_eq!(records[0]["dynamodb"]["NewImage"]["pk"]["S"], poison.as_str(), "and whole");
    assert_eq!(record["requestContext"]["condition"], "RetryAttemptsExhausted");
    assert_eq!(record["responseContext"]["functionError"], "Unhandled");
    dead_letters.delete(&dead_letter).await;
}

#[tokio::test]
async fn an_event_for_a_missing_target_is_one_dead_letter_message_and_can_be_replayed() {
    let product = Product::alone().await;
    let dead_letters = product.dead_letter_queue("notifications");
    let ann = product.user().await;
    let item = create(&ann, 0..1).await.remove(0);
    inbox::wait_for_entries(&ann, 2).await;

    let gone = RuleTargetRemoved::begin(&product, "notifications", "update-inbox").await;
    ann.api("todos").post(&format!("/todos/{item}/complete")).expect(200).await;
    let dead_letter = only_message(&dead_letters, &item).await;
    assert_eq!(dead_letter.body["detail-type"], "TodoCompleted.v1", "the event itself");
    assert_eq!(dead_letter.body["detail"]["data"]["ownerId"], ann.id.to_string());
    let attribute = |name: &str| dead_letter.attributes.get(name).map(String::as_str).unwrap_or_default();
    assert!(attribute("RULE_ARN").ends_with("notifications-update-inbox"), "{:?}", dead_letter.attributes);
    assert_eq!(attribute("TARGET_ARN"), gone.missing);
    assert_eq!(attribute("ERROR_CODE"), "NO_RESOURCE");
    assert!(!attribute("ERROR_MESSAGE").is_empty());
    inbox::wait_for_entries(&ann, 2).await;

    let function = gone.target.arn().to_owned();
    drop(gone);
    invoke(&product, &function, &dead_letter.body).await;
    invoke(&product, &function, &dead_letter.body).await;
    inbox::wait_for_entries(&ann, 3).await;
    dead_letters.delete(&dead_letter).await;
}

/// A queue's owner may always send to it; the policy lists the AWS services that may.
#[tokio::test]
async fn a_dead_letter_queue_accepts_only_its_own_topic_and_rules() {
    let product = Product::shared().await;
    for service in &product.services() {
        let policy = product.dead_letter_queue(service).policy().await;
        for statement in policy["Statement"].as_array().unwrap() {
            let sender = statement["Principal"]["Service"].as_str();
            let from = match sender {
                Some("sns.amazonaws.com") => statement["Condition"]["ArnEquals"]["aws:SourceArn"].as_str().unwrap(),
                Some("events.amazonaws.com") => statement["Condition"]["ArnLike"]["aws:SourceArn"].as_str().unwrap(),
                _ => panic!("nobody else may send: {statement}"),
            };
            let own = format!("busline-{}-{}-", product.env(), service);
            assert!(from.contains(&own), "{from} is not of {service}");
        }
    }
}

/// The only dead-letter message that contains `part`.
async fn only_message(dead_letters: &DeadLetterQueue, part: &str) -> DeadLetterMessage {
    only_message_of(dead_letters, "", part).await
}

/// The only dead-letter message that contains `part` and comes from a function with this in its name.
async fn only_message_of(dead_letters: &DeadLetterQueue, function: &str, part: &str) -> DeadLetterMessage {
    let of_function = async || {
        let found = dead_letters.containing(part).await.into_iter();
        found.filter(|dead_letter| dead_letter.body.to_string().contains(function)).collect::<Vec<_>>()
    };
    let mut found =
        eventually("a dead-letter message", async || Some(of_function().await).filter(|found| !found.is_empty())).await;
    assert_eq!(found.len(), 1, "one failure is one message");
    found.remove(0)
}

/// The record of a failed batch in the bucket, which a dead-letter message reports.
async fn kept(product: &Product, dead_letter: &Value) -> Value {
    let object = &dead_letter["Records"][0]["s3"];
    let settings = aws_sdk_s3::config::Builder::from(product.sdk()).force_path_style(true).build();
    let request = aws_sdk_s3::Client::from_conf(settings).get_object();
    let request = request.bucket(object["bucket"]["name"].as_str().expect("a bucket"));
    let answer = request.key(object["object"]["key"].as_str().expect("a key")).send().await.expect("an object");
    let bytes = answer.body.collect().await.expect("a whole object").into_bytes();
    serde_json::from_slice(&bytes).expect("a record in JSON")
}

async fn create(user: &User, numbers: std::ops::Range<usize>) -> Vec<String> {
    let mut ids = Vec::new();
    for number in numbers {
        let body = json!({"title": format!("item {number}")});
        let item = user.api("todos").post("/todos").json(&body).expect(201).await;
        ids.push(item["id"].as_str().unwrap().to_owned());
    }
    ids
}
