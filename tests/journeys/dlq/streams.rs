//! What a publisher could not publish: its batch of a stream, whole in a bucket, or by its sequence numbers alone.

use serde_json::{Value, json};
use tests::account::User;
use tests::injected_fault::StreamRetriesDisabled;
use tests::ops::Operator;
use tests::permissions::{FunctionRole, allowing, without};
use tests::product::Product;
use tests::test_queue::TestQueue;
use tests::topic::{self, Delivery, TestTopic, TopicSubscriber};
use tests::wait::eventually;

use super::is_done;
use crate::inbox;

/// A part of every dead-letter message that reports a batch in a bucket.
const BATCH: &str = "ObjectCreated";

#[tokio::test]
async fn a_failed_batch_in_a_bucket_is_published_once_raw_and_from_an_sns_envelope() {
    let product = Product::alone().await;
    let (ops, dead_letters) = (Operator::new(&product), product.dead_letter_queue("todos"));
    let ann = product.user().await;
    inbox::wait_for_entries(&ann, 1).await;
    let mut on_the_bus = product.listen(json!({"detail": {"data": {"ownerId": [ann.id]}}})).await;
    let topic = topic::failures_topic_arn(&product, "todos");
    let wrapped = TopicSubscriber::new(&product, &topic, Delivery::Envelope).await;

    let before: Vec<Value> =
        dead_letters.containing(BATCH).await.into_iter().map(|dead_letter| dead_letter.body).collect();
    let new = async || {
        let found =
            dead_letters.containing(BATCH).await.into_iter().filter(|dead_letter| !before.contains(&dead_letter.body));
        found.collect::<Vec<_>>()
    };

    let role = FunctionRole::new(&product, &format!("busline-{}-todos-publish", product.env())).await;
    role.put(&without(&role.policy, "events")).await;
    let hurry = StreamRetriesDisabled::begin(&product, "todos", None).await;
    let mut items = Vec::new();
    for count in 1..=2 {
        items.push(create(&ann).await);
        wrapped.queue.wait_for_depth(count).await;
    }
    eventually("two dead-letter messages", async || (new().await.len() == 2).then_some(())).await;
    drop(hurry);
    role.restore().await;

    let sns = wrapped.queue.name();
    for (queue, item, is_wrapped) in [("todos", &items[0], false), (sns, &items[1], true)] {
        let message = ops.peek_one(queue, &["--subject", item]).await;
        assert_eq!((&message["envelope"], &message["wrappedBySns"]), (&json!("stream-payload"), &json!(is_wrapped)));
        assert_eq!((&message["service"], &message["eventType"]), (&json!("todos"), &json!("TodoCreated.v1")));
        assert_eq!(message["event"]["Records"].as_array().map(Vec::len), Some(1), "the batch is whole");
        is_done(&ops.run(&["replay", queue, "--subject", item]).await, 1);
    }
    inbox::wait_for_entries(&ann, 3).await;
    assert_eq!(on_the_bus.until(2, "TodoCreated.v1").await.len(), 2, "each event came once");
    let left = new().await;
    assert_eq!(left.len(), 1);
    the_object_itself(&product, &ops, &items[1], &left[0].body).await;
    dead_letters.delete(&left[0]).await;
}

/// A message contains the object's content instead of its key.
async fn the_object_itself(product: &Product, ops: &Operator, item: &str, dead_letter: &Value) {
    let object = &dead_letter["Records"][0]["s3"];
    let settings = aws_sdk_s3::config::Builder::from(product.sdk()).force_path_style(true).build();
    let request = aws_sdk_s3::Client::from_conf(settings).get_object().set_bucket(text(&object["bucket"]["name"]));
    let answer = request.set_key(text(&object["object"]["key"])).send().await.expect("an object");
    let kept = answer.body.collect().await.expect("a whole object").into_bytes();
    let queue = TestQueue::create(product.sdk(), &TestQueue::unique_name("dlq")).await;
    queue.send(std::str::from_utf8(&kept).expect("text"), Vec::new(), None).await;
    let message = ops.peek_one(queue.name(), &["--subject", item]).await;
    assert_eq!(message["envelope"], "stream-payload");
    is_done(&ops.run(&["replay", queue.name()]).await, 1);
    queue.wait_for_depth(0).await;
}

#[tokio::test]
async fn a_batch_known_by_sequence_numbers_is_published_from_the_stream_or_the_outbox() {
    let product = Product::alone().await;
    let ops = Operator::new(&product);
    let ann = product.user().await;
    inbox::wait_for_entries(&ann, 1).await;
    let mut on_the_bus = product.listen(json!({"detail": {"data": {"ownerId": [ann.id]}}})).await;
    let topic = TestTopic::create(&product).await;
    let raw = TopicSubscriber::new(&product, &topic.arn, Delivery::Raw).await;
    let wrapped = TopicSubscriber::new(&product, &topic.arn, Delivery::Envelope).await;
    let trimmed = TestQueue::create(product.sdk(), &TestQueue::unique_name("dlq")).await;

    let role = FunctionRole::new(&product, &format!("busline-{}-todos-publish", product.env())).await;
    role.put(&allowing(&without(&role.policy, "events"), "sns:Publish", &topic.arn)).await;
    let told = StreamRetriesDisabled::begin(&product, "todos", Some(&topic.arn)).await;
    // One batch each: as it is, out of SNS, and one with sequence numbers that the stream does not have.
    create(&ann).await;
    raw.queue.wait_for_depth(1).await;
    wrapped.queue.wait_for_depth(1).await;
    wrapped.queue.drain().await;
    create(&ann).await;
    wrapped.queue.wait_for_depth(1).await;
    let last = create(&ann).await;
    raw.queue.wait_for_depth(3).await;
    wrapped.queue.wait_for_depth(2).await;
    let dead_letters = raw.queue.drain().await;
    let [first, .., third] = &dead_letters[..] else { panic!("three dead-letter messages") };
    raw.queue.send(first.body().expect("a body"), Vec::new(), None).await;
    let mut record: Value = serde_json::from_str(third.body().expect("a body")).expect("a record");
    for number in ["startSequenceNumber", "endSequenceNumber"] {
        record["DDBStreamBatchInfo"][number] = json!("000000000000000000001");
    }
    trimmed.send(&record.to_string(), Vec::new(), None).await;
    let newest = wrapped.queue.drain().await;
    wrapped.queue.send(newest[0].body().expect("a body"), Vec::new(), None).await;
    drop(told);
    role.restore().await;

    for (queue, is_wrapped, count) in [(&raw.queue, false, 1), (&wrapped.queue, true, 2)] {
        let message = ops.peek_one(queue.name(), &[]).await;
        assert_eq!((&message["envelope"], &message["wrappedBySns"]), (&json!("stream-metadata"), &json!(is_wrapped)));
        assert_eq!(message["function"], format!("busline-{}-todos-publish", product.env()));
        assert_eq!((&message["service"], &message["event"]), (&json!("todos"), &json!(null)));
        is_done(&ops.run(&["replay", queue.name()]).await, 1);
        queue.wait_for_depth(0).await;
        inbox::wait_for_entries(&ann, 1 + count).await;
        assert_eq!(on_the_bus.until(count, "TodoCreated.v1").await.len(), count, "from the stream each comes once");
    }
    is_done(&ops.run(&["replay", trimmed.name()]).await, 1);
    trimmed.wait_for_depth(0).await;
    let inbox = inbox::wait_for_entries(&ann, 4).await;
    assert_eq!(inbox[0]["todoId"], last.as_str(), "from the outbox it came, and what came before changed nothing");
}

async fn create(user: &User) -> String {
    let item = user.api("todos").post("/todos").json(&json!({"title": "Buy milk"})).expect(201).await;
    item["id"].as_str().unwrap().to_owned()
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}
