//! Lists of items, page by page.

use std::collections::HashSet;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tests::account::User;
use tests::product::Product;

#[tokio::test]
async fn a_list_of_47_items_in_pages_of_ten_has_each_item_once() {
    let product = Product::shared().await;
    let ann = product.user().await;
    let expected = create(&ann, 47).await;
    let pages = pages(&ann, "limit=10").await;
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [10, 10, 10, 10, 7]);
    assert_eq!(pages.concat(), expected, "in the order of creation");
    assert_eq!(list(&ann, "").await.0, expected[..20], "twenty to a page when not asked");
    assert_eq!(list(&ann, "limit=47").await, (expected.clone(), None), "no empty last page");
    assert_eq!(list(&ann, "limit=100").await, (expected, None));
}

#[tokio::test]
async fn paging_is_stable_while_items_are_created_and_deleted() {
    let product = Product::shared().await;
    let ann = product.user().await;
    let before = create(&ann, 12).await;
    let (mut seen, mut cursor) = list(&ann, "limit=5").await;
    create(&ann, 2).await;
    // The very item at which the page ended goes.
    ann.api("todos").delete(&format!("/todos/{}", seen[4])).expect(204).await;
    while let Some(after) = cursor {
        let page;
        (page, cursor) = list(&ann, &format!("limit=5&cursor={after}")).await;
        seen.extend(page);
        if seen.len() < 14 {
            create(&ann, 1).await;
        }
    }
    assert_eq!(seen[..12], before, "what was there is listed once, in its order");
    assert_eq!(seen.iter().collect::<HashSet<_>>().len(), seen.len());
}

#[tokio::test]
async fn items_are_listed_by_status() {
    let product = Product::shared().await;
    let ann = product.user().await;
    let all = create(&ann, 9).await;
    let (mut completed, mut open) = (Vec::new(), Vec::new());
    for (number, id) in all.iter().enumerate() {
        if number % 3 == 0 {
            ann.api("todos").post(&format!("/todos/{id}/complete")).expect(200).await;
            completed.push(id.clone());
        } else {
            open.push(id.clone());
        }
    }
    assert_eq!(pages(&ann, "status=completed&limit=2").await.concat(), completed);
    assert_eq!(pages(&ann, "status=open&limit=4").await.concat(), open);
    ann.api("todos").post(&format!("/todos/{}/reopen", completed[0])).expect(200).await;
    assert_eq!(list(&ann, "status=completed").await.0, completed[1..]);
    assert_eq!(list(&ann, "status=open").await.0[0], completed[0], "back in its place");
}

#[tokio::test]
async fn items_are_listed_by_due_time_and_due_range() {
    let product = Product::shared().await;
    let ann = product.user().await;
    let mut ids = Vec::new();
    for due_at in [
        json!("2026-03-01T00:00:00Z"),
        json!("2026-01-01T00:00:00Z"),
        json!(null),
        json!("2026-02-01T00:00:00.5Z"),
        json!("2026-02-01T00:00:00Z"),
        json!("2026-02-01T00:00:00Z"),
    ] {
        let item = ann.api("todos").post("/todos").json(&json!({"title": "x", "dueAt": due_at})).expect(201).await;
        ids.push(item["id"].as_str().unwrap().to_owned());
    }
    let of = |numbers: &[usize]| numbers.iter().map(|&number| ids[number].clone()).collect::<Vec<_>>();

    assert_eq!(pages(&ann, "sort=due&limit=2").await.concat(), of(&[1, 4, 5, 3, 0]), "without what is never due");
    for (query, expected) in [
        ("dueAfter=2026-02-01T00:00:00Z", of(&[4, 5, 3, 0])),
        ("dueBefore=2026-02-01T00:00:00Z", of(&[1])),
        ("dueBefore=2026-02-01T00:00:00.001Z", of(&[1, 4, 5])),
        ("dueAfter=2026-02-01T01:00:00%2B01:00&dueBefore=2026-03-01T00:00:00Z&sort=due", of(&[4, 5, 3])),
        ("dueAfter=2026-03-01T00:00:00.001Z", of(&[])),
        ("dueAfter=2026-03-01T00:00:00Z&dueBefore=2026-01-01T00:00:00Z", of(&[])),
    ] {
        assert_eq!(pages(&ann, &format!("limit=2&{query}")).await.concat(), expected, "{query}");
    }
    ann.api("todos").post(&format!("/todos/{}/complete", ids[4])).expect(200).await;
    assert_eq!(pages(&ann, "limit=1&status=open&sort=due").await.concat(), of(&[1, 5, 3, 0]));
    assert_eq!(list(&ann, "status=completed&dueBefore=2026-03-01T00:00:00Z").await.0, of(&[4]));
    ann.api("todos")
        .patch(&format!("/todos/{}", ids[2]))
        .json(&json!({"dueAt": "2026-01-15T00:00:00Z"}))
        .expect(200)
        .await;
    ann.api("todos").patch(&format!("/todos/{}", ids[1])).json(&json!({"dueAt": null})).expect(200).await;
    assert_eq!(list(&ann, "sort=due").await.0, of(&[2, 4, 5, 3, 0]));
}

#[tokio::test]
async fn a_cursor_of_another_list_or_user_or_a_made_up_cursor_is_refused() {
    let product = Product::shared().await;
    let (ann, bob) = (product.user().await, product.user().await);
    create(&ann, 3).await;
    let expected = create(&bob, 3).await;
    let cursor = list(&ann, "limit=1").await.1.unwrap();
    let refused = async |user: &User, query: &str| {
        user.api("todos").get(&format!("/todos?{query}")).expect_problem(400, "invalid-request").await;
    };

    refused(&bob, &format!("cursor={cursor}")).await;
    refused(&ann, &format!("cursor={cursor}&status=open")).await;
    refused(&ann, &format!("cursor={cursor}&sort=due")).await;
    refused(&ann, &format!("cursor={cursor}&dueAfter=2026-01-01T00:00:00Z")).await;
    refused(&ann, &format!("cursor={cursor}x")).await;
    refused(&ann, &format!("cursor=x{cursor}")).await;
    refused(&ann, &format!("cursor={}", &cursor[..cursor.len() - 4])).await;
    refused(&ann, &format!("cursor={}", "A".repeat(1025))).await;
    for forged in ["", "x", "%00", "null", "bnVsbA", "e30", "W10"] {
        refused(&ann, &format!("cursor={forged}")).await;
    }

    // Bob changes Ann's cursor so that it fits his list: he gets his own items, wherever the page starts.
    let mut open: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(&cursor).unwrap()).unwrap();
    let own = list(&bob, "limit=1").await.1.unwrap();
    let own: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(&own).unwrap()).unwrap();
    open["scope"] = own["scope"].clone();
    let forged = URL_SAFE_NO_PAD.encode(open.to_string());
    let answer = bob.api("todos").get("/todos").query("cursor", &forged).send().await;
    if answer.status != 400 {
        let (items, _) = read(&answer.with_status(200).body);
        assert!(items.iter().all(|id| expected.contains(id)));
    }
}

#[tokio::test]
async fn an_invalid_query_is_refused() {
    let product = Product::shared().await;
    let ann = product.user().await;
    for query in [
        "limit=0",
        "limit=101",
        "limit=-1",
        "limit=ten",
        "limit=",
        "limit=1.5",
        "limit=1&limit=2",
        "status=done",
        "status=",
        "status=OPEN",
        "sort=title",
        "sort=created&dueAfter=2026-01-01T00:00:00Z",
        "dueAfter=soon",
        "dueBefore=",
        "dueAfter=1969-01-01T00:00:00Z",
        "order=desc",
        "owner=ann",
        "Limit=5",
    ] {
        ann.api("todos").get(&format!("/todos?{query}")).expect_problem(400, "invalid-request").await;
    }
}

async fn create(user: &User, count: usize) -> Vec<String> {
    let mut ids = Vec::new();
    for number in 0..count {
        let body = json!({"title": format!("item {number}")});
        let item = user.api("todos").post("/todos").json(&body).expect(201).await;
        ids.push(item["id"].as_str().unwrap().to_owned());
    }
    ids
}

async fn pages(user: &User, query: &str) -> Vec<Vec<String>> {
    let (mut pages, mut cursor) = (Vec::new(), None);
    loop {
        let next = cursor.map_or_else(String::new, |cursor| format!("&cursor={cursor}"));
        let page;
        (page, cursor) = list(user, &format!("{query}{next}")).await;
        pages.push(page);
        if cursor.is_none() {
            return pages;
        }
    }
}

async fn list(user: &User, query: &str) -> (Vec<String>, Option<String>) {
    read(&user.api("todos").get(&format!("/todos?{query}")).expect(200).await)
}

fn read(page: &Value) -> (Vec<String>, Option<String>) {
    let ids = page["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned());
    (ids.collect(), page["nextCursor"].as_str().map(str::to_owned))
}
