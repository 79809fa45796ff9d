//! `ops dlq` end to end: every kind of failure record, made for real, shown, and brought back to real consumers.

mod any_queue;
mod bounds;
mod completeness;
mod hostile;
mod kills;
mod lambda;
mod order;
mod queues;
mod reading;
mod rehearsal;
mod rollback;
mod rules;
mod selective;
mod stopping;
mod streams;
mod topics;
mod waiting;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tests::bus::TestEvent;
use tests::cloud::EmptyCloud;
use tests::ops::{CommandOutput, Operator};
use tests::product::Product;
use tests::test_queue::TestQueue;
use tests::wait::eventually;
use tokio::process::{Child, Command};
use uuid::Uuid;

/// An event that nobody committed, for the inbox of `owner`.
pub(crate) fn news(name: &str, owner: Uuid) -> TestEvent {
    let todo = Uuid::now_v7();
    let data = json!({
        "todoId": todo, "ownerId": owner, "title": "Buy milk", "changed": ["title", "priority"], "priority": "normal", "tags": [],
        "completedAt": Timestamp::now(),
    });
    TestEvent::new("todos", name, todo, 1, &data)
}

/// The record of a failure as Lambda gives it to an `OnFailure` destination.
///
/// <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html>
pub(crate) fn record(
    product: &Product,
    function: &str,
    event: &TestEvent,
    error: (&str, &str),
    age: SignedDuration,
) -> String {
    let failed_at = Timestamp::now().checked_sub(age).expect("a time");
    json!({
        "version": "1.0",
        "timestamp": failed_at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string(),
        "requestContext": {
            "requestId": Uuid::new_v4(),
            "functionArn": format!("{}:$LATEST", function_arn(product, function)),
            "condition": "RetriesExhausted",
            "approximateInvokeCount": 3,
        },
        "requestPayload": as_delivered(event),
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "responsePayload": {"errorType": error.0, "errorMessage": error.1},
    })
    .to_string()
}

/// An event as the bus gives it to a function.
pub(crate) fn as_delivered(event: &TestEvent) -> Value {
    json!({
        "version": "0",
        "id": Uuid::new_v4(),
        "detail-type": event.detail_type,
        "source": event.source,
        "account": "000000000000",
        "time": "2026-11-21T09:00:00Z",
        "region": "eu-west-1",
        "resources": [],
        "detail": event.detail,
    })
}

/// The ARN of a service's job, such as `notifications-update-inbox`.
pub(crate) fn function_arn(product: &Product, job: &str) -> String {
    let region = product.sdk().region().expect("a region");
    format!("arn:aws:lambda:{region}:000000000000:function:busline-{}-{job}", product.env())
}

/// What all shapes of a bus event's failure show of the event.
pub(crate) fn shows(message: &Value, envelope: &str, wrapped: Wrapped, event: &TestEvent) {
    let metadata = &event.detail["metadata"];
    assert_eq!((&message["envelope"], &message["wrappedBySns"]), (&json!(envelope), &json!(wrapped == Wrapped::BySns)));
    assert_eq!(message["event"]["detail"], event.detail, "the event is whole");
    assert_eq!((&message["eventId"], &message["eventType"]), (&metadata["eventId"], &json!(event.detail_type)));
    assert_eq!((&message["subject"], &message["sequence"]), (&metadata["subject"], &metadata["sequence"]));
}

/// Whether SNS is around a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrapped {
    No,
    BySns,
}

/// A dead-letter queue with messages, and the queue that they are replayed to.
pub(crate) struct Queues {
    pub(crate) ops: Operator,
    pub(crate) dead: TestQueue,
    pub(crate) orders: TestQueue,
    // Dropped last, because the queues are deleted there.
    pub(crate) cloud: EmptyCloud,
}

impl Queues {
    pub(crate) async fn with(count: usize) -> Self {
        let cloud = EmptyCloud::start().await;
        let ops = Operator::with_endpoint(&cloud.endpoint);
        let dead = TestQueue::create(&cloud.sdk(), &TestQueue::unique_name("dlq")).await;
        let orders = TestQueue::create(&cloud.sdk(), &TestQueue::unique_name("orders")).await;
        dead.send_all(&numbered(count)).await;
        Self { ops, dead, orders, cloud }
    }

    pub(crate) fn replay(&self, options: &[&str]) -> Child {
        self.ops.start(&[&["replay", self.dead.name(), "--to-queue", self.orders.name()], options].concat())
    }

    pub(crate) async fn wait_until_sent(&self, count: u64) {
        eventually("the first messages are replayed", async || (self.orders.depth().await.0 >= count).then_some(()))
            .await;
    }
}

/// So many different small texts.
pub(crate) fn numbered(count: usize) -> Vec<String> {
    (0..count).map(|number| number.to_string()).collect()
}

/// Sends a signal to a running command.
pub(crate) async fn signal(process: &Child, name: &str) {
    let id = process.id().expect("a running process").to_string();
    let sent = Command::new("kill").args(["-s", name, "--", &id]).status().await.expect("kill runs");
    assert!(sent.success(), "the process gets the signal {name}");
}

/// All that was planned is done, and it was so many messages.
pub(crate) fn is_done(ran: &CommandOutput, count: u64) {
    let summary = ran.summary();
    let numbers = ["planned", "replayed", "failed", "remaining"].map(|name| summary[name].as_u64());
    assert_eq!((ran.code, numbers), (Some(0), [Some(count), Some(count), Some(0), Some(0)]), "{summary}{}", ran.stderr);
}

/// Nothing was planned, and the message is where it was.
pub(crate) async fn expect_no_replay(ops: &Operator, queue: &TestQueue, said: &str) {
    let depth = queue.depth().await;
    let ran = ops.run_ok(&["replay", queue.name()]).await;
    let summary = ran.summary();
    assert_eq!((&summary["planned"], &summary["replayed"]), (&json!(0), &json!(0)), "{summary}");
    assert!(ran.stderr.contains(said), "`{said}` is said: {}", ran.stderr);
    assert_eq!(queue.depth().await, depth);
}
