//! What a queue gave up goes back to that queue as it was, and what nobody knows goes nowhere by itself.

use aws_sdk_sqs::types::{Message, MessageSystemAttributeName};
use serde_json::json;
use tests::ops::Operator;
use tests::own_queue::{Attributes, OwnQueue, bytes, text};
use tests::product::Product;
use tests::topic::{Delivery, Subscriber, Topic};
use tests::wait::eventually;

use super::{as_delivered, is_done, is_left_alone, news};
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
async fn a_redriven_message_comes_back_with_its_text_and_attributes_of_every_type() {
    let product = Product::shared().await;
    let ops = Operator::stranger(product.endpoint());
    let [orders, dead] = pair(&product, "").await;
    orders.send(BODY, attributes(), None).await;
    give_up(&orders, &dead, 1).await;

    let message = ops.one(dead.own_name(), &[]).await;
    assert_eq!((&message["envelope"], &message["body"]), (&json!("sqs-redrive"), &json!(BODY)));
    assert_eq!(message["attributes"]["number"], json!({"type": "Number.int", "value": "-7"}));
    is_done(&ops.run(&["replay", dead.own_name()]).await, 1);
    dead.has(0).await;
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
async fn a_redriven_message_of_a_topic_comes_back_with_the_notification_around_it() {
    let product = Product::shared().await;
    let ops = Operator::stranger(product.endpoint());
    let topic = Topic::make(&product).await;
    let [orders, dead] = pair(&product, "").await;
    let orders = Subscriber::with(&product, &topic.arn, Delivery::Wrapped, orders).await;
    let event = news("TodoCreated", uuid::Uuid::now_v7());
    topic.publish(&as_delivered(&event).to_string(), &[]).await;
    orders.queue.has(1).await;
    let sent = orders.queue.contents().await.into_values().next().and_then(|message| message.body).expect("a body");
    give_up(&orders.queue, &dead, 1).await;

    let message = ops.one(dead.own_name(), &[]).await;
    super::shows(&message, "sqs-redrive", super::Wrapped::BySns, &event);
    is_done(&ops.run(&["replay", dead.own_name()]).await, 1);
    let back = orders.queue.drain().await;
    assert_eq!(back.iter().filter_map(Message::body).collect::<Vec<_>>(), [sent]);
}

#[tokio::test]
async fn redriven_messages_of_a_fifo_queue_come_back_in_their_groups_and_in_order() {
    let product = Product::shared().await;
    let ops = Operator::stranger(product.endpoint());
    let [orders, dead] = pair(&product, ".fifo").await;
    for number in 0..6 {
        let group = format!("customer {}", number % 2);
        orders.send(&format!("order {number}"), attributes(), Some(&group)).await;
    }
    give_up(&orders, &dead, 6).await;

    is_done(&ops.run(&["replay", dead.own_name()]).await, 6);
    dead.has(0).await;
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
async fn what_nobody_knows_is_shown_raw_and_is_replayed_only_as_what_somebody_says_it_is() {
    let product = Product::shared().await;
    let ops = Operator::of(&product);
    let ann = product.user().await;
    inbox::eventually_of(&ann, 1).await;
    let queue = OwnQueue::make(product.sdk(), &OwnQueue::name("dlq")).await;
    let body = as_delivered(&news("TodoCreated", ann.id)).to_string();
    queue.send(&body, attributes(), None).await;

    let message = ops.one(queue.own_name(), &[]).await;
    assert_eq!((&message["envelope"], &message["event"]), (&json!("unknown"), &json!(null)));
    assert_eq!(message["body"], body);
    is_left_alone(&ops, &queue, "its shape is unknown: give --as").await;
    let function = format!("busline-{}-notifications-todo-created", product.env());
    is_done(&ops.run(&["replay", queue.own_name(), "--as", "lambda-dlq", "--invoke", &function]).await, 1);
    inbox::eventually_of(&ann, 2).await;
    queue.has(0).await;
}

/// A queue, and the one to which it gives up what was received once.
async fn pair(product: &Product, ending: &str) -> [OwnQueue; 2] {
    let dead = OwnQueue::make(product.sdk(), &OwnQueue::name(&format!("dlq{ending}"))).await;
    let orders = OwnQueue::make(product.sdk(), &OwnQueue::name(&format!("orders{ending}"))).await;
    orders.gives_up_to(&dead).await;
    [orders, dead]
}

/// A consumer fails with everything until SQS has given it up.
async fn give_up(orders: &OwnQueue, dead: &OwnQueue, count: u64) {
    eventually("messages that are given up", async || {
        orders.receive(0).await;
        (dead.depth().await == (count, 0)).then_some(())
    })
    .await;
}
