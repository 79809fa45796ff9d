//! What a queue gave up goes back to that queue as it was, and what nobody knows goes nowhere by itself.

use aws_sdk_sqs::types::{Message, MessageSystemAttributeName};
use serde_json::json;
use tests::ops::Operator;
use tests::product::Product;
use tests::test_queue::{Attributes, TestQueue, bytes, text};
use tests::topic::{Delivery, TestTopic, TopicSubscriber};
use tests::wait::eventually;

use super::{as_delivered, expect_no_replay, is_done, news};
use crate::inbox;

/// Spaces, a number that no float holds and no newline at the end: what a parser would tidy.
const BODY: &str = "{ \"n\" : 1.00000000000000000001,\t\"text\": \"gr\\u00fc\u{df}e \u{1f600}\" }\r\n ";

fn attributes() -> Attributes {
    let all: Vec<u8> = (0..=255).collect();
    vec![
        ("text", text("String.own", "Grüße")),
        ("number", text("Number.int", "-7")),
        ("bytes", bytes("Binary.gzip", &all)),
    ]
}

#[tokio::test]
async fn a_redriven_message_keeps_its_body_and_attributes_of_every_type() {
    let product = Product::shared().await;
    let ops = Operator::with_endpoint(product.endpoint());
    let [orders, dead] = pair(&product, "").await;
    orders.send(BODY, attributes(), None).await;
    give_up(&orders, &dead, 1).await;

    let message = ops.peek_one(dead.name(), &[]).await;
    assert_eq!((&message["envelope"], &message["body"]), (&json!("sqs-redrive"), &json!(BODY)));
    assert_eq!(message["attributes"]["number"], json!({"type": "Number.int", "value": "-7"}));
    is_done(&ops.run(&["replay", dead.name()]).await, 1);
    dead.wait_for_depth(0).await;
    let back = orders.drain().await;
    assert_eq!((back.len(), back[0].body()), (1, Some(BODY)));
    let carried = back[0].message_attributes.as_ref().expect("attributes");
    for (name, attribute) in attributes() {
        assert_eq!(carried.get(name), Some(&attribute), "{name}");
    }
    let mark = carried["busline-replay-key"].string_value();
    assert_eq!(mark, message["messageId"].as_str(), "a consumer can claim what it had before");
}

#[tokio::test]
async fn a_redriven_message_of_a_topic_keeps_its_sns_envelope() {
    let product = Product::shared().await;
    let ops = Operator::with_endpoint(product.endpoint());
    let topic = TestTopic::create(&product).await;
    let [orders, dead] = pair(&product, "").await;
    let orders = TopicSubscriber::with_queue(&product, &topic.arn, Delivery::Envelope, orders).await;
    let event = news("TodoCreated", uuid::Uuid::now_v7());
    topic.publish(&as_delivered(&event).to_string(), &[]).await;
    orders.queue.wait_for_depth(1).await;
    let sent = orders.queue.contents().await.into_values().next().and_then(|message| message.body).expect("a body");
    give_up(&orders.queue, &dead, 1).await;

    let message = ops.peek_one(dead.name(), &[]).await;
    super::shows(&message, "sqs-redrive", super::Wrapped::BySns, &event);
    is_done(&ops.run(&["replay", dead.name()]).await, 1);
    let back = orders.queue.drain().await;
    assert_eq!(back.iter().filter_map(Message::body).collect::<Vec<_>>(), [sent]);
}

#[tokio::test]
async fn redriven_messages_of_a_fifo_queue_keep_their_groups_and_order() {
    let product = Product::shared().await;
    let ops = Operator::with_endpoint(product.endpoint());
    let [orders, dead] = pair(&product, ".fifo").await;
    for number in 0..6 {
        let group = format!("customer {}", number % 2);
        orders.send(&format!("order {number}"), attributes(), Some(&group)).await;
    }
    give_up(&orders, &dead, 6).await;

    is_done(&ops.run(&["replay", dead.name()]).await, 6);
    dead.wait_for_depth(0).await;
    let back = orders.drain().await;
    for group in 0..2 {
        let is_of_group = |message: &&Message| {
            let name = message.attributes.as_ref().and_then(|all| all.get(&MessageSystemAttributeName::MessageGroupId));
            name.is_some_and(|name| *name == format!("customer {group}"))
        };
        let came: Vec<_> = back.iter().filter(is_of_group).filter_map(Message::body).collect();
        assert_eq!(came, [0, 2, 4].map(|number| format!("order {}", number + group)));
    }
    assert!(
        back.iter().all(|message| message.message_attributes.as_ref().is_some_and(|all| all.contains_key("bytes")))
    );
}

#[tokio::test]
async fn an_unknown_message_is_shown_raw_and_replayed_only_with_an_explicit_type() {
    let product = Product::shared().await;
    let ops = Operator::new(&product);
    let ann = product.user().await;
    inbox::wait_for_entries(&ann, 1).await;
    let queue = TestQueue::create(product.sdk(), &TestQueue::unique_name("dlq")).await;
    let body = as_delivered(&news("TodoCreated", ann.id)).to_string();
    queue.send(&body, attributes(), None).await;

    let message = ops.peek_one(queue.name(), &[]).await;
    assert_eq!((&message["envelope"], &message["event"]), (&json!("unknown"), &json!(null)));
    assert_eq!(message["body"], body);
    expect_no_replay(&ops, &queue, "its shape is unknown: give --as").await;
    let function = format!("busline-{}-notifications-update-inbox", product.env());
    is_done(&ops.run(&["replay", queue.name(), "--as", "lambda-dlq", "--invoke", &function]).await, 1);
    inbox::wait_for_entries(&ann, 2).await;
    queue.wait_for_depth(0).await;
}

/// A queue, and the one to which it gives up what was received once.
async fn pair(product: &Product, ending: &str) -> [TestQueue; 2] {
    let dead = TestQueue::create(product.sdk(), &TestQueue::unique_name(&format!("dlq{ending}"))).await;
    let orders = TestQueue::create(product.sdk(), &TestQueue::unique_name(&format!("orders{ending}"))).await;
    orders.redrive_to(&dead).await;
    [orders, dead]
}

/// A consumer fails with everything until SQS has given it up.
async fn give_up(orders: &TestQueue, dead: &TestQueue, count: u64) {
    eventually("messages that are given up", async || {
        orders.receive_and_fail().await;
        (dead.depth().await == (count, 0)).then_some(())
    })
    .await;
}
