//! What belongs to somebody else is not there.

use serde_json::json;
use tests::product::Product;

use crate::inbox;

#[tokio::test]
async fn a_strangers_item_is_404_on_every_route_and_stays_as_it_is() {
    let product = Product::shared().await;
    let (ann, bob) = (product.user().await, product.user().await);
    let item = ann.todos().post("/todos").json(&json!({"title": "Ann's"})).expect(201).await;
    let path = format!("/todos/{}", item["id"].as_str().unwrap());
    let todos = bob.todos();
    for call in [
        todos.get(&path),
        todos.patch(&path).json(&json!({"title": "Bob's"})),
        todos.patch(&path).header("if-match", "*").json(&json!({})),
        todos.patch(&path).header("if-match", "\"9\"").json(&json!({"title": "Bob's"})),
        todos.post(&format!("{path}/complete")),
        todos.post(&format!("{path}/reopen")),
        todos.delete(&path),
        todos.delete(&path).header("if-match", "\"1\""),
    ] {
        call.expect_problem(404, "not-found").await;
    }
    assert_eq!(ann.todos().get(&path).expect(200).await, item);
}

#[tokio::test]
async fn two_users_never_see_each_others_items_or_entries() {
    let product = Product::shared().await;
    let (ann, bob) = (product.user().await, product.user().await);
    let anns = ann.todos().post("/todos").json(&json!({"title": "Ann's", "dueAt": "2026-01-01T00:00:00Z"}));
    let bobs = bob.todos().post("/todos").json(&json!({"title": "Bob's", "dueAt": "2026-01-01T00:00:00Z"}));
    let (anns, bobs) = (anns.expect(201).await, bobs.expect(201).await);
    for query in ["", "?status=open", "?sort=due", "?status=open&dueAfter=2026-01-01T00:00:00Z"] {
        let path = format!("/todos{query}");
        assert_eq!(ann.todos().get(&path).expect(200).await["items"], json!([anns]));
        assert_eq!(bob.todos().get(&path).expect(200).await["items"], json!([bobs]));
    }
    let entries = inbox::eventually_of(&ann, 2).await;
    inbox::eventually_of(&bob, 2).await;
    assert_eq!(entries[0]["todoId"], anns["id"]);
    let path = format!("/notifications/{}/read", entries[0]["id"].as_str().unwrap());
    bob.notifications().post(&path).expect_problem(404, "not-found").await;
    assert_eq!(ann.notifications().get("/notifications").expect(200).await["unread"], 2);
    assert_eq!(ann.users().get("/me").expect(200).await["id"], ann.id.to_string());
}

#[tokio::test]
async fn nobody_becomes_another_by_a_header_a_query_or_a_body() {
    let product = Product::shared().await;
    let (ann, bob) = (product.user().await, product.user().await);
    let item = ann.todos().post("/todos").json(&json!({"title": "Ann's"})).expect(201).await;
    let path = format!("/todos/{}", item["id"].as_str().unwrap());
    for header in ["x-user-id", "x-amzn-oidc-identity", "x-forwarded-user", "sub", "x-owner", "cognito-username"] {
        bob.todos().get(&path).header(header, &ann.id.to_string()).expect_problem(404, "not-found").await;
    }
    bob.todos().get(&format!("/todos?owner={}", ann.id)).expect_problem(400, "invalid-request").await;
    for field in ["owner", "ownerId", "userId", "pk"] {
        let body = json!({"title": "x", field: ann.id});
        bob.todos().post("/todos").json(&body).expect_problem(400, "invalid-request").await;
    }
}
