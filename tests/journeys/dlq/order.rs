//! One subject's changes in their sequence, and older ones that never overwrite newer ones.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::SignedDuration;
use serde_json::json;
use tests::bus::TestEvent;
use tests::ops::Operator;
use tests::product::Product;
use tests::test_queue::TestQueue;
use tests::wait::eventually;
use uuid::Uuid;

use super::{is_done, record};

const PEOPLE: u64 = 6;
const CHANGES: u64 = 8;

#[tokio::test]
async fn an_ordered_replay_delivers_the_changes_of_each_subject_in_sequence() {
    let product = Product::shared().await;
    let ops = Operator::new(&product);
    let logs = product.logs_from_now();
    let queue = TestQueue::create(product.sdk(), &TestQueue::unique_name("dlq")).await;
    let people: Vec<Uuid> = (0..PEOPLE).map(|_| Uuid::now_v7()).collect();
    let mut events = BTreeMap::new();
    let mut bodies = Vec::new();
    // Newest first, and people in turn.
    for sequence in (1..=CHANGES).rev() {
        for account in &people {
            let event = change(*account, sequence);
            bodies.push(failed(&product, &event));
            events.insert(event.id().to_owned(), (*account, sequence));
        }
    }
    queue.send_all(&bodies).await;

    let ran = ops.run(&["replay", queue.name(), "--order", "subject", "--concurrency", "4"]).await;
    is_done(&ran, PEOPLE * CHANGES);
    let mut handled: BTreeMap<Uuid, Vec<(String, u64)>> = BTreeMap::new();
    let lines = eventually("a line for each event", async || {
        let lines = logs.lines_with("notifications", &["handled an event", "UserProfileChanged"]).await;
        let ours =
            |line: &serde_json::Value| line["span"]["event.id"].as_str().is_some_and(|id| events.contains_key(id));
        let lines: Vec<_> = lines.into_iter().filter(ours).collect();
        (lines.len() as u64 >= PEOPLE * CHANGES).then_some(lines)
    })
    .await;
    for line in lines {
        let (account, sequence) = events[line["span"]["event.id"].as_str().unwrap()];
        handled.entry(account).or_default().push((line["timestamp"].as_str().unwrap().to_owned(), sequence));
    }
    for (account, mut changes) in handled {
        changes.sort();
        let sequences: Vec<u64> = changes.into_iter().map(|(_, sequence)| sequence).collect();
        assert_eq!(sequences, (1..=CHANGES).collect::<Vec<_>>(), "of {account}");
        assert_eq!(name_of(&product, account).await, format!("Name {CHANGES}"));
    }
    queue.wait_for_depth(0).await;
}

#[tokio::test]
async fn a_superseded_change_is_skipped_and_overwrites_nothing_when_sent() {
    let product = Product::shared().await;
    let ops = Operator::new(&product);
    let queue = TestQueue::create(product.sdk(), &TestQueue::unique_name("dlq")).await;
    let account = Uuid::now_v7();
    queue.send_all(&[7, 6].map(|sequence| failed(&product, &change(account, sequence)))).await;

    let ran = ops.run(&["replay", queue.name(), "--ramp"]).await;
    let summary = ran.summary();
    let numbers = ["planned", "replayed", "failed", "remaining", "skipped"].map(|name| summary[name].as_u64());
    assert_eq!(numbers, [1, 1, 0, 0, 1].map(Some), "{summary}{}", ran.stderr);
    assert_eq!(ran.code, Some(2), "a message is left that nobody asked to leave: {}", ran.stderr);
    assert!(ran.stderr.contains("superseded: a newer event of the same subject"), "{}", ran.stderr);
    let asked = ops.run_ok(&["replay", queue.name(), "--ramp", "--skip-superseded", "--dry-run"]).await;
    assert_eq!(asked.summary()["planned"], 1, "it is alone now: {}", asked.stderr);
    assert_eq!(name_of(&product, account).await, "Name 7");
    queue.wait_for_depth(1).await;
    assert_eq!(ops.peek_one(queue.name(), &[]).await["sequence"], json!(6));
    is_done(&ops.run(&["replay", queue.name(), "--ramp", "--superseded"]).await, 1);
    queue.wait_for_depth(0).await;
    assert_eq!(name_of(&product, account).await, "Name 7", "the consumer knows a newer one");
}

fn change(account: Uuid, sequence: u64) -> TestEvent {
    let data = json!({
        "userId": account, "changed": ["displayName"], "displayName": format!("Name {sequence}"), "locale": "en",
        "timeZone": "Europe/Vienna",
    });
    TestEvent::new("users", "UserProfileChanged", account, sequence, &data)
}

fn failed(product: &Product, event: &TestEvent) -> String {
    record(product, "notifications-update-recipients", event, ("TableFailed", "no"), SignedDuration::ZERO)
}

/// The name under which the service knows a user.
async fn name_of(product: &Product, account: Uuid) -> String {
    let key = |text: String| AttributeValue::S(text);
    let client = aws_sdk_dynamodb::Client::new(product.sdk());
    let request = client.get_item().table_name(product.table("notifications")).consistent_read(true);
    let request = request.key("pk", key(format!("USER#{account}"))).key("sk", key("RECIPIENT".to_owned()));
    let row = request.send().await.expect("a table that can be read").item.expect("a row for the person");
    row["displayName"].as_s().expect("a name").clone()
}
