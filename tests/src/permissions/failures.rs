//! What a function keeps of an event or a stream batch that it cannot process.

use std::time::{Duration, Instant};

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvocationType;
use serde_json::Value;
use tokio::sync::Mutex;
use uuid::Uuid;

use crate::cleanup::run_in_drop;
use crate::permissions::grants::Function;
use crate::permissions::needed::Outcome;
use crate::product::Product;

/// Reading a queue hides its messages for a while, so the queue is read by one task at a time.
static READING: Mutex<()> = Mutex::const_new(());

/// The attributes of a row that makes a stream batch fail, and its sort key.
pub type FailingRow = (&'static str, Vec<(&'static str, AttributeValue)>);

/// An event that contains `mark` and cannot be processed is sent to the dead-letter queue.
///
/// # Errors
/// When it is not there within `timeout`.
pub async fn keeps_event(
    product: &Product,
    function: &Function,
    event: &Value,
    mark: &str,
    timeout: Duration,
) -> Outcome {
    let client = aws_sdk_lambda::Client::new(product.sdk());
    let request = client.invoke().function_name(function.name(product.env()));
    let request = request.invocation_type(InvocationType::Event).payload(Blob::new(event.to_string()));
    request.send().await.expect("a function that accepts events");
    take_dead_letter_message(product, &function.service, mark, timeout).await
}

/// A stream record that cannot be processed is stored in the failures bucket and reported in the dead-letter queue, and
/// the records behind it are processed.
///
/// # Errors
/// When one of the two does not happen in time.
pub async fn keeps_record(
    product: &Product,
    function: &Function,
    row: FailingRow,
    next_records: impl Future<Output = Outcome>,
    timeout: Duration,
) -> Outcome {
    let poison = PoisonRow::put(product, function, row).await;
    let processed = next_records.await;
    processed.and(take_dead_letter_message(product, &function.service, &poison.mapping, timeout).await)
}

/// Waits for a dead-letter message that contains `part`, and deletes it with the object that it reports.
async fn take_dead_letter_message(product: &Product, service: &str, part: &str, timeout: Duration) -> Outcome {
    let queue = product.dead_letter_queue(service);
    let started = Instant::now();
    // A reading is never cut short: it would leave the queue's messages hidden.
    while started.elapsed() < timeout {
        let reading = READING.lock().await;
        let messages = queue.containing(part).await;
        for message in &messages {
            queue.delete(message).await;
            delete_reported_object(product, &message.body).await;
        }
        drop(reading);
        if !messages.is_empty() {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(150)).await;
    }
    Err(format!("no dead-letter message within {timeout:?}"))
}

/// Deletes the object that a notification of S3 in a dead-letter message reports.
pub async fn delete_reported_object(product: &Product, body: &Value) {
    let object = &body["Records"][0]["s3"];
    if let (Some(bucket), Some(key)) = (object["bucket"]["name"].as_str(), object["object"]["key"].as_str()) {
        product.s3().delete_object().bucket(bucket).key(key).send().await.expect("an object that can be deleted");
    }
}

/// A row that makes a stream batch fail. Failed batches are not retried while this value exists, so that no test waits for
/// the retries.
struct PoisonRow {
    product: Product,
    service: String,
    key: String,
    sort_key: &'static str,
    /// The id of the event source mapping, which is part of the key of every failed batch.
    mapping: String,
    retries: i32,
}

impl PoisonRow {
    async fn put(product: &Product, function: &Function, (sort_key, attributes): FailingRow) -> Self {
        let lambda = aws_sdk_lambda::Client::new(product.sdk());
        let listed = lambda.list_event_source_mappings().function_name(function.name(product.env())).send().await;
        let mapping = listed.expect("mappings").event_source_mappings.unwrap_or_default().pop();
        let mapping = mapping.expect("the event source mapping of a stream");
        let poison = Self {
            product: product.clone(),
            service: function.service.clone(),
            key: format!("OUTBOX#{}", Uuid::new_v4()),
            sort_key,
            mapping: mapping.uuid.expect("a mapping's id"),
            retries: mapping.maximum_retry_attempts.expect("a maximum of retries"),
        };
        set_retries(product, &poison.mapping, 0).await;
        let put = aws_sdk_dynamodb::Client::new(product.sdk()).put_item().table_name(product.table(&poison.service));
        let put = put.item("pk", text(&poison.key)).item("sk", text(sort_key));
        let put = attributes.into_iter().fold(put, |put, (name, value)| put.item(name, value));
        put.send().await.expect("a row that can be written");
        poison
    }
}

impl Drop for PoisonRow {
    fn drop(&mut self) {
        let (product, service, key) = (self.product.clone(), self.service.clone(), self.key.clone());
        let sort_key = self.sort_key;
        let (mapping, retries) = (self.mapping.clone(), self.retries);
        run_in_drop(async move {
            let table = aws_sdk_dynamodb::Client::new(product.sdk()).delete_item().table_name(product.table(&service));
            let delete = table.key("pk", text(&key)).key("sk", text(sort_key));
            delete.send().await.expect("a row that can be deleted");
            set_retries(&product, &mapping, retries).await;
        });
    }
}

async fn set_retries(product: &Product, mapping: &str, retries: i32) {
    let lambda = aws_sdk_lambda::Client::new(product.sdk());
    let update = lambda.update_event_source_mapping().uuid(mapping).maximum_retry_attempts(retries);
    update.send().await.expect("a mapping that can be changed");
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}
