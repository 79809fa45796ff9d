//! What a replay takes: what was in the queue when its plan was made, once, and no more while nobody works it off.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tests::ops::Operator;
use tests::own_queue::{Attributes, OwnQueue, text};
use tests::product::Product;
use tests::wait::eventually;

use super::is_done;

const NAMES: [&str; 10] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];

/// SQS takes ten attributes: no mark of a replay finds room beside these.
fn ten() -> Attributes {
    NAMES.iter().map(|name| (*name, text("String", "x"))).collect()
}

async fn queue(product: &Product, ending: &str) -> OwnQueue {
    OwnQueue::make(product.sdk(), &OwnQueue::name(ending)).await
}

#[tokio::test]
async fn a_message_without_room_for_a_mark_that_fails_again_is_replayed_once() {
    const COUNT: u64 = 60;
    let product = Product::shared().await;
    let ops = Operator::stranger(product.endpoint());
    let (dead, orders) = (queue(&product, "dlq").await, Arc::new(queue(&product, "orders").await));
    orders.gives_up_to(&dead).await;
    for number in 0..COUNT {
        dead.send(&number.to_string(), ten(), None).await;
    }
    let consumer = tokio::spawn(fail(Arc::clone(&orders)));

    // Slow enough that the first ones are back before the last one is sent.
    let replay = ["replay", dead.own_name(), "--to-queue", orders.own_name(), "--rate", "30"];
    let ran = ops.run(&replay).await;
    let summary = ran.summary();
    let number = |name: &str| summary[name].as_u64().expect("a number");
    assert_eq!((ran.code, number("planned")), (Some(2), COUNT), "what came back is not planned anew: {summary}");
    assert!(number("replayed") <= COUNT && number("failed") > 0 && number("remaining") > 0, "it counts: {summary}");
    dead.has(COUNT).await;
    consumer.abort();
}

/// Receives and deletes nothing: SQS gives up what was received once.
async fn fail(orders: Arc<OwnQueue>) {
    loop {
        orders.receive(0).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_resumed_replay_leaves_what_came_after_its_plan() {
    let product = Product::shared().await;
    let ops = Operator::stranger(product.endpoint());
    let (dead, orders) = (queue(&product, "dlq").await, queue(&product, "orders").await);
    dead.send_all(&(0..100).map(|number| number.to_string()).collect::<Vec<_>>()).await;
    let mut replay =
        ops.start(&["replay", dead.own_name(), "--to-queue", orders.own_name(), "--rate", "20", "--hidden", "2s"]);
    eventually("the first messages are replayed", async || (orders.depth().await.0 > 0).then_some(())).await;
    replay.kill().await.expect("a process that can be killed");
    dead.send_all(&(0..4).map(|number| format!("later {number}")).collect::<Vec<_>>()).await;

    let journals: Value = serde_json::from_str(&ops.done(&["journal", "list", "--format", "json"]).await.out).unwrap();
    let resumed = ops.run(&["resume", journals[0]["replayId"].as_str().expect("an id")]).await;
    is_done(&resumed, 100);
    assert_eq!(resumed.summary()["planned"], 100);
    dead.has(4).await;
    let left = dead.contents().await.into_values().filter_map(|message| message.body);
    assert!(left.into_iter().all(|body| body.starts_with("later")), "those that came later are left");
}

#[tokio::test]
async fn a_ramp_stops_when_nobody_works_off_what_it_sent() {
    let product = Product::shared().await;
    let ops = Operator::stranger(product.endpoint());
    let (dead, orders) = (queue(&product, "dlq").await, queue(&product, "orders").await);
    dead.send_all(&(0..60).map(|number| number.to_string()).collect::<Vec<_>>()).await;

    let replay = ["replay", dead.own_name(), "--to-queue", orders.own_name(), "--ramp", "--settle", "1s"];
    let ran = ops.run(&replay).await;
    let summary = ran.summary();
    assert_eq!((ran.code, &summary["replayed"], &summary["remaining"]), (Some(2), &json!(1), &json!(59)), "{summary}");
    assert!(ran.said.contains("Look whether its consumer runs"), "{}", ran.said);
    dead.has(59).await;
}

#[tokio::test]
async fn parked_messages_count_as_parked_and_come_back() {
    let product = Product::shared().await;
    let ops = Operator::stranger(product.endpoint());
    let (dead, lot) = (queue(&product, "dlq").await, queue(&product, "parking").await);
    dead.send_all(&(0..12).map(|number| number.to_string()).collect::<Vec<_>>()).await;
    let parked = ops.done(&["park", dead.own_name(), "--parking", lot.own_name()]).await.summary();
    assert_eq!((&parked["parked"], &parked["replayed"]), (&json!(12), &json!(0)), "{parked}");
    lot.has(12).await;
    ops.done(&["unpark", dead.own_name(), "--parking", lot.own_name(), "--format", "json"]).await;
    dead.has(12).await;
}

#[tokio::test]
async fn a_dry_run_counts_what_it_could_not_see() {
    let product = Product::shared().await;
    let ops = Operator::stranger(product.endpoint());
    let (dead, orders) = (queue(&product, "dlq.fifo").await, queue(&product, "orders.fifo").await);
    for number in 0..15 {
        dead.send(&number.to_string(), Vec::new(), Some("one group")).await;
    }
    // With a filter, the plan looks at every message, and SQS shows ten of a group.
    let replay = ["replay", dead.own_name(), "--to-queue", orders.own_name(), "--since", "1d", "--dry-run"];
    let plan = ops.done(&replay).await.summary();
    assert_eq!((&plan["planned"], &plan["skipped"], &plan["remaining"]), (&json!(10), &json!(5), &json!(15)), "{plan}");
}
