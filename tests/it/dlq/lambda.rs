//! What Lambda gave up: the record of a destination, and the dead letter of a function.

use serde_json::json;
use tests::disruption::{DeadLettersTo, SwitchedOff};
use tests::ops::Operator;
use tests::own_queue::OwnQueue;
use tests::permissions::{Role, allowing, without};
use tests::product::{Product, Service};
use tests::topic::{self, Delivery, Subscriber, Topic};
use tests::wait::eventually;

use super::{Wrapped, is_done, is_left_alone, news, shows};
use crate::inbox;

#[tokio::test]
async fn the_record_of_a_destination_is_replayed_as_it_is_and_out_of_sns() {
    let product = Product::alone().await;
    let (ops, letters) = (Operator::of(&product), product.dead_letters(Service::Notifications));
    let ann = product.user().await;
    inbox::eventually_of(&ann, 1).await;
    let topic = topic::of_failures(&product, Service::Notifications);
    let wrapped = Subscriber::of(&product, &topic, Delivery::Wrapped).await;
    let (one, other) = (news("TodoCreated", ann.id), news("TodoCreated", ann.id));

    let off = SwitchedOff::begin(&product, Service::Notifications, "todo-created").await;
    product.put_events(&[&one, &other]).await;
    eventually("two letters", async || (letters.with(&ann.id.to_string()).await.len() == 2).then_some(())).await;
    wrapped.queue.has(2).await;
    drop(off);

    let sns = wrapped.queue.own_name();
    for (queue, event, is_wrapped) in [("notifications", &one, Wrapped::No), (sns, &other, Wrapped::BySns)] {
        let message = ops.one(queue, &["--event-id", event.id()]).await;
        shows(&message, "lambda-destination", is_wrapped, event);
        assert_eq!(message["function"], format!("busline-{}-notifications-todo-created", product.env()));
        assert_eq!((&message["service"], &message["rule"]), (&json!("notifications"), &json!(null)));
        assert_eq!(message["errorType"], "ZeroReservedConcurrency");
        is_done(&ops.run(&["replay", queue, "--event-id", event.id()]).await, 1);
    }
    inbox::eventually_of(&ann, 3).await;
    assert!(letters.with(one.id()).await.is_empty(), "what was replayed has left the queue");
    wrapped.queue.has(1).await;
    letters.remove(&letters.with(other.id()).await.pop().expect("what was not meant stays")).await;
}

#[tokio::test]
async fn the_dead_letter_of_a_function_is_replayed_as_it_is_and_out_of_sns() {
    let product = Product::alone().await;
    let (ops, letters) = (Operator::of(&product), product.dead_letters(Service::Notifications));
    let ann = product.user().await;
    inbox::eventually_of(&ann, 1).await;
    let function = format!("busline-{}-notifications-todo-created", product.env());
    let topic = Topic::make(&product).await;
    let raw = Subscriber::of(&product, &topic.arn, Delivery::Raw).await;
    let wrapped = Subscriber::of(&product, &topic.arn, Delivery::Wrapped).await;
    let (one, other) = (news("TodoCreated", ann.id), news("TodoCreated", ann.id));

    let role = Role::of(&product, &function).await;
    role.put(&allowing(&without(&role.policy, "dynamodb"), "sns:Publish", &topic.arn)).await;
    let dead_letters = DeadLettersTo::begin(&product, &function, &topic.arn).await;
    product.put_events(&[&one, &other]).await;
    both_have_two(&raw.queue, &wrapped.queue).await;
    drop(dead_letters);
    role.restore().await;

    for (queue, event, is_wrapped) in [(&raw.queue, &one, Wrapped::No), (&wrapped.queue, &other, Wrapped::BySns)] {
        let name = queue.own_name();
        let message = ops.one(name, &["--event-id", event.id()]).await;
        shows(&message, "lambda-dlq", is_wrapped, event);
        // It names neither function nor error type, only an HTTP status.
        assert_eq!((&message["function"], &message["errorType"]), (&json!(null), &json!("200")));
        assert!(message["errorMessage"].as_str().is_some_and(|said| said.contains("the table failed")), "{message}");
        is_left_alone(&ops, queue, "give --invoke").await;
        is_done(&ops.run(&["replay", name, "--event-id", event.id(), "--invoke", &function]).await, 1);
        queue.has(1).await;
    }
    inbox::eventually_of(&ann, 3).await;
    for letter in letters.with(&ann.id.to_string()).await {
        letters.remove(&letter).await;
    }
}

async fn both_have_two(raw: &OwnQueue, wrapped: &OwnQueue) {
    raw.has(2).await;
    wrapped.has(2).await;
}
