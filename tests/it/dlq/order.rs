//! One subject's changes in their sequence, and older ones that never overwrite newer ones.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::SignedDuration;
use serde_json::json;
use tests::bus::Forged;
use tests::ops::Operator;
use tests::own_queue::OwnQueue;
use tests::product::{Product, Service};
use tests::wait::eventually;
use uuid::Uuid;

use super::{is_done, record};

const PEOPLE: u64 = 6;
const CHANGES: u64 = 8;

#[tokio::test]
async fn in_order_each_subject_s_changes_come_to_their_consumer_in_their_sequence() {
    let product = Product::shared().await;
    let ops = Operator::of(&product);
    let logs = product.logs_from_now();
    let queue = OwnQueue::make(product.sdk(), &OwnQueue::name("dlq")).await;
    let people: Vec<Uuid> = (0..PEOPLE).map(|_| Uuid::now_v7()).collect();
    let mut events = BTreeMap::new();
    let mut bodies = Vec::new();
    // Newest first, and people in turn.
    for sequence in (1..=CHANGES).rev() {
        for person in &people {
            let event = change(*person, sequence);
            bodies.push(failed(&product, &event));
            events.insert(event.id().to_owned(), (*person, sequence));
        }
    }
    queue.send_all(&bodies).await;

    let ran = ops.run(&["replay", queue.own_name(), "--order", "subject", "--concurrency", "4"]).await;
    is_done(&ran, PEOPLE * CHANGES);
    let mut handled: BTreeMap<Uuid, Vec<(String, u64)>> = BTreeMap::new();
    let lines = eventually("a line for each event", async || {
        let lines = logs.of(Service::Notifications, &["handled an event", "UserProfileChanged"]).await;
        let ours =
            |line: &serde_json::Value| line["span"]["event.id"].as_str().is_some_and(|id| events.contains_key(id));
        let lines: Vec<_> = lines.into_iter().filter(ours).collect();
        (lines.len() as u64 >= PEOPLE * CHANGES).then_some(lines)
    })
    .await;
    for line in lines {
        let (person, sequence) = events[line["span"]["event.id"].as_str().unwrap()];
        handled.entry(person).or_default().push((line["timestamp"].as_str().unwrap().to_owned(), sequence));
    }
    for (person, mut changes) in handled {
        changes.sort();
        let sequences: Vec<u64> = changes.into_iter().map(|(_, sequence)| sequence).collect();
        assert_eq!(sequences, (1..=CHANGES).collect::<Vec<_>>(), "of {person}");
        assert_eq!(name_of(&product, person).await, format!("Name {CHANGES}"));
    }
    queue.has(0).await;
}

#[tokio::test]
async fn an_older_change_is_left_out_as_superseded_and_overwrites_nothing_even_when_it_is_sent() {
    let product = Product::shared().await;
    let ops = Operator::of(&product);
    let queue = OwnQueue::make(product.sdk(), &OwnQueue::name("dlq")).await;
    let person = Uuid::now_v7();
    queue.send_all(&[7, 6].map(|sequence| failed(&product, &change(person, sequence)))).await;

    let ran = ops.run(&["replay", queue.own_name(), "--ramp"]).await;
    is_done(&ran, 1);
    assert!(ran.said.contains("superseded: a newer event of the same subject"), "{}", ran.said);
    assert_eq!(name_of(&product, person).await, "Name 7");
    queue.has(1).await;
    assert_eq!(ops.one(queue.own_name(), &[]).await["sequence"], json!(6));
    is_done(&ops.run(&["replay", queue.own_name(), "--ramp", "--superseded"]).await, 1);
    queue.has(0).await;
    assert_eq!(name_of(&product, person).await, "Name 7", "the consumer knows a newer one");
}

fn change(person: Uuid, sequence: u64) -> Forged {
    let data = json!({
        "userId": person, "changed": ["displayName"], "displayName": format!("Name {sequence}"), "locale": "en",
        "timeZone": "Europe/Vienna",
    });
    Forged::new("users", "UserProfileChanged", person, sequence, &data)
}

fn failed(product: &Product, event: &Forged) -> String {
    record(product, "notifications-recipient-changed", event, ("TableFailed", "no"), SignedDuration::ZERO)
}

/// The name by which the service knows somebody.
async fn name_of(product: &Product, person: Uuid) -> String {
    let key = |text: String| AttributeValue::S(text);
    let client = aws_sdk_dynamodb::Client::new(product.sdk());
    let request = client.get_item().table_name(product.table(Service::Notifications)).consistent_read(true);
    let request = request.key("pk", key(format!("USER#{person}"))).key("sk", key("RECIPIENT".to_owned()));
    let row = request.send().await.expect("a table that can be read").item.expect("a row for the person");
    row["displayName"].as_s().expect("a name").clone()
}
