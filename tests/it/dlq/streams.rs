//! What a publisher could not publish: its batch of a stream, whole in a bucket, or by its sequence numbers alone.

use serde_json::{Value, json};
use tests::account::User;
use tests::disruption::GivesUpAtOnce;
use tests::ops::Operator;
use tests::own_queue::OwnQueue;
use tests::permissions::{Role, allowing, without};
use tests::product::{Product, Service};
use tests::topic::{self, Delivery, Subscriber, Topic};
use tests::wait::eventually;

use super::is_done;
use crate::inbox;

/// In every letter that names a batch in a bucket.
const BATCH: &str = "ObjectCreated";

#[tokio::test]
async fn a_batch_that_a_bucket_keeps_is_published_once_as_it_is_and_out_of_sns() {
    let product = Product::alone().await;
    let (ops, letters) = (Operator::of(&product), product.dead_letters(Service::Todos));
    let ann = product.user().await;
    inbox::eventually_of(&ann, 1).await;
    let mut on_the_bus = product.listen(json!({"detail": {"data": {"ownerId": [ann.id]}}})).await;
    let topic = topic::of_failures(&product, Service::Todos);
    let wrapped = Subscriber::of(&product, &topic, Delivery::Wrapped).await;

    let before: Vec<Value> = letters.with(BATCH).await.into_iter().map(|letter| letter.body).collect();
    let new = async || {
        let found = letters.with(BATCH).await.into_iter().filter(|letter| !before.contains(&letter.body));
        found.collect::<Vec<_>>()
    };

    let role = Role::of(&product, &format!("busline-{}-todos-publish", product.env())).await;
    role.put(&without(&role.policy, "events")).await;
    let hurry = GivesUpAtOnce::begin(&product, Service::Todos, None).await;
    let mut items = Vec::new();
    for count in 1..=2 {
        items.push(create(&ann).await);
        wrapped.queue.has(count).await;
    }
    eventually("two letters", async || (new().await.len() == 2).then_some(())).await;
    drop(hurry);
    role.restore().await;

    let sns = wrapped.queue.own_name();
    for (queue, item, is_wrapped) in [("todos", &items[0], false), (sns, &items[1], true)] {
        let message = ops.one(queue, &["--subject", item]).await;
        assert_eq!((&message["envelope"], &message["wrappedBySns"]), (&json!("stream-payload"), &json!(is_wrapped)));
        assert_eq!((&message["service"], &message["eventType"]), (&json!("todos"), &json!("TodoCreated.v1")));
        assert_eq!(message["event"]["Records"].as_array().map(Vec::len), Some(1), "the batch is whole");
        is_done(&ops.run(&["replay", queue, "--subject", item]).await, 1);
    }
    inbox::eventually_of(&ann, 3).await;
    assert_eq!(on_the_bus.until(2, "TodoCreated.v1").await.len(), 2, "each event came once");
    let left = new().await;
    assert_eq!(left.len(), 1);
    the_object_itself(&product, &ops, &items[1], &left[0].body).await;
    letters.remove(&left[0]).await;
}

/// Somebody sends the object's text instead of its name.
async fn the_object_itself(product: &Product, ops: &Operator, item: &str, letter: &Value) {
    let object = &letter["Records"][0]["s3"];
    let settings = aws_sdk_s3::config::Builder::from(product.sdk()).force_path_style(true).build();
    let request = aws_sdk_s3::Client::from_conf(settings).get_object().set_bucket(text(&object["bucket"]["name"]));
    let answer = request.set_key(text(&object["object"]["key"])).send().await.expect("an object");
    let kept = answer.body.collect().await.expect("a whole object").into_bytes();
    let queue = OwnQueue::make(product.sdk(), &OwnQueue::name("dlq")).await;
    queue.send(std::str::from_utf8(&kept).expect("text"), Vec::new(), None).await;
    let message = ops.one(queue.own_name(), &["--subject", item]).await;
    assert_eq!(message["envelope"], "stream-payload");
    is_done(&ops.run(&["replay", queue.own_name()]).await, 1);
    queue.has(0).await;
}

#[tokio::test]
async fn a_batch_of_which_only_numbers_are_left_is_published_from_the_stream_and_else_from_the_outbox() {
    let product = Product::alone().await;
    let ops = Operator::of(&product);
    let ann = product.user().await;
    inbox::eventually_of(&ann, 1).await;
    let mut on_the_bus = product.listen(json!({"detail": {"data": {"ownerId": [ann.id]}}})).await;
    let topic = Topic::make(&product).await;
    let raw = Subscriber::of(&product, &topic.arn, Delivery::Raw).await;
    let wrapped = Subscriber::of(&product, &topic.arn, Delivery::Wrapped).await;
    let trimmed = OwnQueue::make(product.sdk(), &OwnQueue::name("dlq")).await;

    let role = Role::of(&product, &format!("busline-{}-todos-publish", product.env())).await;
    role.put(&allowing(&without(&role.policy, "events"), "sns:Publish", &topic.arn)).await;
    let told = GivesUpAtOnce::begin(&product, Service::Todos, Some(&topic.arn)).await;
    // One batch each: as it is, out of SNS, and one whose numbers the stream does not have.
    create(&ann).await;
    raw.queue.has(1).await;
    wrapped.queue.has(1).await;
    wrapped.queue.drain().await;
    create(&ann).await;
    wrapped.queue.has(1).await;
    let last = create(&ann).await;
    raw.queue.has(3).await;
    wrapped.queue.has(2).await;
    let letters = raw.queue.drain().await;
    let [first, .., third] = &letters[..] else { panic!("three letters") };
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
        let message = ops.one(queue.own_name(), &[]).await;
        assert_eq!((&message["envelope"], &message["wrappedBySns"]), (&json!("stream-metadata"), &json!(is_wrapped)));
        assert_eq!(message["function"], format!("busline-{}-todos-publish", product.env()));
        assert_eq!((&message["service"], &message["event"]), (&json!("todos"), &json!(null)));
        is_done(&ops.run(&["replay", queue.own_name()]).await, 1);
        queue.has(0).await;
        inbox::eventually_of(&ann, 1 + count).await;
        assert_eq!(on_the_bus.until(count, "TodoCreated.v1").await.len(), count, "from the stream each comes once");
    }
    is_done(&ops.run(&["replay", trimmed.own_name()]).await, 1);
    trimmed.has(0).await;
    let inbox = inbox::eventually_of(&ann, 4).await;
    assert_eq!(inbox[0]["todoId"], last.as_str(), "from the outbox it came, and what came before changed nothing");
}

async fn create(user: &User) -> String {
    let item = user.todos().post("/todos").json(&json!({"title": "Buy milk"})).expect(201).await;
    item["id"].as_str().unwrap().to_owned()
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}
