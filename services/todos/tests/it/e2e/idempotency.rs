//! The same creation, asked for again.

use serde_json::json;
use tests::account::User;
use tests::product::Product;
use uuid::Uuid;

#[tokio::test]
async fn the_same_idempotency_key_and_body_return_the_same_item() {
    let product = Product::shared().await;
    let ann = product.user().await;
    let key = Uuid::new_v4().to_string();
    let create =
        |body: &str| ann.api("todos").post("/todos").header("idempotency-key", &key).text("application/json", body);

    let first = create(r#"{"title": "x", "tags": ["a"]}"#).send().await.with_status(201);
    let path = first.header("location").to_owned();
    ann.api("todos").patch(&path).json(&json!({"title": "changed since"})).expect(200).await;
    let again = create(r#"{ "tags": ["a"],  "title": "x" }"#).send().await.with_status(201);
    assert_eq!(again.body, first.body, "white space and order do not count");
    assert_eq!((again.header("location"), again.header("etag")), (path.as_str(), "\"1\""));
    create(r#"{"title": "y", "tags": ["a"]}"#).expect_problem(409, "idempotency-key-reused").await;
    assert_eq!(titles(&ann).await, ["changed since"]);

    ann.api("todos").delete(&path).expect(204).await;
    assert_eq!(create(r#"{"title": "x", "tags": ["a"]}"#).expect(201).await, first.body);
    assert_eq!(titles(&ann).await, [""; 0], "a repeat brings nothing back");
}

#[tokio::test]
async fn an_idempotency_key_belongs_to_its_user() {
    let product = Product::shared().await;
    let (ann, bob) = (product.user().await, product.user().await);
    let key = Uuid::new_v4().to_string();
    let create = |user: &User, title: &str| {
        user.api("todos").post("/todos").header("idempotency-key", &key).json(&json!({"title": title}))
    };
    create(&ann, "Ann's").expect(201).await;
    create(&bob, "Bob's").expect(201).await;
    create(&ann, "Ann's").expect(201).await;
    assert_eq!((titles(&ann).await, titles(&bob).await), (vec!["Ann's".into()], vec!["Bob's".into()]));
}

#[tokio::test]
async fn concurrent_requests_with_one_idempotency_key_create_one_item() {
    let product = Product::shared().await;
    let ann = product.user().await;
    let mut events = product.listen(json!({"detail": {"data": {"ownerId": [ann.id]}}})).await;
    let key = Uuid::new_v4().to_string();
    let create =
        || ann.api("todos").post("/todos").header("idempotency-key", &key).json(&json!({"title": "x"})).expect(201);
    let (a, b, c, d) = tokio::join!(create(), create(), create(), create());
    assert!(a == b && b == c && c == d, "one answer for all");
    assert_eq!(titles(&ann).await, ["x"]);
    ann.api("todos").delete(&format!("/todos/{}", a["id"].as_str().unwrap())).expect(204).await;
    assert_eq!(events.until(1, "TodoDeleted.v1").await.len(), 2, "one creation and one deletion");
}

#[tokio::test]
async fn requests_without_an_idempotency_key_create_new_items_and_an_invalid_key_is_refused() {
    let product = Product::shared().await;
    let ann = product.user().await;
    let create = || ann.api("todos").post("/todos").json(&json!({"title": "x"}));
    create().expect(201).await;
    create().expect(201).await;
    assert_eq!(titles(&ann).await, ["x", "x"]);
    create().header("idempotency-key", &"k".repeat(255)).expect(201).await;
    for bad in ["", &"k".repeat(256), "schlüssel"] {
        create().header("idempotency-key", bad).expect_problem(400, "invalid-request").await;
    }
}

async fn titles(user: &User) -> Vec<String> {
    let page = user.api("todos").get("/todos").expect(200).await;
    page["items"].as_array().unwrap().iter().map(|item| item["title"].as_str().unwrap().to_owned()).collect()
}
