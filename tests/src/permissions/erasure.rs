//! What an erasure of a user finds in every service: rows, dead-letter messages and failed stream batches.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::product::Product;
use crate::wait::eventually;

/// The id by which a deletion is known after its user is forgotten.
pub fn deletion_id(user: Uuid) -> String {
    let hash = Sha256::digest(format!("busline deleted user {user}"));
    hash.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

/// Leaves data of a user in each place where an erasure of the service looks. The user's tombstone is old, so that the
/// erasure does not wait for requests that are still running.
pub async fn leave_data(product: &Product, service: &str, user: Uuid) {
    put_tombstone(product, service, user).await;
    // The `X` in the sort key keeps the row out of the publisher's filter.
    let outbox = [("pk", text(&format!("OUTBOX#{}", Uuid::new_v4()))), ("sk", text("OUTBOXX"))];
    put_row(product, service, outbox.into_iter().chain([("user", text(&user.to_string()))])).await;
    send_messages(product, service, user).await;
    put_batches(product, service, user).await;
}

/// A tombstone of a user who was deleted long ago.
pub async fn put_tombstone(product: &Product, service: &str, user: Uuid) {
    let key = format!("TOMBSTONE#{}", deletion_id(user));
    let row = [("pk", text(&key)), ("sk", text("TOMBSTONE")), ("deletedAt", text("2026-01-01T00:00:00Z"))];
    put_row(product, service, row).await;
}

/// Writes a row to a service's table.
pub async fn put_row(product: &Product, service: &str, row: impl IntoIterator<Item = (&str, AttributeValue)>) {
    let client = aws_sdk_dynamodb::Client::new(product.sdk());
    let row: HashMap<String, AttributeValue> = row.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    eventually("a row", async || {
        let request = client.put_item().table_name(product.table(service)).set_item(Some(row.clone()));
        request.send().await.ok()
    })
    .await;
}

/// Deletes all messages of the queues in which an erasure looks. A failed erasure would hide them for minutes.
pub async fn purge_queues(product: &Product, service: &str) {
    let client = aws_sdk_sqs::Client::new(product.sdk());
    for queue in queues(product, service) {
        client.purge_queue().queue_url(queue).send().await.expect("a queue that can be purged");
    }
}

/// The dead-letter queue and the parking queue.
fn queues(product: &Product, service: &str) -> [String; 2] {
    let url = product.dead_letter_queue_url(service);
    [url.to_owned(), url.replace("-dlq", "-parking")]
}

/// Sends a message that is deleted and one that stays to both queues.
async fn send_messages(product: &Product, service: &str, user: Uuid) {
    let client = aws_sdk_sqs::Client::new(product.sdk());
    for queue in queues(product, service) {
        for owner in [user, Uuid::nil()] {
            let body = json!({"permissions": true, "ownerId": owner}).to_string();
            let send = client.send_message().queue_url(&queue).message_body(body);
            send.send().await.expect("a queue that accepts messages");
        }
    }
}

/// Stores a batch that is deleted, and one that loses a record.
async fn put_batches(product: &Product, service: &str, user: Uuid) {
    let bucket = product.failures_bucket(service).await;
    for owners in [vec![user], vec![user, Uuid::nil()]] {
        let records: Vec<Value> = owners.iter().map(|owner| json!({"ownerId": owner})).collect();
        let batch = json!({"payload": json!({"Records": records}).to_string()}).to_string();
        product.put_object(&bucket, &format!("aws/lambda/permissions/{}", Uuid::new_v4()), batch).await;
    }
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}
