//! Replays to SNS topics: what a rule could not deliver to its topic, and notifications on request.

use serde_json::{Value, json};
use tests::ops::Operator;
use tests::product::Product;
use tests::test_queue::{TestQueue, text};
use tests::topic::{Delivery, TestTopic, TopicSubscriber};
use uuid::Uuid;

use super::{as_delivered, expect_no_replay, is_done, news};

#[tokio::test]
async fn an_event_that_a_rule_could_not_deliver_is_replayed_to_its_topic() {
    let product = Product::shared().await;
    let ops = Operator::with_endpoint(product.endpoint());
    let topic = TestTopic::create(&product).await;
    let subscriber = TopicSubscriber::new(&product, &topic.arn, Delivery::Raw).await;
    let failed = TestQueue::create(product.sdk(), &TestQueue::unique_name("dlq")).await;
    let event = news("TodoCreated", Uuid::now_v7());
    let rule = "arn:aws:events:eu-west-1:000000000000:rule/orders";
    let attributes = vec![
        ("RULE_ARN", text("String", rule)),
        ("TARGET_ARN", text("String", &topic.arn)),
        ("ERROR_CODE", text("String", "NO_RESOURCE")),
    ];
    failed.send(&as_delivered(&event).to_string(), attributes, None).await;

    let name = topic.arn.rsplit(':').next().expect("a name");
    let plan = ops.run_ok(&["replay", failed.name(), "--dry-run"]).await;
    assert!(plan.stderr.contains(&format!("1  to topic {name}")), "{}", plan.stderr);
    let ran = ops.run(&["replay", failed.name()]).await;
    is_done(&ran, 1);
    failed.wait_for_depth(0).await;
    subscriber.queue.wait_for_depth(1).await;
    let received = subscriber.queue.drain().await.pop().expect("a message");
    let body: Value = serde_json::from_str(received.body().expect("a text")).expect("JSON");
    assert_eq!(body["detail"]["data"], event.detail["data"]);
    assert_eq!(body["detail"]["metadata"]["replayAttempt"], 1);
    let carried = received.message_attributes.expect("attributes");
    assert!(carried.contains_key("busline-replay-key") && !carried.contains_key("ERROR_CODE"), "{carried:?}");

    let journal = ran.summary()["journal"].as_str().expect("a journal").to_owned();
    let rolled_back = ops.run(&["rollback", &journal]).await;
    assert_eq!(rolled_back.code, Some(64), "{}", rolled_back.stderr);
    assert!(rolled_back.stderr.contains("cannot be rolled back"), "{}", rolled_back.stderr);
}

#[tokio::test]
async fn a_notification_is_published_again_on_request_as_it_was_published() {
    let product = Product::shared().await;
    let ops = Operator::with_endpoint(product.endpoint());
    let topic = TestTopic::create(&product).await;
    let subscriber = TopicSubscriber::new(&product, &topic.arn, Delivery::Raw).await;
    let failed = TestQueue::create(product.sdk(), &TestQueue::unique_name("dlq")).await;
    let notification = json!({
        "Type": "Notification", "MessageId": Uuid::new_v4(), "TopicArn": topic.arn, "Message": "paid \u{1f600}",
        "MessageAttributes": {"tries": {"Type": "Number", "Value": "3"}},
    });
    failed.send(&notification.to_string(), Vec::new(), None).await;
    expect_no_replay(&ops, &failed, "give --to-topic to publish it again to every subscriber").await;

    let unknown = ops.run(&["replay", failed.name(), "--to-topic", &format!("{}-missing", topic.arn)]).await;
    assert_eq!(unknown.code, Some(64), "{}", unknown.stderr);
    assert!(unknown.stderr.contains("there is no topic"), "{}", unknown.stderr);
    is_done(&ops.run(&["replay", failed.name(), "--to-topic", &topic.arn]).await, 1);
    failed.wait_for_depth(0).await;
    subscriber.queue.wait_for_depth(1).await;
    let received = subscriber.queue.drain().await.pop().expect("a message");
    assert_eq!(received.body(), Some("paid \u{1f600}"));
    let carried = received.message_attributes.expect("attributes");
    assert_eq!(carried["tries"].string_value(), Some("3"));
}
