//! Reminders: an item that is due is told of once, and one that is not due any more never.

use aws_sdk_scheduler::operation::get_schedule::GetScheduleError;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tests::account::User;
use tests::bus::EventListener;
use tests::injected_fault::invoke;
use tests::product::Product;
use tests::wait::eventually;

/// Longer than Scheduler takes to have a schedule, on the local cloud.
const SOON: SignedDuration = SignedDuration::from_secs(3);

#[tokio::test]
async fn a_due_item_is_announced_once_when_its_schedule_fires_repeatedly() {
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
    eventually("no schedule", async || schedule_expression(&product, id(&item)).await.is_none().then_some(())).await;

    fire_schedule(&ann, &item["id"], &item["dueAt"]).await;
    fire_schedule(&ann, &item["id"], &item["dueAt"]).await;
    assert_eq!(get(&ann, &item).await, item, "a reminder changes nothing of the item");
    // What is published later comes later: a second reminder would be here.
    let next = Timestamp::now() + SOON;
    ann.api("todos").patch(&path(&item)).json(&json!({"dueAt": next})).expect(200).await;
    let heard = events.until(2, "TodoDue.v1").await;
    assert_eq!(heard.len(), 2, "{heard:?}");
    assert_eq!(heard[1]["detail"]["metadata"]["sequence"], 2);
}

#[tokio::test]
async fn the_schedule_of_an_item_follows_its_changes() {
    let product = Product::shared().await;
    let ann = product.user().await;
    let item = add(&ann, json!({"title": "x", "dueAt": "2199-01-01T10:00:00.001Z"})).await;
    let schedule = async |expected: Option<&str>| {
        let what = format!("{expected:?} as the schedule");
        eventually(&what, async || {
            (schedule_expression(&product, id(&item)).await.as_deref() == expected).then_some(())
        })
        .await;
    };
    let patch = |body: Value| ann.api("todos").patch(&path(&item)).json(&body).expect(200);
    let post = |verb: &str| ann.api("todos").post(&format!("{}/{verb}", path(&item))).expect(200);

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
    ann.api("todos").delete(&path(&item)).expect(204).await;
    schedule(Some(&purge_expression(&ann, &item).await)).await;
    post("restore").await;
    schedule(Some("at(2199-03-01T00:00:00)")).await;
    patch(json!({"dueAt": null})).await;
    ann.api("todos").delete(&path(&item)).expect(204).await;
    schedule(Some(&purge_expression(&ann, &item).await)).await;
    post("restore").await;
    schedule(None).await;
    ann.api("todos").delete(&path(&item)).expect(204).await;
    schedule(Some(&purge_expression(&ann, &item).await)).await;
    ann.api("todos").post(&format!("{}/purge", path(&item))).expect(204).await;
    schedule(None).await;
}

/// The schedule of a deleted item: the first whole second that is not before 30 days after its deletion.
async fn purge_expression(user: &User, item: &Value) -> String {
    let deleted = user.api("todos").get("/todos?status=deleted").expect(200).await;
    let found = deleted["items"].as_array().unwrap().iter().find(|deleted| deleted["id"] == item["id"]);
    let at: Timestamp = found.unwrap()["deletedAt"].as_str().unwrap().parse().unwrap();
    let second = at.as_second() + 30 * 24 * 60 * 60 + i64::from(at.subsec_nanosecond() > 0);
    Timestamp::from_second(second).unwrap().strftime("at(%Y-%m-%dT%H:%M:%S)").to_string()
}

#[tokio::test]
async fn an_item_created_long_after_its_due_time_has_no_reminder() {
    let product = Product::shared().await;
    let ann = product.user().await;
    let mut events = due_events(&ann).await;
    let ago = |seconds| Timestamp::now() - SignedDuration::from_secs(seconds);
    add(&ann, json!({"title": "long ago", "dueAt": ago(3600)})).await;
    let moved = add(&ann, json!({"title": "moved into the past", "dueAt": "2199-01-01T00:00:00Z"})).await;
    ann.api("todos").patch(&path(&moved)).json(&json!({"dueAt": ago(3600)})).expect(200).await;
    add(&ann, json!({"title": "just now", "dueAt": ago(5)})).await;

    let heard = events.until(1, "TodoDue.v1").await;
    assert_eq!(heard[0]["detail"]["data"]["title"], "just now");
    assert_eq!(schedule_expression(&product, id(&moved)).await, None);
}

#[tokio::test]
async fn an_outdated_schedule_has_no_effect() {
    let product = Product::shared().await;
    let (ann, bob) = (product.user().await, product.user().await);
    let mut events = due_events(&ann).await;
    let due_at = json!("2199-01-01T00:00:00Z");
    let new = async |title: &str| add(&ann, json!({"title": title, "dueAt": due_at})).await;
    let (moved, completed, deleted) = (new("moved").await, new("completed").await, new("deleted").await);
    ann.api("todos").patch(&path(&moved)).json(&json!({"dueAt": "2199-01-02T00:00:00Z"})).expect(200).await;
    ann.api("todos").post(&format!("{}/complete", path(&completed))).expect(200).await;
    ann.api("todos").delete(&path(&deleted)).expect(204).await;
    for item in [&moved, &completed, &deleted] {
        fire_schedule(&ann, &item["id"], &due_at).await;
    }
    let open = new("open").await;
    fire_schedule(&bob, &open["id"], &due_at).await;

    fire_schedule(&ann, &open["id"], &due_at).await;
    let heard = events.until(1, "TodoDue.v1").await;
    let titles: Vec<&Value> = heard.iter().map(|event| &event["detail"]["data"]["title"]).collect();
    assert_eq!(titles, [&json!("open")]);
    // After it was reopened it is due at a time for which no reminder was sent.
    ann.api("todos").post(&format!("{}/reopen", path(&completed))).expect(200).await;
    fire_schedule(&ann, &completed["id"], &due_at).await;
    assert_eq!(events.until(2, "TodoDue.v1").await.len(), 2);
}

/// When an item's schedule fires, as its expression; `None` without a schedule.
pub(crate) async fn schedule_expression(product: &Product, todo: &str) -> Option<String> {
    let client = aws_sdk_scheduler::Client::new(product.sdk());
    let group = format!("busline-{}-todos-reminders", product.env());
    match client.get_schedule().group_name(group).name(todo).send().await {
        Ok(schedule) => schedule.schedule_expression,
        Err(error) if error.as_service_error().is_some_and(GetScheduleError::is_resource_not_found_exception) => None,
        Err(error) => panic!("Scheduler does not answer: {error:?}"),
    }
}

/// Invokes the function that an item's schedule invokes, with the schedule's input for this due time.
async fn fire_schedule(user: &User, todo: &Value, due_at: &Value) {
    let function = user.product().function("todos", "remind");
    invoke(user.product(), &function, &json!({"todoId": todo, "ownerId": user.id, "dueAt": due_at})).await;
}

async fn due_events(user: &User) -> EventListener {
    let pattern = json!({"detail-type": ["TodoDue.v1"], "detail": {"data": {"ownerId": [user.id]}}});
    user.product().listen(pattern).await
}

async fn add(user: &User, body: Value) -> Value {
    user.api("todos").post("/todos").json(&body).expect(201).await
}

async fn get(user: &User, item: &Value) -> Value {
    user.api("todos").get(&path(item)).expect(200).await
}

fn id(item: &Value) -> &str {
    item["id"].as_str().unwrap()
}

fn path(item: &Value) -> String {
    format!("/todos/{}", id(item))
}
