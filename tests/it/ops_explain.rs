//! `ops dlq explain`: the story of an event, put together from what every service keeps of it.

use std::collections::BTreeMap;
use std::process::{Command, Output};

use serde_json::{Value, json};
use tests::bus::Forged;
use tests::ops::program;
use tests::product::{Product, Service};
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

fn story(product: &Product, event_id: &str) -> Value {
    let output = ops(product, &["explain", event_id, "--format", "json"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    serde_json::from_slice(&output.stdout).expect("a story in JSON")
}

fn kinds(story: &Value) -> Vec<&str> {
    story["steps"].as_array().unwrap().iter().map(|step| step["kind"].as_str().unwrap()).collect()
}

/// What happened in each place, in order there.
fn by_place(story: &Value) -> BTreeMap<&str, Vec<&str>> {
    let mut places: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for step in story["steps"].as_array().unwrap() {
        places.entry(step["place"].as_str().unwrap()).or_default().push(step["kind"].as_str().unwrap());
    }
    places
}

#[tokio::test]
async fn an_event_is_told_from_its_commit_to_its_effect() {
    let product = Product::shared().await;
    let ann = product.user().await;
    let item = ann.todos().post("/todos").json(&json!({"title": "Buy milk"})).expect(201).await;
    // An inbox entry has the id of its event.
    let entries = inbox::eventually_of(&ann, 2).await;
    let event_id = entries[0]["id"].as_str().unwrap();

    // Three jobs read it, each by its own rule.
    let told = eventually("a story with its end", async || {
        let told = story(&product, event_id);
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
        // It says how many sessions it told.
        ("notifications-push-todos", vec!["matched", "logged", "handled"]),
        ("notifications-todo-created", vec!["matched", "handled"]),
        ("notifications-update-agenda", vec!["matched", "handled"]),
        ("todos", vec!["committed"]),
        ("todos-publish", vec!["published"]),
    ];
    let expected = expected.map(|(place, kinds)| (named(place), kinds));
    assert_eq!(by_place(&told), expected.iter().map(|(place, kinds)| (place.as_str(), kinds.clone())).collect());
    assert!(!told.to_string().contains("Buy milk"), "a story tells of events, not what is in them");
}

#[tokio::test]
async fn a_failed_event_is_told_to_the_queue_where_it_waits_and_what_cannot_be_seen_is_said() {
    let product = Product::alone().await;
    let letters = product.dead_letters(Service::Notifications);
    let todo = Uuid::now_v7();
    // Nobody committed it, and nobody can read it. Of the two jobs that try, push keeps no dead letters.
    let data = json!({"attachmentId": todo, "todoId": todo, "name": "x", "reason": "unsafe"});
    let event = Forged::new("todos", "AttachmentRejected", todo, 3, &data);
    product.put_events(&[&event]).await;
    eventually("a dead letter", async || letters.with(event.id()).await.pop()).await;

    let told = story(&product, event.id());
    let named = |name: &str| format!("busline-{}-notifications-{name}", product.env());
    let expected = [("attachment-rejected", "matched"), ("dlq", "waiting"), ("push-todos", "matched")]
        .map(|(place, kind)| (named(place), kind));
    assert_eq!(by_place(&told), expected.iter().map(|(place, kind)| (place.as_str(), vec![*kind])).collect());
    let waiting = told["steps"].as_array().unwrap().iter().find(|step| step["kind"] == "waiting").unwrap();
    assert!(waiting["text"].as_str().unwrap().contains("EventUnreadable"), "{waiting}");
    let unseen = told["unseen"].to_string();
    assert!(unseen.contains("no outbox has its row: nobody committed it here"), "{unseen}");
    assert!(unseen.contains("no line says that it was published"), "{unseen}");
    letters.remove(&letters.with(event.id()).await.pop().expect("explain takes nothing out")).await;
}

#[tokio::test]
async fn an_event_that_nobody_knows_is_wrong_use() {
    let product = Product::shared().await;
    let output = ops(&product, &["explain", &Uuid::now_v7().to_string()]);
    assert_eq!(output.status.code(), Some(64));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("nothing is known of the event"), "{said}");
}
