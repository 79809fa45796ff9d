//! Users never see the items, inbox entries or profile of another user.

use serde_json::json;
use tests::product::Product;

use crate::inbox;

#[tokio::test]
async fn users_never_see_items_or_entries_of_another_user() {
    let product = Product::shared().await;
    let (ann, bob) = (product.user().await, product.user().await);
    let anns = ann.api("todos").post("/todos").json(&json!({"title": "Ann's", "dueAt": "2026-01-01T00:00:00Z"}));
    let bobs = bob.api("todos").post("/todos").json(&json!({"title": "Bob's", "dueAt": "2026-01-01T00:00:00Z"}));
    let (anns, bobs) = (anns.expect(201).await, bobs.expect(201).await);
    for query in ["", "?status=open", "?sort=due", "?status=open&dueAfter=2026-01-01T00:00:00Z"] {
        let path = format!("/todos{query}");
        assert_eq!(ann.api("todos").get(&path).expect(200).await["items"], json!([anns]));
        assert_eq!(bob.api("todos").get(&path).expect(200).await["items"], json!([bobs]));
    }
    let entries = inbox::wait_for_entries(&ann, 2).await;
    inbox::wait_for_entries(&bob, 2).await;
    assert_eq!(entries[0]["todoId"], anns["id"]);
    let path = format!("/notifications/{}/read", entries[1]["id"].as_str().unwrap());
    bob.api("notifications").post(&path).expect_problem(404, "not-found").await;
    assert_eq!(ann.api("notifications").get("/notifications").expect(200).await["unread"], 1);
    assert_eq!(ann.api("users").get("/me").expect(200).await["id"], ann.id.to_string());
}
