//! The life of one to-do item.

use serde_json::{Value, json};
use tests::product::Product;
use tokio::task::JoinSet;
use uuid::Uuid;

const MERGE_PATCH: &str = "application/merge-patch+json";

#[tokio::test]
async fn an_item_can_be_created_completed_reopened_and_deleted() {
    let product = Product::shared().await;
    let ann = product.user().await;
    let todos = ann.api("todos");

    let new = json!({
        "title": "  Buy milk ", "notes": "Oat\n", "dueAt": "2026-12-24T19:00:00+01:00", "priority": "high", "tags": ["shop"],
    });
    let created = todos.post("/todos").json(&new).send().await.with_status(201);
    let item = &created.body;
    let path = format!("/todos/{}", item["id"].as_str().unwrap());
    assert_eq!(created.header("location"), path);
    assert_eq!(created.header("etag"), "\"1\"");
    let expected = json!({
        "id": item["id"], "title": "Buy milk", "notes": "Oat\n", "dueAt": "2026-12-24T18:00:00Z", "allDay": false,
        "priority": "high", "tags": ["shop"], "status": "open", "completedAt": null, "createdAt": item["createdAt"],
        "updatedAt": item["createdAt"], "deletedAt": null, "version": 1,
    });
    assert_eq!(*item, expected);

    let read = todos.get(&path).send().await.with_status(200);
    assert_eq!((&read.body, read.header("etag")), (item, "\"1\""));
    assert_eq!(todos.get("/todos").expect(200).await, json!({"items": [item], "nextCursor": null}));

    let done = todos.post(&format!("{path}/complete")).send().await.with_status(200);
    assert_eq!((&done.body["status"], done.header("etag")), (&json!("completed"), "\"2\""));
    assert_eq!(done.body["completedAt"], done.body["updatedAt"]);
    let open = todos.post(&format!("{path}/reopen")).expect(200).await;
    assert_eq!((&open["status"], &open["completedAt"], &open["version"]), (&json!("open"), &json!(null), &json!(3)));

    assert_eq!(todos.delete(&path).expect(204).await, json!(null));
    todos.get(&path).expect_problem(404, "not-found").await;
    todos.delete(&path).expect_problem(404, "not-found").await;
    todos.post(&format!("{path}/complete")).expect_problem(404, "not-found").await;
    todos.patch(&path).json(&json!({"title": "x"})).expect_problem(404, "not-found").await;
    assert_eq!(todos.get("/todos").expect(200).await["items"], json!([]));
}

#[tokio::test]
async fn an_item_with_only_a_title_has_default_values() {
    let product = Product::shared().await;
    let ann = product.user().await;
    for body in
        [json!({"title": "x"}), json!({"title": "x", "notes": null, "dueAt": null, "priority": null, "tags": null})]
    {
        let item = ann.api("todos").post("/todos").json(&body).expect(201).await;
        let plain = [json!(null), json!(null), json!("normal"), json!([])];
        assert_eq!([&item["notes"], &item["dueAt"], &item["priority"], &item["tags"]], plain.each_ref());
    }
}

#[tokio::test]
async fn a_merge_patch_removes_fields_with_null_and_keeps_the_others() {
    let product = Product::shared().await;
    let ann = product.user().await;
    let todos = ann.api("todos");
    let new = json!({"title": "x", "notes": "n", "dueAt": "2026-01-01T00:00:00Z", "priority": "low", "tags": ["a"]});
    let item = todos.post("/todos").json(&new).expect(201).await;
    let path = format!("/todos/{}", item["id"].as_str().unwrap());
    let change = |body: Value| todos.patch(&path).text(MERGE_PATCH, &body.to_string());

    let titled = change(json!({"title": "y"})).expect(200).await;
    let mut expected = item.clone();
    expected["title"] = json!("y");
    expected["version"] = json!(2);
    expected["updatedAt"] = titled["updatedAt"].clone();
    assert_eq!(titled, expected);
    assert_eq!(change(json!({})).expect(200).await, titled, "an empty patch changes nothing");
    assert_eq!(
        change(json!({"tags": ["a"], "title": "y"})).expect(200).await,
        titled,
        "nor does one of the same values"
    );

    let bare = change(json!({"notes": null, "dueAt": null, "priority": null, "tags": null})).expect(200).await;
    let plain = [json!(null), json!(null), json!("normal"), json!([]), json!(3)];
    assert_eq!([&bare["notes"], &bare["dueAt"], &bare["priority"], &bare["tags"], &bare["version"]], plain.each_ref());

    for body in [
        json!({"title": null}),
        json!({"title": ""}),
        json!({"titel": "z"}),
        json!({"id": Uuid::now_v7()}),
        json!({"version": 9}),
        json!({"status": "completed"}),
        json!({"completedAt": "2026-01-01T00:00:00Z"}),
        json!({"createdAt": "2026-01-01T00:00:00Z"}),
        json!({"ownerId": Uuid::new_v4()}),
        json!({"title": 7}),
        json!({"tags": "a"}),
        json!([]),
        json!(null),
    ] {
        change(body).expect_problem(400, "invalid-request").await;
    }
    assert_eq!(todos.get(&path).expect(200).await, bare);
}

#[tokio::test]
async fn each_change_is_published_once_and_an_unchanged_item_never() {
    let product = Product::shared().await;
    let ann = product.user().await;
    let todos = ann.api("todos");
    let mut events = product.listen(json!({"detail": {"data": {"ownerId": [ann.id]}}})).await;
    let item = todos.post("/todos").json(&json!({"title": "Buy milk", "notes": "secret"})).expect(201).await;
    let path = format!("/todos/{}", item["id"].as_str().unwrap());

    todos.post(&format!("{path}/reopen")).expect(200).await;
    let done = todos.post(&format!("{path}/complete")).expect(200).await;
    assert_eq!(todos.post(&format!("{path}/complete")).expect(200).await, done, "a second completion is no change");
    todos.patch(&path).json(&json!({"priority": "high"})).expect(200).await;
    todos.patch(&path).json(&json!({"priority": "high"})).expect(200).await;
    todos.post(&format!("{path}/reopen")).expect(200).await;
    todos.post(&format!("{path}/reopen")).expect(200).await;
    todos.delete(&path).expect(204).await;

    let heard = events.until(1, "TodoDeleted.v1").await;
    let types: Vec<&str> = heard.iter().map(|event| event["detail-type"].as_str().unwrap()).collect();
    assert_eq!(types, ["TodoCreated.v1", "TodoCompleted.v1", "TodoChanged.v1", "TodoReopened.v1", "TodoDeleted.v1"]);
    for (event, sequence) in heard.iter().zip(1..) {
        assert_eq!(event["source"], "busline.todos");
        let metadata = &event["detail"]["metadata"];
        assert_eq!((&metadata["subject"], &metadata["sequence"]), (&item["id"], &json!(sequence)));
        assert_eq!(event["detail"]["data"]["todoId"], item["id"]);
        assert!(!event.to_string().contains("secret"), "notes never travel");
    }
    assert_eq!(heard[2]["detail"]["data"]["changed"], json!(["priority"]));
}

#[tokio::test]
async fn a_change_with_an_outdated_entity_tag_is_refused() {
    let product = Product::shared().await;
    let ann = product.user().await;
    let todos = ann.api("todos");
    let item = todos.post("/todos").json(&json!({"title": "1"})).expect(201).await;
    let path = format!("/todos/{}", item["id"].as_str().unwrap());
    let change = |tags: &str| todos.patch(&path).header("if-match", tags).json(&json!({"title": tags}));

    change("\"1\"").expect(200).await;
    for stale in ["\"1\"", "\"1\", \"3\"", "W/\"2\"", "\"two\""] {
        change(stale).expect_problem(412, "stale").await;
        todos.delete(&path).header("if-match", stale).expect_problem(412, "stale").await;
        todos.post(&format!("{path}/complete")).header("if-match", stale).expect_problem(412, "stale").await;
        todos.post(&format!("{path}/reopen")).header("if-match", stale).expect_problem(412, "stale").await;
        todos.post(&format!("{path}/restore")).header("if-match", stale).expect_problem(412, "stale").await;
    }
    for broken in ["2", "\"2", "", "\"2\" \"3\"x"] {
        change(broken).expect_problem(400, "invalid-request").await;
    }
    assert_eq!(todos.get(&path).expect(200).await["version"], 2);
    change("\"1\", \"2\" ,\"7\"").expect(200).await;
    change("*").expect(200).await;
    todos.post(&format!("{path}/complete")).header("if-match", "\"4\"").expect(200).await;
    todos.delete(&path).header("if-match", "\"5\"").expect(204).await;
    for verb in ["restore", "purge"] {
        todos.post(&format!("{path}/{verb}")).header("if-match", "\"5\"").expect_problem(412, "stale").await;
    }
    todos.post(&format!("{path}/restore")).header("if-match", "\"6\"").expect(200).await;
}

#[tokio::test]
async fn concurrent_changes_are_both_kept_or_refused_by_entity_tag() {
    let product = Product::shared().await;
    let ann = product.user().await;
    let todos = ann.api("todos");
    let item = todos.post("/todos").json(&json!({"title": "x"})).expect(201).await;
    let path = format!("/todos/{}", item["id"].as_str().unwrap());
    let change = |body: Value| todos.patch(&path).json(&body);

    tokio::join!(
        change(json!({"title": "y"})).expect(200),
        change(json!({"notes": "n"})).expect(200),
        change(json!({"tags": ["t"]})).expect(200),
    );
    let all = todos.get(&path).expect(200).await;
    let kept = [json!("y"), json!("n"), json!(["t"]), json!(4)];
    assert_eq!([&all["title"], &all["notes"], &all["tags"], &all["version"]], kept.each_ref());

    let tagged = |title: &str| change(json!({"title": title})).header("if-match", "\"4\"").send();
    let (one, other) = tokio::join!(tagged("one"), tagged("other"));
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412]);
}

#[tokio::test]
async fn an_invalid_id_is_404() {
    let product = Product::shared().await;
    let ann = product.user().await;
    for id in ["x", "0", "%20", &Uuid::now_v7().simple().to_string(), &Uuid::now_v7().to_string().to_uppercase()] {
        ann.api("todos").get(&format!("/todos/{id}")).expect_problem(404, "not-found").await;
        ann.api("todos").post(&format!("/todos/{id}/complete")).expect_problem(404, "not-found").await;
    }
}

#[tokio::test]
async fn four_clients_can_change_one_item_at_the_same_time() {
    let product = Product::shared().await;
    let ann = product.user().await;
    let item = ann.api("todos").post("/todos").json(&json!({"title": "0"})).expect(201).await;
    let path = format!("/todos/{}", item["id"].as_str().unwrap());
    let mut clients = JoinSet::new();
    for client in 0..4 {
        let (todos, path) = (ann.api("todos"), path.clone());
        clients.spawn(async move {
            let mut statuses = Vec::new();
            for edit in 0..10 {
                let title = json!({"title": format!("{client} {edit}")});
                statuses.push(todos.patch(&path).json(&title).send().await.status);
            }
            statuses
        });
    }
    let statuses = clients.join_all().await.concat();
    assert_eq!(statuses, [200; 40]);
    assert_eq!(ann.api("todos").get(&path).send().await.header("etag"), "\"41\"");
}
