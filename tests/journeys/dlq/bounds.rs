//! What a replay takes: what was in the queue when its plan was made, once, and no more while nobody works it off.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tests::ops::Operator;
use tests::product::Product;
use tests::test_queue::{Attributes, TestQueue, text};
use tests::wait::eventually;

use super::is_done;

const NAMES: [&str; 10] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];

/// SQS takes ten attributes: no mark of a replay finds room beside these.
fn ten() -> Attributes {
    NAMES.iter().map(|name| (*name, text("String", "x"))).collect()
}

async fn queue(product: &Product, ending: &str) -> TestQueue {
    TestQueue::create(product.sdk(), &TestQueue::unique_name(ending)).await
}

#[tokio::test]
async fn a_message_without_space_for_a_replay_attribute_is_replayed_once() {
    const COUNT: u64 = 60;
    let product = Product::shared().await;
    let ops = Operator::with_endpoint(product.endpoint());
    let (dead, orders) = (queue(&product, "dlq").await, Arc::new(queue(&product, "orders").await));
    orders.redrive_to(&dead).await;
    for number in 0..COUNT {
        dead.send(&number.to_string(), ten(), None).await;
    }
    let consumer = tokio::spawn(fail(Arc::clone(&orders)));

    // Slow enough that the first ones are back before the last one is sent.
    let replay = ["replay", dead.name(), "--to-queue", orders.name(), "--rate", "30"];
    let ran = ops.run(&replay).await;
    let summary = ran.summary();
    let number = |name: &str| summary[name].as_u64().expect("a number");
    assert_eq!((ran.code, number("planned")), (Some(2), COUNT), "what came back is not planned again: {summary}");
    assert!(number("replayed") <= COUNT && number("failed") > 0 && number("remaining") > 0, "it counts: {summary}");
    dead.wait_for_depth(COUNT).await;
    consumer.abort();
}

/// Receives and deletes nothing: SQS gives up what was received once.
async fn fail(orders: Arc<TestQueue>) {
    loop {
        orders.receive_and_fail().await;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_resumed_replay_ignores_messages_that_arrived_after_its_plan() {
    let product = Product::shared().await;
    let ops = Operator::with_endpoint(product.endpoint());
    let (dead, orders) = (queue(&product, "dlq").await, queue(&product, "orders").await);
    dead.send_all(&(0..100).map(|number| number.to_string()).collect::<Vec<_>>()).await;
    let mut replay = ops.start(&["replay", dead.name(), "--to-queue", orders.name(), "--rate", "20", "--hidden", "2s"]);
    eventually("the first messages are replayed", async || (orders.depth().await.0 > 0).then_some(())).await;
    replay.kill().await.expect("a process that can be killed");
    dead.send_all(&(0..4).map(|number| format!("later {number}")).collect::<Vec<_>>()).await;

    let journals: Value =
        serde_json::from_str(&ops.run_ok(&["journal", "list", "--format", "json"]).await.stdout).unwrap();
    let resumed = ops.run(&["resume", journals[0]["replayId"].as_str().expect("an id")]).await;
    is_done(&resumed, 100);
    assert_eq!(resumed.summary()["planned"], 100);
    dead.wait_for_depth(4).await;
    let left = dead.contents().await.into_values().filter_map(|message| message.body);
    assert!(left.into_iter().all(|body| body.starts_with("later")), "those that came later are left");
}

#[tokio::test]
async fn a_ramp_stops_when_the_messages_are_not_consumed() {
    let product = Product::shared().await;
    let ops = Operator::with_endpoint(product.endpoint());
    let (dead, orders) = (queue(&product, "dlq").await, queue(&product, "orders").await);
    dead.send_all(&(0..60).map(|number| number.to_string()).collect::<Vec<_>>()).await;

    let replay = ["replay", dead.name(), "--to-queue", orders.name(), "--ramp", "--settle", "1s"];
    let ran = ops.run(&replay).await;
    let summary = ran.summary();
    assert_eq!((ran.code, &summary["replayed"], &summary["remaining"]), (Some(2), &json!(1), &json!(59)), "{summary}");
    assert!(ran.stderr.contains("Check whether its consumer runs"), "{}", ran.stderr);
    dead.wait_for_depth(59).await;
}

#[tokio::test]
async fn parked_messages_are_counted_and_can_be_unparked() {
    let product = Product::shared().await;
    let ops = Operator::with_endpoint(product.endpoint());
    let (dead, lot) = (queue(&product, "dlq").await, queue(&product, "parking").await);
    dead.send_all(&(0..12).map(|number| number.to_string()).collect::<Vec<_>>()).await;
    let parked = ops.run_ok(&["park", dead.name(), "--parking", lot.name()]).await.summary();
    assert_eq!((&parked["parked"], &parked["replayed"]), (&json!(12), &json!(0)), "{parked}");
    lot.wait_for_depth(12).await;
    ops.run_ok(&["unpark", dead.name(), "--parking", lot.name(), "--format", "json"]).await;
    dead.wait_for_depth(12).await;
}

#[tokio::test]
async fn a_dry_run_counts_the_messages_that_it_could_not_read() {
    let product = Product::shared().await;
    let ops = Operator::with_endpoint(product.endpoint());
    let (dead, orders) = (queue(&product, "dlq.fifo").await, queue(&product, "orders.fifo").await);
    for number in 0..15 {
        dead.send(&number.to_string(), Vec::new(), Some("one group")).await;
    }
    // With a filter, the plan looks at every message, and SQS shows ten of a group.
    let replay = ["replay", dead.name(), "--to-queue", orders.name(), "--since", "1d", "--dry-run"];
    let plan = ops.run_ok(&replay).await.summary();
    assert_eq!((&plan["planned"], &plan["skipped"], &plan["remaining"]), (&json!(10), &json!(5), &json!(15)), "{plan}");
}
