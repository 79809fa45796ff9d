//! The inbox: what happened, told once.

use jiff::Timestamp;
use serde_json::{Value, json};
use tests::account::User;
use tests::bus::TestEvent;
use tests::product::Product;
use tests::wait::eventually;
use uuid::Uuid;

/// Waits until an inbox has `count` entries, and fails if it has more. Returns them, newest first.
pub(crate) async fn wait_for_entries(user: &User, count: usize) -> Vec<Value> {
    let entries = eventually(&format!("{count} entries in the inbox"), async || {
        let page = user.api("notifications").get("/notifications?limit=100").expect(200).await;
        let entries = page["items"].as_array().unwrap().clone();
        (entries.len() >= count).then_some(entries)
    })
    .await;
    assert_eq!(entries.len(), count, "{entries:?}");
    entries
}

/// Puts the events of `count` due items of a user on the bus: each becomes an unread entry. Returns their ids.
pub(crate) async fn remind(user: &User, count: usize) -> Vec<String> {
    let due = |number: usize| {
        let todo = Uuid::now_v7();
        let data =
            json!({"todoId": todo, "ownerId": user.id, "title": format!("item {number}"), "dueAt": Timestamp::now()});
        TestEvent::new("todos", "TodoDue", todo, 1, &data)
    };
    let events: Vec<_> = (0..count).map(due).collect();
    // The bus takes ten events a request.
    for batch in events.chunks(10) {
        user.product().put_events(&batch.iter().collect::<Vec<_>>()).await;
    }
    events.iter().map(|event| event.id().to_owned()).collect()
}

#[tokio::test]
async fn each_kind_of_event_creates_exactly_one_entry() {
    let product = Product::shared().await;
    let ann = product.user().await;
    let mut events = product.listen(json!({"detail": {"data": {"ownerId": [ann.id]}}})).await;
    let item = ann.api("todos").post("/todos").json(&json!({"title": "Buy milk"})).expect(201).await;
    let path = format!("/todos/{}", item["id"].as_str().unwrap());
    // A pause in typing saves the text, and is nothing that anybody has to be told of.
    ann.api("todos").patch(&path).json(&json!({"title": "Buy oat"})).expect(200).await;
    ann.api("todos").patch(&path).json(&json!({"notes": "The fresh one"})).expect(200).await;
    let change = json!({"title": "Buy oat milk", "priority": "high"});
    ann.api("todos").patch(&path).json(&change).expect(200).await;
    ann.api("todos").post(&format!("{path}/complete")).expect(200).await;
    ann.api("todos").post(&format!("{path}/reopen")).expect(200).await;
    ann.api("todos").delete(&path).expect(204).await;

    let entries = wait_for_entries(&ann, 6).await;
    let kinds: Vec<&str> = entries.iter().map(|entry| entry["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["todo-deleted", "todo-reopened", "todo-completed", "todo-changed", "todo-created", "welcome"]);
    let heard = events.until(1, "TodoDeleted.v1").await.iter().rev();
    let heard = heard.filter(|event| {
        let changed = &event["detail"]["data"]["changed"];
        changed.is_null() || *changed == json!(["title", "priority"])
    });
    for (entry, event) in entries.iter().zip(heard) {
        let detail = &event["detail"];
        assert_eq!(entry["id"], detail["metadata"]["eventId"]);
        assert_eq!(entry["todoId"], item["id"]);
        assert_eq!(entry["occurredAt"], detail["metadata"]["occurredAt"]);
        assert!(entry["title"].as_str().unwrap().contains(detail["data"]["title"].as_str().unwrap()));
        assert_eq!(entry["readAt"], entry["occurredAt"], "her own change is not unread");
    }
    assert!(entries[4]["title"].as_str().unwrap().contains("Buy milk"));
    assert!(entries[0]["title"].as_str().unwrap().contains("Buy oat milk"));
    let inbox = ann.api("notifications").get("/notifications").expect(200).await;
    assert_eq!((&inbox["unread"], &inbox["nextCursor"]), (&json!(1), &json!(null)), "the greeting alone is unread");
}

#[tokio::test]
async fn a_due_item_and_a_ready_attachment_create_one_entry_each() {
    let product = Product::shared().await;
    let ann = product.user().await;
    let (todo, attachment) = (Uuid::now_v7(), Uuid::now_v7());
    let due = json!({"todoId": todo, "ownerId": ann.id, "title": "Buy milk", "dueAt": Timestamp::now()});
    let ready = json!({
        "attachmentId": attachment, "todoId": todo, "ownerId": ann.id, "name": "list.png", "contentType": "image/png",
        "bytes": 8,
    });
    wait_for_entries(&ann, 1).await;
    product.put_events(&[&TestEvent::new("todos", "TodoDue", todo, 1, &due)]).await;
    let entries = wait_for_entries(&ann, 2).await;
    assert_eq!((&entries[0]["kind"], &entries[0]["todoId"]), (&json!("todo-due"), &json!(todo)));
    assert_eq!(entries[0]["title"], "“Buy milk” is due");
    product.put_events(&[&TestEvent::new("todos", "AttachmentReady", attachment, 2, &ready)]).await;
    assert_eq!(wait_for_entries(&ann, 3).await[0]["kind"], "attachment-ready");
    let inbox = ann.api("notifications").get("/notifications").expect(200).await;
    assert_eq!(inbox["unread"], 2, "the greeting and the reminder, but not the user's own file");
}

#[tokio::test]
async fn marking_an_entry_as_read_twice_has_the_effect_of_once() {
    let product = Product::shared().await;
    let (ann, bob) = (product.user().await, product.user().await);
    remind(&ann, 1).await;
    let entries = wait_for_entries(&ann, 2).await;
    let read = |entry: &Value| format!("/notifications/{}/read", entry["id"].as_str().unwrap());
    let mark = |entry: &Value| ann.api("notifications").post(&read(entry)).expect(200);

    let (first, at_once) = tokio::join!(mark(&entries[0]), mark(&entries[0]));
    assert_eq!(first, at_once);
    assert!(first["readAt"].is_string());
    assert_eq!(mark(&entries[0]).await, first, "the first time stays");
    let inbox = ann.api("notifications").get("/notifications").expect(200).await;
    assert_eq!((&inbox["unread"], &inbox["items"][0]), (&json!(1), &first));
    let unread = ann.api("notifications").get("/notifications?unread=true").expect(200).await;
    assert_eq!((&unread["unread"], &unread["items"]), (&json!(1), &json!([entries[1]])));

    bob.api("notifications").post(&read(&entries[1])).expect_problem(404, "not-found").await;
    for id in ["x".to_owned(), Uuid::now_v7().to_string(), Uuid::nil().to_string()] {
        ann.api("notifications").post(&format!("/notifications/{id}/read")).expect_problem(404, "not-found").await;
    }
    mark(&entries[1]).await;
    assert_eq!(ann.api("notifications").get("/notifications?unread=true").expect(200).await["unread"], 0);
}

#[tokio::test]
async fn an_inbox_is_listed_in_pages_newest_first() {
    let product = Product::shared().await;
    let (ann, bob) = (product.user().await, product.user().await);
    wait_for_entries(&ann, 1).await;
    for number in 0..6 {
        ann.api("todos").post("/todos").json(&json!({"title": format!("item {number}")})).expect(201).await;
    }
    let all = wait_for_entries(&ann, 7).await;
    assert!(all.iter().map(|entry| entry["id"].as_str().unwrap()).is_sorted_by(|newer, older| newer > older));

    let (mut seen, mut query) = (Vec::new(), String::new());
    let mut first_cursor = None;
    loop {
        let page = ann.api("notifications").get(&format!("/notifications?limit=3{query}")).expect(200).await;
        seen.extend(page["items"].as_array().unwrap().clone());
        let Some(cursor) = page["nextCursor"].as_str() else { break };
        first_cursor.get_or_insert_with(|| cursor.to_owned());
        query = format!("&cursor={cursor}");
        if seen.len() == 3 {
            // News of the meantime is newer than where the list has come to.
            ann.api("todos").post("/todos").json(&json!({"title": "news"})).expect(201).await;
            wait_for_entries(&ann, 8).await;
        }
    }
    assert_eq!(seen, all);

    let cursor = first_cursor.unwrap();
    for (user, query) in [
        (&bob, format!("cursor={cursor}")),
        (&ann, format!("cursor={cursor}&unread=true")),
        (&ann, format!("cursor={cursor}x")),
        (&ann, "cursor=".to_owned()),
        (&ann, "limit=0".to_owned()),
        (&ann, "limit=101".to_owned()),
        (&ann, "unread=yes".to_owned()),
        (&ann, "kind=welcome".to_owned()),
    ] {
        user.api("notifications").get(&format!("/notifications?{query}")).expect_problem(400, "invalid-request").await;
    }
}
