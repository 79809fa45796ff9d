//! Reminders: an item that is due is told of once, and one that is not due any more never.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tests::account::User;
use tests::bus::Listener;
use tests::product::Product;
use tests::wait::eventually;

use crate::inbox;

/// Longer than Scheduler takes to have a schedule, on the local cloud.
const SOON: SignedDuration = SignedDuration::from_secs(3);

#[tokio::test]
async fn an_item_that_is_due_is_told_of_once_however_often_its_schedule_fires() {
    let product = Product::shared().await;
    let ann = product.user().await;
    let mut events = due_events(&ann).await;
    let item = add(&ann, json!({"title": "Buy milk", "dueAt": Timestamp::now() + SOON})).await;

    let heard = events.until(1, "TodoDue.v1").await;
    let event = heard[0]["detail"].clone();
    let data = json!({"todoId": item["id"], "ownerId": ann.id, "title": "Buy milk", "dueAt": item["dueAt"]});
    assert_eq!(event["data"], data);
    assert_eq!((&event["metadata"]["subject"], &event["metadata"]["sequence"]), (&item["id"], &json!(1)));
    let occurred: Timestamp = event["metadata"]["occurredAt"].as_str().unwrap().parse().unwrap();
    let due: Timestamp = item["dueAt"].as_str().unwrap().parse().unwrap();
    assert!(occurred >= due, "{occurred} is before {due}");
    let entries = inbox::eventually_of(&ann, 3).await;
    let due_entry = entries.iter().find(|entry| entry["kind"] == "todo-due").expect("an entry");
    assert_eq!((&due_entry["title"], &due_entry["todoId"]), (&json!("“Buy milk” is due"), &item["id"]));
    eventually("no schedule", async || product.schedule_of(id(&item)).await.is_none().then_some(())).await;

    product.remind(ann.id, &item["id"], &item["dueAt"]).await;
    product.remind(ann.id, &item["id"], &item["dueAt"]).await;
    assert_eq!(get(&ann, &item).await, item, "a reminder changes nothing of the item");
    // What is published later comes later: a second reminder would be here.
    let next = Timestamp::now() + SOON;
    ann.todos().patch(&path(&item)).json(&json!({"dueAt": next})).expect(200).await;
    let heard = events.until(2, "TodoDue.v1").await;
    assert_eq!(heard.len(), 2, "{heard:?}");
    assert_eq!(heard[1]["detail"]["metadata"]["sequence"], 2);
    inbox::eventually_of(&ann, 5).await;
}

#[tokio::test]
async fn a_schedule_follows_its_item() {
    let product = Product::shared().await;
    let ann = product.user().await;
    let item = add(&ann, json!({"title": "x", "dueAt": "2199-01-01T10:00:00.001Z"})).await;
    let schedule = async |expected: Option<&str>| {
        let what = format!("{expected:?} as the schedule");
        eventually(&what, async || (product.schedule_of(id(&item)).await.as_deref() == expected).then_some(())).await;
    };
    let patch = |body: Value| ann.todos().patch(&path(&item)).json(&body).expect(200);
    let post = |verb: &str| ann.todos().post(&format!("{}/{verb}", path(&item))).expect(200);

    schedule(Some("at(2199-01-01T10:00:01)")).await;
    patch(json!({"dueAt": "2199-02-01T10:00:00+02:00"})).await;
    schedule(Some("at(2199-02-01T08:00:00)")).await;
    post("complete").await;
    schedule(None).await;
    post("reopen").await;
    schedule(Some("at(2199-02-01T08:00:00)")).await;
    patch(json!({"dueAt": null})).await;
    schedule(None).await;
    patch(json!({"dueAt": "2199-03-01T00:00:00Z"})).await;
    schedule(Some("at(2199-03-01T00:00:00)")).await;
    ann.todos().delete(&path(&item)).expect(204).await;
    schedule(None).await;
}

#[tokio::test]
async fn what_was_late_when_it_was_written_down_has_no_reminder_and_what_is_just_due_has() {
    let product = Product::shared().await;
    let ann = product.user().await;
    let mut events = due_events(&ann).await;
    let ago = |seconds| Timestamp::now() - SignedDuration::from_secs(seconds);
    add(&ann, json!({"title": "long ago", "dueAt": ago(3600)})).await;
    let moved = add(&ann, json!({"title": "moved into the past", "dueAt": "2199-01-01T00:00:00Z"})).await;
    ann.todos().patch(&path(&moved)).json(&json!({"dueAt": ago(3600)})).expect(200).await;
    add(&ann, json!({"title": "just now", "dueAt": ago(5)})).await;

    let heard = events.until(1, "TodoDue.v1").await;
    assert_eq!(heard[0]["detail"]["data"]["title"], "just now");
    assert_eq!(product.schedule_of(id(&moved)).await, None);
}

#[tokio::test]
async fn a_schedule_that_fires_for_what_is_not_due_any_more_does_nothing() {
    let product = Product::shared().await;
    let (ann, bob) = (product.user().await, product.user().await);
    let mut events = due_events(&ann).await;
    let due_at = json!("2199-01-01T00:00:00Z");
    let new = async |title: &str| add(&ann, json!({"title": title, "dueAt": due_at})).await;
    let (moved, completed, deleted) = (new("moved").await, new("completed").await, new("deleted").await);
    ann.todos().patch(&path(&moved)).json(&json!({"dueAt": "2199-01-02T00:00:00Z"})).expect(200).await;
    ann.todos().post(&format!("{}/complete", path(&completed))).expect(200).await;
    ann.todos().delete(&path(&deleted)).expect(204).await;
    for item in [&moved, &completed, &deleted] {
        product.remind(ann.id, &item["id"], &due_at).await;
    }
    let open = new("open").await;
    product.remind(bob.id, &open["id"], &due_at).await;

    product.remind(ann.id, &open["id"], &due_at).await;
    let heard = events.until(1, "TodoDue.v1").await;
    let titles: Vec<&Value> = heard.iter().map(|event| &event["detail"]["data"]["title"]).collect();
    assert_eq!(titles, [&json!("open")]);
    // Taken up again, it is due at a time that it was never reminded of.
    ann.todos().post(&format!("{}/reopen", path(&completed))).expect(200).await;
    product.remind(ann.id, &completed["id"], &due_at).await;
    assert_eq!(events.until(2, "TodoDue.v1").await.len(), 2);
}

async fn due_events(user: &User) -> Listener {
    let pattern = json!({"detail-type": ["TodoDue.v1"], "detail": {"data": {"ownerId": [user.id]}}});
    user.product().listen(pattern).await
}

async fn add(user: &User, body: Value) -> Value {
    user.todos().post("/todos").json(&body).expect(201).await
}

async fn get(user: &User, item: &Value) -> Value {
    user.todos().get(&path(item)).expect(200).await
}

fn id(item: &Value) -> &str {
    item["id"].as_str().unwrap()
}

fn path(item: &Value) -> String {
    format!("/todos/{}", id(item))
}
