//! Events that arrive after their user was deleted, from the archive or a dead-letter queue, and a file that was announced
//! before.

use crate::attachment::object_keys;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tests::account::User;
use tests::api::Api;
use tests::bus::TestEvent;
use tests::injected_fault::invoke;
use tests::ops::Operator;
use tests::product::Product;
use tests::wait::eventually;
use uuid::Uuid;

use super::life::Life;
use crate::dlq;

/// An event of before, and a function to which the bus would give it.
struct Delivery {
    event: TestEvent,
    /// Service and job, such as `notifications-update-inbox`.
    job: String,
}

impl Delivery {
    fn payload(&self) -> Value {
        dlq::as_delivered(&self.event)
    }
}

/// Gives all of them to the bus, and to each function by itself.
pub(super) async fn events(product: &Product, ann: &User, left: &Life, title: &str) {
    for delivery in deliveries(product, ann, left, title).await {
        product.put_events(&[&delivery.event]).await;
        invoke(product, &dlq::function_arn(product, &delivery.job), &delivery.payload()).await;
    }
}

/// Stops mail by the link of an old one, when the tombstone has expired.
pub(super) async fn link(product: &Product, ann: &User, left: &Life) {
    let id = format!("TOMBSTONE#{}", super::deletion_id(ann));
    let client = aws_sdk_dynamodb::Client::new(product.sdk());
    let expire = client.delete_item().table_name(product.table("notifications")).key("pk", AttributeValue::S(id));
    let expire = expire.key("sk", AttributeValue::S("TOMBSTONE".into())).return_values(ReturnValue::AllOld);
    assert!(expire.send().await.expect("the table answers").attributes.is_some(), "there was a tombstone");
    let anybody = Api::new(product, "notifications");
    anybody.post(&format!("/unsubscribe?token={}", left.stop)).expect(200).await;
}

/// Puts a message of each function into its service's dead-letter queue, as if it had waited there, and replays it as an
/// operator does. The functions have finished when this returns.
pub(super) async fn replays(product: &Product, ann: &User, left: &Life, title: &str) {
    let deliveries = deliveries(product, ann, left, title).await;
    let of_events = deliveries.iter().map(|delivery| (delivery.job.clone(), delivery.payload()));
    let replays: Vec<(String, Value)> = of_events.chain(invocations(ann, left)).collect();
    let ops = Operator::new(product);
    let sqs = aws_sdk_sqs::Client::new(product.sdk());
    for service in &product.services() {
        let of_service = replays.iter().filter(|(job, _)| job.starts_with(&format!("{service}-")));
        // No other message has this error type.
        let (mut count, kind) = (0, format!("Late{}", Uuid::new_v4().simple()));
        for (job, payload) in of_service {
            let dead_letter = failure_record(product, job, payload, &kind).to_string();
            let send = sqs.send_message().queue_url(product.dead_letter_queue_url(service)).message_body(dead_letter);
            send.send().await.expect("a queue that accepts messages");
            count += 1;
        }
        // With a ramp, the answer of each function is awaited.
        let arguments = ["replay", service, "--error-type", &kind, "--ramp", "--superseded"];
        if count > 0 {
            dlq::is_done(&ops.run(&arguments).await, count);
        }
    }
}

/// The form of an announced file works for five minutes, also when its user is gone meanwhile: what it brings is swept
/// away. What was kept is gone.
pub(super) async fn files(product: &Product, ann: &User, left: &Life, picture: &str) {
    assert_eq!(product.http().get(picture).send().await.expect("S3 answers").status(), 404, "a link of before");
    left.announced.form.upload(product, b"late").await;
    eventually("no object", async || object_keys(ann).await.is_empty().then_some(())).await;
}

async fn deliveries(product: &Product, ann: &User, left: &Life, title: &str) -> Vec<Delivery> {
    let client = aws_sdk_eventbridge::Client::new(product.sdk());
    let rules = client.list_rules().event_bus_name(product.bus()).send().await.expect("rules").rules;
    let mut all = Vec::new();
    for rule in rules.unwrap_or_default() {
        let targets = client.list_targets_by_rule().rule(rule.name().unwrap()).event_bus_name(product.bus());
        let targets = targets.send().await.expect("targets").targets.unwrap_or_default();
        let functions = targets.iter().filter_map(|target| target.arn().split_once(":function:"));
        let jobs: Vec<&str> = functions
            .filter_map(|(_, name)| name.strip_prefix("busline-")?.split_once('-'))
            .map(|(_, job)| job)
            .collect();
        let pattern: Value = serde_json::from_str(rule.event_pattern().unwrap_or("{}")).unwrap();
        let names = pattern["detail-type"].as_array().cloned().unwrap_or_default();
        for name in names.iter().filter_map(|name| name.as_str()?.strip_suffix(".v1")) {
            all.extend(
                jobs.iter()
                    .filter_map(|job| Some(Delivery { event: event(name, ann, left, title)?, job: (*job).to_owned() })),
            );
        }
    }
    let is_there = |name: &str| all.iter().any(|delivery| delivery.event.detail_type == name);
    assert!(is_there("TodoCreated.v1") && is_there("AttachmentReady.v1") && is_there("UserRegistered.v1"));
    all
}

/// An event of this name about a deleted user; `None` for events about the deletion itself.
fn event(name: &str, ann: &User, left: &Life, title: &str) -> Option<TestEvent> {
    let id = |path: &str| path.rsplit('/').next().unwrap().parse::<Uuid>().unwrap();
    let (todo, attachment) = (id(&left.item), id(&left.picture.path));
    let about_todo = json!({
        "todoId": todo, "ownerId": ann.id, "title": title, "changed": ["title"], "priority": "low", "tags": [],
        "completedAt": Timestamp::now(), "dueAt": Timestamp::now(),
    });
    let about_file = json!({
        "attachmentId": attachment, "todoId": todo, "ownerId": ann.id, "name": title, "contentType": "image/png",
        "bytes": 8, "reason": "too-large",
    });
    let about_user = json!({
        "userId": ann.id, "email": ann.account.email, "displayName": title, "locale": "en", "timeZone": "UTC",
        "registeredAt": Timestamp::now(), "changed": ["locale"],
    });
    let export = Uuid::now_v7();
    let about_export = json!({
        "userId": ann.id, "exportId": export, "requestedAt": Timestamp::now(), "expiresAt": Timestamp::now(),
        "key": title, "bytes": 8,
    });
    match name {
        "UserRegistered" | "UserProfileChanged" => Some(TestEvent::new("users", name, ann.id, 9, &about_user)),
        name if name.starts_with("Attachment") => Some(TestEvent::new("todos", name, attachment, 9, &about_file)),
        "UserExportRequested" | "UserExportReady" => Some(TestEvent::new("users", name, export, 9, &about_export)),
        "UserDataExported" => Some(TestEvent::new("todos", name, export, 9, &about_export)),
        name if name.starts_with("Todo") => Some(TestEvent::new("todos", name, todo, 9, &about_todo)),
        _ => None,
    }
}

/// What others than the bus gave to functions: Scheduler, the bucket, the planner of digests.
fn invocations(ann: &User, left: &Life) -> [(String, Value); 4] {
    let todo = left.item.rsplit('/').next().unwrap();
    let key = left.announced.form.field("key");
    let uploaded = json!({"Records": [{
        "eventName": "ObjectCreated:Post",
        "eventTime": Timestamp::now(),
        "userIdentity": {},
        "requestParameters": {},
        "s3": {"bucket": {}, "object": {"key": key, "eTag": "0123456789abcdef0123456789abcdef", "size": 4}},
    }]});
    [
        ("todos-remind".into(), json!({"todoId": todo, "ownerId": ann.id, "dueAt": "2199-01-01T00:00:00Z"})),
        ("todos-purge-expired".into(), json!({"todoId": todo, "ownerId": ann.id, "deletedAt": "2026-01-01T00:00:00Z"})),
        ("todos-check-attachment".into(), uploaded),
        ("notifications-send-digest-mail".into(), json!({"userId": ann.id, "digestAt": Timestamp::now()})),
    ]
}

fn failure_record(product: &Product, job: &str, payload: &Value, kind: &str) -> Value {
    let error = (kind, "the table failed");
    let whatever = TestEvent::new("todos", "TodoDeleted", Uuid::now_v7(), 1, &json!({}));
    let record = dlq::record(product, job, &whatever, error, SignedDuration::from_mins(5));
    let mut record: Value = serde_json::from_str(&record).unwrap();
    record["requestPayload"] = payload.clone();
    record
}
