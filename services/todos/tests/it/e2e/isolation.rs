//! A user cannot read or change the items of another user.

use serde_json::json;
use tests::product::Product;

#[tokio::test]
async fn the_item_of_another_user_is_404_on_every_route_and_stays_unchanged() {
    let product = Product::shared().await;
    let (ann, bob) = (product.user().await, product.user().await);
    let item = ann.api("todos").post("/todos").json(&json!({"title": "Ann's"})).expect(201).await;
    let path = format!("/todos/{}", item["id"].as_str().unwrap());
    let todos = bob.api("todos");
    for call in [
        todos.get(&path),
        todos.patch(&path).json(&json!({"title": "Bob's"})),
        todos.patch(&path).header("if-match", "*").json(&json!({})),
        todos.patch(&path).header("if-match", "\"9\"").json(&json!({"title": "Bob's"})),
        todos.post(&format!("{path}/complete")),
        todos.post(&format!("{path}/reopen")),
        todos.post(&format!("{path}/restore")),
        todos.post(&format!("{path}/purge")),
        todos.delete(&path),
        todos.delete(&path).header("if-match", "\"1\""),
    ] {
        call.expect_problem(404, "not-found").await;
    }
    assert_eq!(ann.api("todos").get(&path).expect(200).await, item);
}

#[tokio::test]
async fn a_header_query_or_body_cannot_change_the_caller() {
    let product = Product::shared().await;
    let (ann, bob) = (product.user().await, product.user().await);
    let item = ann.api("todos").post("/todos").json(&json!({"title": "Ann's"})).expect(201).await;
    let path = format!("/todos/{}", item["id"].as_str().unwrap());
    for header in ["x-user-id", "x-amzn-oidc-identity", "x-forwarded-user", "sub", "x-owner", "cognito-username"] {
        bob.api("todos").get(&path).header(header, &ann.id.to_string()).expect_problem(404, "not-found").await;
    }
    bob.api("todos").get(&format!("/todos?owner={}", ann.id)).expect_problem(400, "invalid-request").await;
    for field in ["owner", "ownerId", "userId", "pk"] {
        let body = json!({"title": "x", field: ann.id});
        bob.api("todos").post("/todos").json(&body).expect_problem(400, "invalid-request").await;
    }
}
