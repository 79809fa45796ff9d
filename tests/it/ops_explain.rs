//! `ops dlq explain`: the story of an event, put together from what every service keeps of it.

use std::collections::BTreeSet;
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

/// Where steps of this kind were taken.
fn places(story: &Value, kind: &str) -> BTreeSet<String> {
    let steps = story["steps"].as_array().unwrap().iter().filter(|step| step["kind"] == kind);
    steps.map(|step| step["place"].as_str().unwrap().to_owned()).collect()
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
        Some(story(&product, event_id)).filter(|story| places(story, "handled").len() == 3)
    })
    .await;
    assert_eq!(told["event"]["eventType"], "TodoCreated.v1");
    assert_eq!((&told["event"]["subject"], &told["event"]["sequence"]), (&item["id"], &json!(1)));
    assert_eq!(told["traceId"].as_str().unwrap().len(), 32);
    assert_eq!(told["unseen"], json!([]));
    let named = |name: &str| format!("busline-{}-{name}", product.env());
    assert_eq!(kinds(&told)[..2], ["committed", "published"]);
    assert_eq!(places(&told, "committed"), [named("todos")].into());
    assert_eq!(places(&told, "published"), [named("todos-publish")].into());
    let jobs = ["push-todos", "todo-created", "update-agenda"].map(|job| named(&format!("notifications-{job}")));
    assert_eq!(places(&told, "matched"), jobs.clone().into());
    assert_eq!(places(&told, "handled"), jobs.into());
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
    assert_eq!(places(&told, "matched").len(), 2);
    let waiting: Vec<&Value> =
        told["steps"].as_array().unwrap().iter().filter(|step| step["kind"] == "waiting").collect();
    let [waiting] = waiting[..] else { panic!("one letter waits: {told}") };
    assert_eq!(waiting["place"], format!("busline-{}-notifications-dlq", product.env()));
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
