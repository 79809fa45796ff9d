//! `ops dlq explain`: the timeline of an event, from what every service stores about it.

use std::collections::BTreeMap;
use std::process::{Command, Output};

use serde_json::{Value, json};
use tests::bus::TestEvent;
use tests::ops::program;
use tests::product::Product;
use tests::wait::eventually;
use uuid::Uuid;

use crate::inbox;

/// Runs a command of `ops dlq` as an operator of the product's environment.
pub(crate) fn ops(product: &Product, arguments: &[&str]) -> Output {
    let home = std::env::temp_dir().join(format!("ops-{}", Uuid::now_v7()));
    let mut command = Command::new(program());
    command.arg("dlq").args(arguments).args(["--env", product.env()]).env_clear();
    command.env("AWS_ENDPOINT_URL", product.endpoint()).env("AWS_REGION", "eu-west-1").env("BUSLINE_HOME", home);
    command.env("AWS_ACCESS_KEY_ID", "test").env("AWS_SECRET_ACCESS_KEY", "test");
    command.output().expect("the operations CLI runs")
}

fn timeline(product: &Product, event_id: &str) -> Value {
    let output = ops(product, &["explain", event_id, "--format", "json"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    serde_json::from_slice(&output.stdout).expect("a timeline in JSON")
}

fn kinds(timeline: &Value) -> Vec<&str> {
    timeline["steps"].as_array().unwrap().iter().map(|step| step["kind"].as_str().unwrap()).collect()
}

/// What happened in each place, in order there.
fn by_place(timeline: &Value) -> BTreeMap<&str, Vec<&str>> {
    let mut places: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for step in timeline["steps"].as_array().unwrap() {
        places.entry(step["place"].as_str().unwrap()).or_default().push(step["kind"].as_str().unwrap());
    }
    places
}

#[tokio::test]
async fn explain_shows_an_event_from_its_commit_to_its_effect() {
    let product = Product::shared().await;
    let ann = product.user().await;
    let item = ann.api("todos").post("/todos").json(&json!({"title": "Buy milk"})).expect(201).await;
    // An inbox entry has the id of its event.
    let entries = inbox::wait_for_entries(&ann, 2).await;
    let event_id = entries[0]["id"].as_str().unwrap();

    // Three jobs read it, each by its own rule.
    let told = eventually("a timeline with its end", async || {
        let told = timeline(&product, event_id);
        (kinds(&told).iter().filter(|kind| **kind == "handled").count() == 3).then_some(told)
    })
    .await;
    assert_eq!(told["event"]["eventType"], "TodoCreated.v1");
    assert_eq!((&told["event"]["subject"], &told["event"]["sequence"]), (&item["id"], &json!(1)));
    assert_eq!(told["traceId"].as_str().unwrap().len(), 32);
    assert_eq!(told["unseen"], json!([]));
    let named = |name: &str| format!("busline-{}-{name}", product.env());
    assert_eq!(kinds(&told)[..2], ["committed", "published"]);
    let expected = [
        // It logs how many connections it has sent the event to.
        ("notifications-push-changes", vec!["matched", "logged", "handled"]),
        ("notifications-update-inbox", vec!["matched", "handled"]),
        ("notifications-update-agenda", vec!["matched", "handled"]),
        ("todos", vec!["committed"]),
        ("todos-publish", vec!["published"]),
    ];
    let expected = expected.map(|(place, kinds)| (named(place), kinds));
    assert_eq!(by_place(&told), expected.iter().map(|(place, kinds)| (place.as_str(), kinds.clone())).collect());
    assert!(!told.to_string().contains("Buy milk"), "a timeline contains no event data");
}

#[tokio::test]
async fn explain_shows_the_queue_of_a_failed_event_and_what_is_unknown() {
    let product = Product::alone().await;
    let dead_letters = product.dead_letter_queue("notifications");
    let todo = Uuid::now_v7();
    // Nobody committed it, and nobody can read it. Of the two jobs that try, push has no dead-letter queue.
    let data = json!({"attachmentId": todo, "todoId": todo, "name": "x", "reason": "unsafe"});
    let event = TestEvent::new("todos", "AttachmentRejected", todo, 3, &data);
    product.put_events(&[&event]).await;
    dead_letters.wait_for(event.id()).await;

    let told = timeline(&product, event.id());
    let named = |name: &str| format!("busline-{}-notifications-{name}", product.env());
    let expected = [("dlq", "waiting"), ("push-changes", "matched"), ("update-inbox", "matched")]
        .map(|(place, kind)| (named(place), kind));
    assert_eq!(by_place(&told), expected.iter().map(|(place, kind)| (place.as_str(), vec![*kind])).collect());
    let waiting = told["steps"].as_array().unwrap().iter().find(|step| step["kind"] == "waiting").unwrap();
    assert!(waiting["text"].as_str().unwrap().contains("EventUnreadable"), "{waiting}");
    let unseen = told["unseen"].to_string();
    assert!(unseen.contains("no outbox has its row: it was never committed here"), "{unseen}");
    assert!(unseen.contains("no log line of its publication"), "{unseen}");
    dead_letters.delete(&dead_letters.wait_for(event.id()).await).await;
}

#[tokio::test]
async fn explain_of_an_unknown_event_is_a_usage_error() {
    let product = Product::shared().await;
    let output = ops(&product, &["explain", &Uuid::now_v7().to_string()]);
    assert_eq!(output.status.code(), Some(64));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("nothing is known of the event"), "{said}");
}
