//! What fails on any of the three roads (an event of the bus, a batch of a stream, a rule whose target is gone) is one
//! message in its own service's dead-letter queue, whole and with its error.

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};
use tests::account::User;
use tests::bus::Forged;
use tests::disruption::{SwitchedOff, TargetGone, invoke};
use tests::product::{Product, Service};
use tests::queue::{DeadLetter, DeadLetters};
use tests::wait::eventually;
use uuid::Uuid;

use crate::inbox;

#[tokio::test]
async fn an_event_that_cannot_be_handled_is_one_letter_whatever_its_size() {
    let product = Product::alone().await;
    let letters = product.dead_letters(Service::Notifications);
    for kilobytes in [1, 300, 900] {
        let todo = Uuid::now_v7();
        // Without the owner that its type promises.
        let data = json!({"todoId": todo, "title": "x".repeat(kilobytes * 1024)});
        let event = Forged::new("todos", "TodoCreated", todo, 1, &data);
        product.put_events(&[&event]).await;

        // Two jobs read the event, each for itself.
        for job in ["todo-created", "update-agenda"] {
            let letter = the_letter_of(&letters, &format!("-{job}"), event.id()).await;
            let record = &letter.body;
            assert!(record["requestPayload"]["detail"] == event.detail, "an event of {kilobytes} KB is whole");
            assert_eq!(record["requestPayload"]["detail-type"], "TodoCreated.v1");
            assert_eq!(record["requestContext"]["condition"], "RetriesExhausted");
            assert_eq!(record["requestContext"]["approximateInvokeCount"], 3);
            assert_eq!(record["responsePayload"]["errorType"], "EventUnreadable");
            let said = record["responsePayload"]["errorMessage"].as_str().unwrap();
            assert!(said.contains("ownerId"), "the error says what is missing: {said}");
            letters.remove(&letter).await;
        }
    }
}

#[tokio::test]
async fn one_poisoned_record_of_a_batch_is_one_letter_and_the_others_pass() {
    let product = Product::alone().await;
    let letters = product.dead_letters(Service::Todos);
    let ann = product.user().await;
    let poison = format!("OUTBOX#{}", Uuid::now_v7());

    // While the publisher is off, a batch gathers.
    let off = SwitchedOff::begin(&product, Service::Todos, "publish").await;
    create(&ann, 0..3).await;
    let client = aws_sdk_dynamodb::Client::new(product.sdk());
    let put = client.put_item().table_name(product.table(Service::Todos));
    let put = put.item("pk", AttributeValue::S(poison.clone())).item("sk", AttributeValue::S("OUTBOX".to_owned()));
    put.send().await.expect("a row that is no event");
    create(&ann, 3..6).await;
    drop(off);

    inbox::eventually_of(&ann, 7).await;
    let letter = the_letter(&letters, "ObjectCreated").await;
    let record = kept(&product, &letter.body).await;
    let batch: Value = serde_json::from_str(record["payload"].as_str().expect("the batch")).expect("a batch in JSON");
    let records = batch["Records"].as_array().expect("records");
    assert_eq!(records.len(), 1, "the poisoned record alone");
    assert_eq!(records[0]["dynamodb"]["NewImage"]["pk"]["S"], poison.as_str(), "and whole");
    assert_eq!(record["requestContext"]["condition"], "RetryAttemptsExhausted");
    assert_eq!(record["responseContext"]["functionError"], "Unhandled");
    letters.remove(&letter).await;
}

#[tokio::test]
async fn an_event_for_a_target_that_is_gone_is_one_letter_and_can_be_replayed() {
    let product = Product::alone().await;
    let letters = product.dead_letters(Service::Notifications);
    let ann = product.user().await;
    let item = create(&ann, 0..1).await.remove(0);
    inbox::eventually_of(&ann, 2).await;

    let gone = TargetGone::begin(&product, "todo-completed").await;
    ann.todos().post(&format!("/todos/{item}/complete")).expect(200).await;
    let letter = the_letter(&letters, &item).await;
    assert_eq!(letter.body["detail-type"], "TodoCompleted.v1", "the event itself");
    assert_eq!(letter.body["detail"]["data"]["ownerId"], ann.id.to_string());
    let attribute = |name: &str| letter.attributes.get(name).map(String::as_str).unwrap_or_default();
    assert!(attribute("RULE_ARN").ends_with("notifications-todo-completed"), "{:?}", letter.attributes);
    assert_eq!(attribute("TARGET_ARN"), gone.missing);
    assert_eq!(attribute("ERROR_CODE"), "NO_RESOURCE");
    assert!(!attribute("ERROR_MESSAGE").is_empty());
    inbox::eventually_of(&ann, 2).await;

    let function = gone.target.arn().to_owned();
    drop(gone);
    invoke(&product, &function, &letter.body).await;
    invoke(&product, &function, &letter.body).await;
    inbox::eventually_of(&ann, 3).await;
    letters.remove(&letter).await;
}

/// The one letter whose text holds `part`.
async fn the_letter(letters: &DeadLetters, part: &str) -> DeadLetter {
    the_letter_of(letters, "", part).await
}

/// The one letter with this text that comes from a function with this in its name.
async fn the_letter_of(letters: &DeadLetters, function: &str, part: &str) -> DeadLetter {
    let of_function = async || {
        let found = letters.with(part).await.into_iter();
        found.filter(|letter| letter.body.to_string().contains(function)).collect::<Vec<_>>()
    };
    let mut found =
        eventually("a dead letter", async || Some(of_function().await).filter(|found| !found.is_empty())).await;
    assert_eq!(found.len(), 1, "one failure, one letter");
    found.remove(0)
}

/// The record that the bucket of a failed batch keeps, by the letter that names it.
async fn kept(product: &Product, letter: &Value) -> Value {
    let object = &letter["Records"][0]["s3"];
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
        let item = user.todos().post("/todos").json(&body).expect(201).await;
        ids.push(item["id"].as_str().unwrap().to_owned());
    }
    ids
}
