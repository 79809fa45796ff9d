//! The rate at which a user may change something.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::{SignedDuration, Timestamp};
use lambda_kit::admission;
use serde_json::json;
use tests::account::User;
use tests::product::Product;

#[tokio::test]
async fn a_user_beyond_the_rate_waits_and_reads_and_nobody_else_waits() {
    let product = Product::shared().await;
    let (ann, bob) = (product.user().await, product.user().await);
    let create = |user: &User| user.api("todos").post("/todos").json(&json!({"title": "x"}));
    let item = create(&ann).expect(201).await;
    count_as_used(&ann, "count").await;

    let refused = create(&ann).send().await.with_status(429);
    assert_eq!(refused.body["type"], "urn:problem:busline:too-many-requests");
    let seconds: u32 = refused.header("retry-after").parse().expect("a number of seconds");
    assert!((1..=60).contains(&seconds), "{seconds}");
    let path = format!("/todos/{}", item["id"].as_str().expect("an id"));
    ann.api("todos").patch(&path).json(&json!({"title": "y"})).expect_problem(429, "too-many-requests").await;
    assert_eq!(ann.api("todos").get("/todos").expect(200).await["items"], json!([item]), "nothing has changed");
    create(&bob).expect(201).await;
}

#[tokio::test]
async fn each_change_is_counted_once_and_a_read_is_not() {
    let product = Product::shared().await;
    let ann = product.user().await;
    for title in ["a", "b", ""] {
        ann.api("todos").post("/todos").json(&json!({"title": title})).send().await;
        ann.api("todos").get("/todos").expect(200).await;
    }
    assert_eq!(counted(&ann).await, 3, "the refused one too");
}

#[tokio::test]
async fn a_route_that_costs_more_has_a_separate_limit() {
    let product = Product::shared().await;
    let ann = product.user().await;
    let item = ann.api("todos").post("/todos").json(&json!({"title": "x"})).expect(201).await;
    let files = format!("/todos/{}/attachments", item["id"].as_str().expect("an id"));
    let begin =
        || ann.api("todos").post(&files).json(&json!({"name": "a.txt", "contentType": "text/plain", "bytes": 1}));
    begin().expect(201).await;
    count_as_used(&ann, "create-attachment").await;

    let refused = begin().send().await.with_status(429);
    assert_eq!(refused.body["type"], "urn:problem:busline:too-many-requests");
    let detail = refused.body["detail"].as_str().expect("a text");
    assert!(detail.contains("6000 changes a minute, 5000 of this kind"), "{detail}");
    ann.api("todos").post("/todos").json(&json!({"title": "y"})).expect(201).await;
    assert_eq!(ann.api("todos").get(&files).expect(200).await["items"].as_array().map(Vec::len), Some(1));
}

/// Writes more requests than any limit into one of the counts of the next minutes.
async fn count_as_used(user: &User, count: &str) {
    let client = aws_sdk_dynamodb::Client::new(user.product().sdk());
    for minute in 0..30 {
        let at = Timestamp::now() + SignedDuration::from_mins(minute);
        let mut row = admission::key(user.id, at);
        row.insert(count.to_owned(), AttributeValue::N("1000000".to_owned()));
        let put = client.put_item().table_name(user.product().table("todos")).set_item(Some(row));
        put.send().await.expect("a row that can be written");
    }
}

/// The sum of the user's counts.
async fn counted(user: &User) -> u32 {
    let client = aws_sdk_dynamodb::Client::new(user.product().sdk());
    let key = admission::key(user.id, Timestamp::now());
    let query = client.query().table_name(user.product().table("todos")).consistent_read(true);
    let query = query.key_condition_expression("pk = :pk").expression_attribute_values(":pk", key["pk"].clone());
    let rows = query.send().await.expect("the table answers").items.unwrap_or_default();
    rows.iter().map(|row| row["count"].as_n().expect("a number").parse::<u32>().expect("a count")).sum()
}
