//! The inbox: what happened, told once.

use serde_json::{Value, json};
use tests::account::User;
use tests::product::Product;
use tests::wait::eventually;
use uuid::Uuid;

/// The entries of an inbox, newest first, as soon as there are `count` of them. More are a failure.
pub(crate) async fn eventually_of(user: &User, count: usize) -> Vec<Value> {
    let entries = eventually(&format!("{count} entries in the inbox"), async || {
        let page = user.notifications().get("/notifications?limit=100").expect(200).await;
        let entries = page["items"].as_array().unwrap().clone();
        (entries.len() >= count).then_some(entries)
    })
    .await;
    assert_eq!(entries.len(), count, "{entries:?}");
    entries
}

#[tokio::test]
async fn each_kind_of_event_leads_to_exactly_one_entry() {
    let product = Product::shared().await;
    let ann = product.user().await;
    let mut events = product.listen(json!({"detail": {"data": {"ownerId": [ann.id]}}})).await;
    let item = ann.todos().post("/todos").json(&json!({"title": "Buy milk"})).expect(201).await;
    let path = format!("/todos/{}", item["id"].as_str().unwrap());
    ann.todos().patch(&path).json(&json!({"title": "Buy oat milk"})).expect(200).await;
    ann.todos().post(&format!("{path}/complete")).expect(200).await;
    ann.todos().post(&format!("{path}/reopen")).expect(200).await;
    ann.todos().delete(&path).expect(204).await;

    let entries = eventually_of(&ann, 6).await;
    let kinds: Vec<&str> = entries.iter().map(|entry| entry["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["todo-deleted", "todo-reopened", "todo-completed", "todo-changed", "todo-created", "welcome"]);
    let heard = events.until(1, "TodoDeleted.v1").await;
    for (entry, event) in entries.iter().zip(heard.iter().rev()) {
        let detail = &event["detail"];
        assert_eq!(entry["id"], detail["metadata"]["eventId"]);
        assert_eq!(entry["todoId"], item["id"]);
        assert_eq!(entry["occurredAt"], detail["metadata"]["occurredAt"]);
        assert!(entry["title"].as_str().unwrap().contains(detail["data"]["title"].as_str().unwrap()));
        assert_eq!(entry["readAt"], json!(null));
    }
    assert!(entries[4]["title"].as_str().unwrap().contains("Buy milk"));
    assert!(entries[0]["title"].as_str().unwrap().contains("Buy oat milk"));
    let inbox = ann.notifications().get("/notifications").expect(200).await;
    assert_eq!((&inbox["unread"], &inbox["nextCursor"]), (&json!(6), &json!(null)));
}

#[tokio::test]
async fn an_entry_is_read_once_however_often_it_is_marked() {
    let product = Product::shared().await;
    let (ann, bob) = (product.user().await, product.user().await);
    ann.todos().post("/todos").json(&json!({"title": "x"})).expect(201).await;
    let entries = eventually_of(&ann, 2).await;
    let read = |entry: &Value| format!("/notifications/{}/read", entry["id"].as_str().unwrap());
    let mark = |entry: &Value| ann.notifications().post(&read(entry)).expect(200);

    let (first, at_once) = tokio::join!(mark(&entries[0]), mark(&entries[0]));
    assert_eq!(first, at_once);
    assert!(first["readAt"].is_string());
    assert_eq!(mark(&entries[0]).await, first, "the first time stays");
    let inbox = ann.notifications().get("/notifications").expect(200).await;
    assert_eq!((&inbox["unread"], &inbox["items"][0]), (&json!(1), &first));
    let unread = ann.notifications().get("/notifications?unread=true").expect(200).await;
    assert_eq!((&unread["unread"], &unread["items"]), (&json!(1), &json!([entries[1]])));

    bob.notifications().post(&read(&entries[1])).expect_problem(404, "not-found").await;
    for id in ["x".to_owned(), Uuid::now_v7().to_string(), Uuid::nil().to_string()] {
        ann.notifications().post(&format!("/notifications/{id}/read")).expect_problem(404, "not-found").await;
    }
    mark(&entries[1]).await;
    assert_eq!(ann.notifications().get("/notifications?unread=true").expect(200).await["unread"], 0);
}

#[tokio::test]
async fn an_inbox_comes_in_pages_newest_first() {
    let product = Product::shared().await;
    let (ann, bob) = (product.user().await, product.user().await);
    eventually_of(&ann, 1).await;
    for number in 0..6 {
        ann.todos().post("/todos").json(&json!({"title": format!("item {number}")})).expect(201).await;
    }
    let all = eventually_of(&ann, 7).await;
    assert!(all.iter().map(|entry| entry["id"].as_str().unwrap()).is_sorted_by(|newer, older| newer > older));

    let (mut seen, mut query) = (Vec::new(), String::new());
    let mut first_cursor = None;
    loop {
        let page = ann.notifications().get(&format!("/notifications?limit=3{query}")).expect(200).await;
        seen.extend(page["items"].as_array().unwrap().clone());
        let Some(cursor) = page["nextCursor"].as_str() else { break };
        first_cursor.get_or_insert_with(|| cursor.to_owned());
        query = format!("&cursor={cursor}");
        if seen.len() == 3 {
            // News of the meantime is newer than where the list has come to.
            ann.todos().post("/todos").json(&json!({"title": "news"})).expect(201).await;
            eventually_of(&ann, 8).await;
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
        user.notifications().get(&format!("/notifications?{query}")).expect_problem(400, "invalid-request").await;
    }
}
