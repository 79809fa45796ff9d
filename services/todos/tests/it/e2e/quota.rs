//! What a user may have in all. Most of it is written into the table directly, because it would take long otherwise.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, Select, WriteRequest};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tests::account::User;
use tests::api::ApiResponse;
use tests::injected_fault::settings;
use tests::product::Product;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::e2e::attachments::item_of;

type Row = HashMap<String, AttributeValue>;

/// How many rows one call may write.
const BATCH: usize = 25;

#[tokio::test]
async fn a_user_has_as_many_items_as_the_limit_allows_and_not_one_more() {
    let product = Product::shared().await;
    let ann = product.user().await;
    let limit = limit_of(&product, "create-todo", "ITEMS_PER_USER").await;
    let rows = item_rows(&ann, usize::try_from(limit).expect("a limit") - 6);
    write(&ann, &rows).await;
    accepted(create(&ann, "the first, which counts").await);
    assert_eq!(recorded(&ann, "items").await, limit - 5);

    let created = create_concurrently(&ann, 20).await;
    assert_eq!((created.len(), count_items(&ann).await), (5, limit));
    let (key, first) = &created[0];
    assert_eq!(create(&ann, key).await.body, first.body, "a repeat creates nothing");
    let path = first.header("location");

    let_time_pass(&ann, "items").await;
    let problem = refused_for_good(create(&ann, "one more").await, "item-limit-reached");
    assert!(problem["detail"].as_str().expect("a text").contains(&limit.to_string()), "{problem}");
    refused_for_good(create(&ann, "another one").await, "item-limit-reached");
    assert_eq!(create(&ann, key).await.body, first.body);

    let todos = ann.api("todos");
    todos.delete(path).expect(204).await;
    let_time_pass(&ann, "items").await;
    refused_for_good(create(&ann, "after a deletion").await, "item-limit-reached");
    todos.post(&format!("{path}/restore")).expect(200).await;
    todos.delete(path).expect(204).await;
    todos.post(&format!("{path}/purge")).expect(204).await;
    let_time_pass(&ann, "items").await;
    accepted(create(&ann, "after a purge").await);
    refused(&create(&ann, "one more").await);
    assert_eq!(count_items(&ann).await, limit);
}

#[tokio::test]
async fn a_record_that_is_ahead_of_the_items_refuses_nothing() {
    let product = Product::shared().await;
    let ann = product.user().await;
    accepted(create(&ann, "first").await);
    let used = AttributeValue::N(limit_of(&product, "create-todo", "ITEMS_PER_USER").await.to_string());
    update_usage(&ann, "items", "used", used).await;
    let_time_pass(&ann, "items").await;
    accepted(create(&ann, "second").await);
    accepted(create(&ann, "third").await);
    assert_eq!(recorded(&ann, "items").await, 3);
    accepted(create(&ann, "third").await);
    assert_eq!(recorded(&ann, "items").await, 3, "a repeat is not counted");
}

#[tokio::test]
async fn a_user_has_as_many_bytes_of_attachments_as_the_limit_allows() {
    let product = Product::shared().await;
    let ann = product.user().await;
    let limit = limit_of(&product, "create-attachment", "ATTACHMENT_BYTES_PER_USER").await;
    let now = Timestamp::now();
    let (past, future) = (now - SignedDuration::from_hours(1), now + SignedDuration::from_hours(1));
    let rows = [
        file_row(&ann, limit - 10, "ready", None),
        file_row(&ann, 1000, "rejected", Some(future)),
        file_row(&ann, 1000, "uploading", Some(past)),
    ];
    write(&ann, &rows).await;
    let item = item_of(&ann).await;
    let path = format!("{item}/attachments");
    let announce = async |bytes: u64| {
        let body = json!({"name": "x.txt", "contentType": "text/plain", "bytes": bytes});
        ann.api("todos").post(&path).json(&body).send().await
    };

    let announced = announce(10).await.with_status(201);
    refused(&announce(1).await);
    let_time_pass(&ann, "attachment-bytes").await;
    let problem = refused_for_good(announce(1).await, "attachment-bytes-limit-reached");
    assert!(problem["detail"].as_str().expect("a text").contains(&limit.to_string()), "{problem}");

    ann.api("todos").delete(announced.header("location")).expect(204).await;
    let_time_pass(&ann, "attachment-bytes").await;
    accepted(announce(4).await);
    accepted(announce(6).await);
    refused(&announce(1).await);
}

/// Has the next creation count what the user has, as if nothing had ever been created.
pub(crate) async fn forget_usage(user: &User) {
    let delete = client(user).delete_item().table_name(user.product().table("todos"));
    delete.set_key(Some(usage_key(user, "items"))).send().await.expect("a row that can be deleted");
}

/// A limit of the cloud that runs the test.
async fn limit_of(product: &Product, job: &str, setting: &str) -> u64 {
    settings(product, &product.function("todos", job)).await[setting].parse().expect("a number")
}

async fn create(user: &User, key: &str) -> ApiResponse {
    let new = json!({"title": key});
    user.api("todos").post("/todos").header("idempotency-key", &key.replace([' ', ','], "-")).json(&new).send().await
}

/// Sends so many creations at once; those that succeeded, with their idempotency keys.
async fn create_concurrently(user: &User, count: usize) -> Vec<(String, ApiResponse)> {
    let mut calls = JoinSet::new();
    for _ in 0..count {
        let (user, key) = (user.clone(), Uuid::new_v4().to_string());
        calls.spawn(async move {
            let response = create(&user, &key).await;
            (key, response)
        });
    }
    let (created, others): (Vec<_>, Vec<_>) =
        calls.join_all().await.into_iter().partition(|(_, response)| response.status == 201);
    for (_, response) in &others {
        refused(response);
    }
    created
}

fn accepted(response: ApiResponse) {
    drop(response.with_status(201));
}

/// Refused: with 429 while the user is not counted, with 409 after that.
fn refused(response: &ApiResponse) {
    if response.status == 429 {
        let seconds: u32 = response.header("retry-after").parse().expect("a number of seconds");
        assert!((1..=15).contains(&seconds), "{seconds}");
        return;
    }
    assert_eq!(response.status, 409, "{}", response.body);
    assert!(response.body["type"].as_str().expect("a type").ends_with("-limit-reached"), "{}", response.body);
}

/// The problem document of a user who has as much as the limit allows.
fn refused_for_good(response: ApiResponse, kind: &str) -> Value {
    let body = response.with_status(409).body;
    assert_eq!(body["type"], format!("urn:problem:busline:{kind}"));
    body
}

/// Has the next request find that nothing was reserved or counted for a minute.
async fn let_time_pass(user: &User, resource: &str) {
    let before = Timestamp::now() - SignedDuration::from_mins(1);
    update_usage(user, resource, "changedAt", AttributeValue::S(before.to_string())).await;
}

async fn update_usage(user: &User, resource: &str, attribute: &str, value: AttributeValue) {
    let update = client(user).update_item().table_name(user.product().table("todos"));
    let update = update.set_key(Some(usage_key(user, resource))).condition_expression("attribute_exists(pk)");
    let update =
        update.update_expression("SET #attribute = :value").expression_attribute_names("#attribute", attribute);
    update.expression_attribute_values(":value", value).send().await.expect("a row that can be changed");
}

async fn recorded(user: &User, resource: &str) -> u64 {
    let get = client(user).get_item().table_name(user.product().table("todos")).consistent_read(true);
    let answer = get.set_key(Some(usage_key(user, resource))).send().await.expect("the table answers");
    answer.item.expect("a record")["used"].as_n().expect("a number").parse().expect("a count")
}

fn usage_key(user: &User, resource: &str) -> Row {
    row(user, format!("USAGE#{resource}"))
}

fn row(user: &User, sort_key: String) -> Row {
    let text = AttributeValue::S;
    Row::from([("pk".to_owned(), text(format!("USER#{}", user.id))), ("sk".to_owned(), text(sort_key))])
}

/// Rows that count as items of the user, every tenth one deleted.
fn item_rows(user: &User, count: usize) -> Vec<Row> {
    let prefix = |number: usize| if number.is_multiple_of(10) { "DELETED-TODO#" } else { "TODO#" };
    (0..count).map(|number| row(user, format!("{}{number}", prefix(number)))).collect()
}

/// A row that counts as an attachment of the user.
fn file_row(user: &User, bytes: u64, status: &str, expires_at: Option<Timestamp>) -> Row {
    let mut row = row(user, format!("FILE#{}#{}", Uuid::now_v7(), Uuid::now_v7()));
    row.insert("bytes".to_owned(), AttributeValue::N(bytes.to_string()));
    row.insert("status".to_owned(), AttributeValue::S(status.to_owned()));
    let expires_at = expires_at.map(|at| AttributeValue::N(at.as_second().to_string()));
    row.extend(expires_at.map(|at| ("expiresAt".to_owned(), at)));
    row
}

fn put(row: &Row) -> WriteRequest {
    let put = PutRequest::builder().set_item(Some(row.clone())).build().expect("a complete request");
    WriteRequest::builder().put_request(put).build()
}

/// Writes rows, a batch after the other. They stay: each deletion would be a change of an item for the job `schedule`.
async fn write(user: &User, rows: &[Row]) {
    let (client, table) = (client(user), user.product().table("todos"));
    for batch in rows.chunks(BATCH) {
        let requests = batch.iter().map(put).collect();
        let answer = client.batch_write_item().request_items(table, requests).send().await.expect("a written batch");
        assert!(answer.unprocessed_items().is_none_or(HashMap::is_empty), "{answer:?}");
    }
}

/// How many items the table has of the user.
async fn count_items(user: &User) -> u64 {
    let mut count = 0;
    for prefix in ["TODO#", "DELETED-TODO#"] {
        let query = client(user).query().table_name(user.product().table("todos")).consistent_read(true);
        let query = query
            .select(Select::Count)
            .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
            .expression_attribute_values(":pk", AttributeValue::S(format!("USER#{}", user.id)))
            .expression_attribute_values(":prefix", AttributeValue::S(prefix.to_owned()));
        let mut pages = query.into_paginator().send();
        while let Some(page) = pages.next().await {
            count += u64::from(page.expect("the table answers").count().unsigned_abs());
        }
    }
    count
}

fn client(user: &User) -> Client {
    Client::new(user.product().sdk())
}
