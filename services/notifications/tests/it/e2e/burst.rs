//! Many events of one user at the same time, as an import or a day full of reminders makes them.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};
use tests::account::User;
use tests::bus::TestEvent;
use tests::product::Product;
use tests::wait::eventually_within;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::e2e::inbox::wait_for_entries;

const EVENTS: usize = 2_000;
/// Every tenth event is delivered twice.
const REPEATED: usize = 10;
const CONCURRENT_REQUESTS: usize = 8;
const DEADLINE: Duration = Duration::from_mins(4);

#[tokio::test]
async fn two_thousand_events_of_one_user_end_with_an_exact_inbox_and_no_failed_attempt() {
    let product = Product::alone().await;
    let ann = product.user().await;
    wait_for_entries(&ann, 1).await;
    let logs = product.logs_from_now();
    let ids = deliver(&ann).await;

    // She marks entries as read while others arrive.
    let mut read = BTreeSet::new();
    eventually_within(DEADLINE, "all entries", async || {
        read.extend(mark_some(&ann).await);
        let unread =
            ann.api("notifications").get("/notifications?limit=1").expect(200).await["unread"].as_u64().unwrap();
        (unread + read.len() as u64 > EVENTS as u64).then_some(())
    })
    .await;

    let (entries, unread) = inbox(&ann, "").await;
    let found: Vec<&str> = entries.iter().map(|entry| entry["id"].as_str().unwrap()).collect();
    assert_eq!(found.len(), EVENTS + 1, "one entry an event, and the greeting");
    assert!(ids.iter().all(|id| found.contains(&id.as_str())));
    let marked: BTreeSet<String> = entries.iter().filter(|entry| !entry["readAt"].is_null()).map(id).collect();
    assert_eq!(marked, read, "what was marked stays read, and nothing else is");
    assert_eq!(unread, (EVENTS + 1 - read.len()) as u64);
    assert_eq!(inbox(&ann, "&unread=true").await.0.len() as u64, unread);
    assert_eq!(ann.api("notifications").post("/notifications/read").expect(200).await, json!({"unread": 0}));

    for failure in logs.lines_with("notifications", &["could not handle an event"]).await {
        assert!(!ids.contains(failure["span"]["event.id"].as_str().unwrap_or_default()), "{failure}");
    }
    let dead_letters = product.dead_letter_queue("notifications").containing(&ann.id.to_string()).await;
    assert!(dead_letters.is_empty(), "{} dead-letter messages", dead_letters.len());
}

/// Puts the events on the bus, several requests at a time. Each becomes an unread entry. Returns their ids.
async fn deliver(user: &User) -> BTreeSet<String> {
    let event = |number: usize| {
        let (attachment, todo) = (Uuid::now_v7(), Uuid::now_v7());
        let name = format!("file {number}.png");
        let data = json!({
            "attachmentId": attachment, "todoId": todo, "ownerId": user.id, "name": name, "reason": "broken",
        });
        TestEvent::new("todos", "AttachmentRejected", attachment, 2, &data)
    };
    let events: Vec<_> = (0..EVENTS).map(event).collect();
    let copies: Vec<_> = events.iter().step_by(REPEATED).cloned().collect();
    let mut requests = JoinSet::new();
    for batch in events.chunks(10).chain(copies.chunks(10)).map(<[TestEvent]>::to_vec) {
        if requests.len() == CONCURRENT_REQUESTS {
            requests.join_next().await.unwrap().unwrap();
        }
        let product = user.product().clone();
        requests.spawn(async move { product.put_events(&batch.iter().collect::<Vec<_>>()).await });
    }
    requests.join_all().await;
    events.iter().map(|event| event.id().to_owned()).collect()
}

/// Marks the newest unread entries as read, at the same time. Returns their ids.
async fn mark_some(user: &User) -> Vec<String> {
    let page = user.api("notifications").get("/notifications?unread=true&limit=5").expect(200).await;
    let ids: Vec<String> = page["items"].as_array().unwrap().iter().map(id).collect();
    let mut requests = JoinSet::new();
    for id in ids.clone() {
        let user = user.clone();
        requests.spawn(async move {
            user.api("notifications").post(&format!("/notifications/{id}/read")).expect(200).await;
        });
    }
    requests.join_all().await;
    ids
}

/// All entries of an inbox, page by page, and the number of unread ones of the last page.
async fn inbox(user: &User, filter: &str) -> (Vec<Value>, u64) {
    let (mut entries, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/notifications?limit=100{filter}{cursor}");
        let page = user.api("notifications").get(&path).expect(200).await;
        entries.extend(page["items"].as_array().unwrap().clone());
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return (entries, page["unread"].as_u64().unwrap()),
        }
    }
}

fn id(entry: &Value) -> String {
    entry["id"].as_str().unwrap().to_owned()
}
