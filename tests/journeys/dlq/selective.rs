//! A thousand failures of seven causes: what a filter lets through moves, nothing else does, and a consumer that still
//! fails stops the replay.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tests::bus::TestEvent;
use tests::ops::Operator;
use tests::product::Product;
use tests::test_queue::{TestQueue, text};
use tests::wait::eventually;
use uuid::Uuid;

use super::{as_delivered, function_arn, is_done, news, record};

/// The number of failures of one cause, the event, the error's type and text, and the age.
type FailureGroup = (usize, &'static str, &'static str, &'static str, SignedDuration);

const FAILURE_GROUPS: [FailureGroup; 6] = [
    (350, "TodoCreated", "TableFailed", "the table failed in request ", SignedDuration::from_mins(5)),
    (200, "TodoCreated", "TableContended", "8 attempts met others of ", SignedDuration::from_hours(30)),
    (150, "TodoChanged", "TableFailed", "the table was throttled in request ", SignedDuration::from_mins(4)),
    (120, "TodoCompleted", "Sandbox.Timedout", "Task timed out after 10.00 seconds: ", SignedDuration::from_mins(9)),
    (70, "TodoReopened", "TableFailed", "the table was not reached in request ", SignedDuration::from_mins(7)),
    (60, "TodoDeleted", "Runtime.ExitError", "signal: killed, request ", SignedDuration::from_hours(24 * 5)),
];

/// The seventh: a rule that did not reach the function.
const UNDELIVERED: usize = 50;

/// A failure of the run: its event, its cause, and whether it is of high priority.
struct Failure {
    event: TestEvent,
    cause: usize,
    is_high: bool,
}

#[tokio::test]
async fn a_filtered_replay_of_a_thousand_failures_sends_exactly_the_matching_ones() {
    let product = Product::shared().await;
    let ops = Operator::new(&product);
    let queue = TestQueue::create(product.sdk(), &TestQueue::unique_name("dlq")).await;
    let failures = fill(&product, &queue).await;
    let name = queue.name();

    let clusters: Value =
        serde_json::from_str(&ops.run_ok(&["clusters", name, "--format", "json"]).await.stdout).unwrap();
    let counts: Vec<u64> =
        clusters.as_array().unwrap().iter().map(|cluster| cluster["count"].as_u64().unwrap()).collect();
    assert_eq!(counts, [350, 200, 150, 120, 70, 60, 50], "{clusters}");

    let ids = |wanted: &dyn Fn(&Failure) -> bool| -> BTreeSet<String> {
        failures.iter().filter(|failure| wanted(failure)).map(|failure| failure.event.id().to_owned()).collect()
    };
    let subject = failures[400].event.detail["metadata"]["subject"].as_str().unwrap().to_owned();
    let (yesterday, day_before) = (ago(29), ago(31));
    let filters: [(&[&str], BTreeSet<String>); 6] = [
        (&["--error", "timed out after"], ids(&|failure| failure.cause == 3)),
        (&["--function", "*-update-inbox", "--older-than", "3d"], ids(&|failure| failure.cause == 5)),
        (&["--subject", &subject], BTreeSet::from([failures[400].event.id().to_owned()])),
        (
            &["--field", "$.detail.data.priority=high", "--error-type", "TableFailed", "--detail-type", "TodoCr*"],
            ids(&|failure| failure.cause == 0 && failure.is_high),
        ),
        (
            &["--since", &day_before, "--until", &yesterday, "--field", "$.detail.data.priority=high"],
            ids(&|failure| failure.cause == 1 && failure.is_high && failure.event.id() != failures[400].event.id()),
        ),
        (&["--rule", "*-update-inbox"], ids(&|failure| failure.cause == 6)),
    ];
    let mut moved = BTreeSet::new();
    for (filter, meant) in filters {
        is_done(&ops.run(&[&["replay", name, "--ramp"], filter].concat()).await, meant.len() as u64);
        moved.extend(meant);
        assert_eq!(waiting(&ops, name).await, ids(&|failure| !moved.contains(failure.event.id())), "{filter:?}");
    }
    is_done(&ops.run(&["replay", name, "--ramp", "--detail-type", "TodoChanged.*", "--count", "40"]).await, 40);
    let left = waiting(&ops, name).await;
    let gone = ids(&|failure| !left.contains(failure.event.id()));
    assert_eq!(gone.len(), moved.len() + 40);
    let also = ids(&|failure| gone.contains(failure.event.id()) && !moved.contains(failure.event.id()));
    assert!(also.is_subset(&ids(&|failure| failure.cause == 2)), "the forty are of the type that was asked for");

    let applied = applied(&product).await;
    assert_eq!(ids(&|failure| applied.contains(failure.event.id())), gone, "each had its effect, and nothing else had");
    queue.wait_for_depth(1000 - gone.len() as u64).await;
}

async fn fill(product: &Product, queue: &TestQueue) -> Vec<Failure> {
    let mut failures = Vec::new();
    let mut bodies = Vec::new();
    for (cause, (count, event, kind, said, age)) in FAILURE_GROUPS.into_iter().enumerate() {
        for number in 0..count {
            let failure =
                Failure { event: of_priority(news(event, Uuid::now_v7()), number), cause, is_high: is_high(number) };
            let said = format!("{said}{}", Uuid::new_v4());
            bodies.push(record(product, "notifications-update-inbox", &failure.event, (kind, &said), age));
            failures.push(failure);
        }
    }
    queue.send_all(&bodies).await;
    let rule = format!("busline-{}-notifications-update-inbox", product.env());
    let arn = format!("arn:aws:events:eu-west-1:000000000000:rule/{}/{rule}", product.bus());
    let function = function_arn(product, "notifications-update-inbox");
    for number in 0..UNDELIVERED {
        let failure = Failure {
            event: of_priority(news("TodoCompleted", Uuid::now_v7()), number),
            cause: 6,
            is_high: is_high(number),
        };
        let attribute = |value: &str| text("String", value);
        let attributes = vec![
            ("RULE_ARN", attribute(&arn)),
            ("TARGET_ARN", attribute(&function)),
            ("ERROR_CODE", attribute("NO_RESOURCE")),
            ("ERROR_MESSAGE", attribute("Function not found")),
        ];
        queue.send(&as_delivered(&failure.event).to_string(), attributes, None).await;
        failures.push(failure);
    }
    failures
}

/// One item in five has high priority.
fn is_high(number: usize) -> bool {
    number.is_multiple_of(5)
}

fn of_priority(mut event: TestEvent, number: usize) -> TestEvent {
    event.detail["data"]["priority"] = json!(if is_high(number) { "high" } else { "low" });
    event
}

fn ago(hours: i64) -> String {
    Timestamp::now().checked_sub(SignedDuration::from_hours(hours)).expect("a time").to_string()
}

async fn waiting(ops: &Operator, queue: &str) -> BTreeSet<String> {
    let messages = ops.peek(queue, &[]).await;
    messages.iter().map(|message| message["eventId"].as_str().expect("an event").to_owned()).collect()
}

/// The events that have an inbox entry, by their ids.
async fn applied(product: &Product) -> BTreeSet<String> {
    let client = aws_sdk_dynamodb::Client::new(product.sdk());
    let request = client.scan().table_name(product.table("notifications")).projection_expression("sk");
    let request = request.filter_expression("begins_with(sk, :entry)");
    let request = request.expression_attribute_values(":entry", AttributeValue::S("INBOX#".to_owned()));
    let mut rows = request.into_paginator().items().send();
    let mut applied = BTreeSet::new();
    while let Some(row) = rows.next().await {
        let row = row.expect("a row");
        applied.extend(row["sk"].as_s().ok().and_then(|key| key.rsplit('#').next()).map(str::to_owned));
    }
    applied
}

#[tokio::test]
async fn a_replay_to_a_failing_function_stops_within_twenty_messages_and_loses_none() {
    let product = Product::shared().await;
    let ops = Operator::new(&product);
    let queue = TestQueue::create(product.sdk(), &TestQueue::unique_name("dlq")).await;
    let unreadable = |_| {
        let mut event = news("TodoCreated", Uuid::now_v7());
        event.detail["data"].as_object_mut().expect("data").remove("ownerId");
        let error = ("EventUnreadable", "no ownerId");
        record(&product, "notifications-update-inbox", &event, error, SignedDuration::ZERO)
    };
    queue.send_all(&(0..60).map(unreadable).collect::<Vec<_>>()).await;
    let before: BTreeMap<_, _> = bodies(&queue).await;

    let ran = ops.run(&["replay", queue.name(), "--ramp"]).await;
    let summary = ran.summary();
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    assert!(ran.stderr.contains("stopped:"), "{}", ran.stderr);
    let number = |name: &str| summary[name].as_u64().unwrap();
    assert!((1..=20).contains(&number("failed")), "{summary}");
    assert_eq!((number("planned"), number("replayed"), number("remaining")), (60, 0, 60), "{summary}");
    queue.wait_for_depth(60).await;
    assert_eq!(bodies(&queue).await, before);
}

#[tokio::test]
async fn a_replay_to_a_queue_with_a_failing_consumer_stops_within_twenty_messages_and_loses_none() {
    let product = Product::shared().await;
    let ops = Operator::with_endpoint(product.endpoint());
    let dead = TestQueue::create(product.sdk(), &TestQueue::unique_name("dlq")).await;
    let orders = Arc::new(TestQueue::create(product.sdk(), &TestQueue::unique_name("orders")).await);
    orders.redrive_to(&dead).await;
    let all: Vec<String> = (0..60).map(|number| json!({"order": number}).to_string()).collect();
    orders.send_all(&all).await;
    let failing = tokio::spawn(fail(Arc::clone(&orders)));
    eventually("sixty messages that are given up", async || (dead.depth().await == (60, 0)).then_some(())).await;

    let ran = ops.run(&["replay", dead.name(), "--ramp"]).await;
    let summary = ran.summary();
    assert_eq!(ran.code, Some(2), "{summary}{}", ran.stderr);
    assert!(ran.stderr.contains("stopped:") && ran.stderr.contains("came back"), "{}", ran.stderr);
    assert!(summary["replayed"].as_u64().unwrap() <= 20, "{summary}");
    assert_eq!((&summary["failed"], &summary["remaining"]), (&summary["replayed"], &json!(60)), "{summary}");
    eventually("sixty messages that are back", async || (dead.depth().await == (60, 0)).then_some(())).await;
    failing.abort();
    failing.await.expect_err("it goes on until it is ended");
    let mut back: Vec<String> = bodies(&dead).await.into_values().collect();
    back.sort_by_key(|body| all.iter().position(|sent| sent == body));
    assert_eq!(back, all);
}

/// A consumer that fails with everything that it gets.
async fn fail(orders: Arc<TestQueue>) {
    loop {
        orders.receive_and_fail().await;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn bodies(queue: &TestQueue) -> BTreeMap<String, String> {
    let contents = queue.contents().await.into_iter();
    contents.map(|(id, message)| (id, message.body.expect("a body"))).collect()
}
