//! Events that Lambda could not process: the failure record of a destination, and a function's dead-letter message.

use serde_json::json;
use tests::injected_fault::{FunctionDeadLetterTarget, FunctionDisabled};
use tests::ops::Operator;
use tests::permissions::{FunctionRole, allowing, without};
use tests::product::Product;
use tests::test_queue::TestQueue;
use tests::topic::{self, Delivery, TestTopic, TopicSubscriber};
use tests::wait::eventually;

use super::{Wrapped, expect_no_replay, is_done, news, shows};
use crate::inbox;

#[tokio::test]
async fn a_failure_record_is_replayed_raw_and_from_an_sns_envelope() {
    let product = Product::alone().await;
    let (ops, dead_letters) = (Operator::new(&product), product.dead_letter_queue("notifications"));
    let ann = product.user().await;
    inbox::wait_for_entries(&ann, 1).await;
    let topic = topic::failures_topic_arn(&product, "notifications");
    let wrapped = TopicSubscriber::new(&product, &topic, Delivery::Envelope).await;
    let (one, other) = (news("TodoCreated", ann.id), news("TodoCreated", ann.id));

    let off = FunctionDisabled::begin(&product, "notifications", "update-inbox").await;
    product.put_events(&[&one, &other]).await;
    eventually("two dead-letter messages", async || {
        (dead_letters.containing(&ann.id.to_string()).await.len() == 2).then_some(())
    })
    .await;
    wrapped.queue.wait_for_depth(2).await;
    drop(off);

    let sns = wrapped.queue.name();
    for (queue, event, is_wrapped) in [("notifications", &one, Wrapped::No), (sns, &other, Wrapped::BySns)] {
        let message = ops.peek_one(queue, &["--event-id", event.id()]).await;
        shows(&message, "lambda-destination", is_wrapped, event);
        assert_eq!(message["function"], format!("busline-{}-notifications-update-inbox", product.env()));
        assert_eq!((&message["service"], &message["rule"]), (&json!("notifications"), &json!(null)));
        assert_eq!(message["errorType"], "ZeroReservedConcurrency");
        is_done(&ops.run(&["replay", queue, "--event-id", event.id()]).await, 1);
    }
    inbox::wait_for_entries(&ann, 3).await;
    assert!(dead_letters.containing(one.id()).await.is_empty(), "what was replayed has left the queue");
    wrapped.queue.wait_for_depth(1).await;
    dead_letters.delete(&dead_letters.wait_for(other.id()).await).await;
}

#[tokio::test]
async fn a_lambda_dead_letter_is_replayed_raw_and_from_an_sns_envelope() {
    let product = Product::alone().await;
    let (ops, dead_letters) = (Operator::new(&product), product.dead_letter_queue("notifications"));
    let ann = product.user().await;
    inbox::wait_for_entries(&ann, 1).await;
    let function = format!("busline-{}-notifications-update-inbox", product.env());
    let topic = TestTopic::create(&product).await;
    let raw = TopicSubscriber::new(&product, &topic.arn, Delivery::Raw).await;
    let wrapped = TopicSubscriber::new(&product, &topic.arn, Delivery::Envelope).await;
    let (one, other) = (news("TodoCreated", ann.id), news("TodoCreated", ann.id));

    let role = FunctionRole::new(&product, &function).await;
    role.put(&allowing(&without(&role.policy, "dynamodb"), "sns:Publish", &topic.arn)).await;
    let target = FunctionDeadLetterTarget::begin(&product, &function, &topic.arn).await;
    product.put_events(&[&one, &other]).await;
    wait_for_two_messages_each(&raw.queue, &wrapped.queue).await;
    drop(target);
    role.restore().await;

    for (queue, event, is_wrapped) in [(&raw.queue, &one, Wrapped::No), (&wrapped.queue, &other, Wrapped::BySns)] {
        let name = queue.name();
        let message = ops.peek_one(name, &["--event-id", event.id()]).await;
        shows(&message, "lambda-dlq", is_wrapped, event);
        // It names neither function nor error type, only an HTTP status.
        assert_eq!((&message["function"], &message["errorType"]), (&json!(null), &json!("200")));
        assert!(message["errorMessage"].as_str().is_some_and(|said| said.contains("the table failed")), "{message}");
        expect_no_replay(&ops, queue, "give --invoke").await;
        is_done(&ops.run(&["replay", name, "--event-id", event.id(), "--invoke", &function]).await, 1);
        queue.wait_for_depth(1).await;
    }
    inbox::wait_for_entries(&ann, 3).await;
    for dead_letter in dead_letters.containing(&ann.id.to_string()).await {
        dead_letters.delete(&dead_letter).await;
    }
}

async fn wait_for_two_messages_each(raw: &TestQueue, wrapped: &TestQueue) {
    raw.wait_for_depth(2).await;
    wrapped.wait_for_depth(2).await;
}
