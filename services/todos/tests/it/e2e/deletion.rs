//! Deleted items: restored, purged by their owner, and purged after 30 days.

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};
use tests::account::User;
use tests::injected_fault::invoke;
use tests::product::Product;
use tests::wait::eventually;

#[tokio::test]
async fn a_deleted_item_is_in_a_separate_list_until_it_is_restored() {
    let product = Product::shared().await;
    let ann = product.user().await;
    let todos = ann.api("todos");
    let new = json!({"title": "Buy milk", "notes": "Oat", "dueAt": "2199-01-01T00:00:00Z", "tags": ["shop"]});
    let path = path(&todos.post("/todos").json(&new).expect(201).await);
    let before = todos.post(&format!("{path}/complete")).expect(200).await;

    todos.delete(&path).expect(204).await;
    for query in ["", "?status=open", "?status=completed", "?sort=due", "?sort=due&status=completed"] {
        assert_eq!(todos.get(&format!("/todos{query}")).expect(200).await["items"], json!([]), "{query}");
    }
    let mut deleted = before.clone();
    deleted["version"] = json!(3);
    for query in ["?status=deleted", "?status=deleted&sort=due"] {
        let listed = todos.get(&format!("/todos{query}")).expect(200).await["items"][0].clone();
        assert!(listed["deletedAt"].is_string() && listed["deletedAt"] == listed["updatedAt"], "{listed}");
        (deleted["deletedAt"], deleted["updatedAt"]) = (listed["deletedAt"].clone(), listed["updatedAt"].clone());
        assert_eq!(listed, deleted);
    }

    let restored = todos.post(&format!("{path}/restore")).send().await.with_status(200);
    assert_eq!(restored.header("etag"), "\"4\"");
    let mut expected = before;
    (expected["version"], expected["updatedAt"]) = (json!(4), restored.body["updatedAt"].clone());
    assert_eq!(restored.body, expected);
    assert_eq!(todos.get(&path).expect(200).await, expected);
    assert_eq!(todos.post(&format!("{path}/restore")).expect(200).await, expected, "a repeat is harmless");
    assert_eq!(todos.get("/todos?status=deleted").expect(200).await["items"], json!([]));
}

#[tokio::test]
async fn pages_of_deleted_items_are_complete_and_ordered() {
    let product = Product::shared().await;
    let ann = product.user().await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        let path = new_item(&ann).await;
        ann.api("todos").delete(&path).expect(204).await;
        ids.push(json!(path["/todos/".len()..]));
    }
    new_item(&ann).await;
    let (mut seen, mut query) = (Vec::new(), "status=deleted&limit=2".to_owned());
    loop {
        let page = ann.api("todos").get(&format!("/todos?{query}")).expect(200).await;
        seen.extend(page["items"].as_array().unwrap().iter().map(|item| item["id"].clone()));
        let Some(cursor) = page["nextCursor"].as_str() else { break };
        query = format!("status=deleted&limit=2&cursor={cursor}");
    }
    assert_eq!(seen, ids);
}

#[tokio::test]
async fn a_purged_item_cannot_be_restored() {
    let product = Product::shared().await;
    let ann = product.user().await;
    let todos = ann.api("todos");
    let path = new_item(&ann).await;
    todos.post(&format!("{path}/purge")).expect_problem(404, "not-found").await;
    todos.get(&path).expect(200).await;
    todos.delete(&path).expect(204).await;
    todos.post(&format!("{path}/purge")).expect(204).await;
    for verb in ["purge", "restore"] {
        todos.post(&format!("{path}/{verb}")).expect_problem(404, "not-found").await;
    }
    assert_eq!(todos.get("/todos?status=deleted").expect(200).await["items"], json!([]));
}

#[tokio::test]
async fn deletion_restoration_and_purge_are_each_published_once_and_in_order() {
    let product = Product::shared().await;
    let ann = product.user().await;
    let todos = ann.api("todos");
    let mut events = product.listen(json!({"detail": {"data": {"ownerId": [ann.id]}}})).await;
    let item = todos.post("/todos").json(&json!({"title": "x", "notes": "secret", "tags": ["a"]})).expect(201).await;
    let path = path(&item);
    todos.delete(&path).expect(204).await;
    for _ in 0..2 {
        todos.post(&format!("{path}/restore")).expect(200).await;
    }
    todos.delete(&path).expect(204).await;
    todos.post(&format!("{path}/purge")).expect(204).await;

    let heard = events.until(1, "TodoPurged.v1").await;
    let types: Vec<&str> = heard.iter().map(|event| event["detail-type"].as_str().unwrap()).collect();
    assert_eq!(types, ["TodoCreated.v1", "TodoDeleted.v1", "TodoRestored.v1", "TodoDeleted.v1", "TodoPurged.v1"]);
    for (event, sequence) in heard.iter().zip(1..) {
        let metadata = &event["detail"]["metadata"];
        assert_eq!((&metadata["subject"], &metadata["sequence"]), (&item["id"], &json!(sequence)));
        assert!(!event.to_string().contains("secret"), "notes never travel");
    }
    let restored = &heard[2]["detail"]["data"];
    assert_eq!((&restored["title"], &restored["tags"]), (&json!("x"), &json!(["a"])));
}

#[tokio::test]
async fn an_item_is_purged_when_the_schedule_of_its_deletion_fires() {
    let product = Product::shared().await;
    let ann = product.user().await;
    let todos = ann.api("todos");
    let fire = async |due: &Value| invoke(&product, &product.function("todos", "purge-expired"), due).await;
    let path = new_item(&ann).await;
    todos.delete(&path).expect(204).await;
    let first = purge_input(&ann, &path).await;
    todos.post(&format!("{path}/restore")).expect(200).await;
    fire(&first).await;
    todos.get(&path).expect(200).await;

    todos.delete(&path).expect(204).await;
    fire(&first).await;
    let second = purge_input(&ann, &path).await;
    assert_ne!(first, second, "an earlier deletion does not end a later one");
    for _ in 0..2 {
        fire(&second).await;
    }
    todos.post(&format!("{path}/restore")).expect_problem(404, "not-found").await;
}

/// The input of the schedule of a deleted item, from its row.
pub(crate) async fn purge_input(user: &User, path: &str) -> Value {
    let id = &path["/todos/".len()..];
    let row = eventually("a deleted item", async || {
        let client = aws_sdk_dynamodb::Client::new(user.product().sdk());
        let row = client.get_item().table_name(user.product().table("todos")).consistent_read(true);
        let row = row.key("pk", AttributeValue::S(format!("USER#{}", user.id)));
        let row = row.key("sk", AttributeValue::S(format!("DELETED-TODO#{id}")));
        row.send().await.expect("the table answers").item
    })
    .await;
    json!({"todoId": id, "ownerId": user.id, "deletedAt": row["deletedAt"].as_s().expect("a time")})
}

async fn new_item(user: &User) -> String {
    path(&user.api("todos").post("/todos").json(&json!({"title": "x"})).expect(201).await)
}

fn path(item: &Value) -> String {
    format!("/todos/{}", item["id"].as_str().unwrap())
}
