//! Deletes rows in batches: those of a partition, and the outbox rows of a user.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, DeleteRequest, WriteRequest};
use uuid::Uuid;

use crate::table::TableError;

type Item = HashMap<String, AttributeValue>;

/// `BatchWriteItem` takes 25 writes a call.
/// Source: <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html>
const BATCH: usize = 25;
/// How often a batch is sent while DynamoDB returns unprocessed deletions.
const ATTEMPTS: u32 = 8;
const FIRST_PAUSE: Duration = Duration::from_millis(50);

pub(super) async fn delete_partition(client: &Client, table: &str, partition: &str) -> Result<(), TableError> {
    let mut after = None;
    loop {
        let answer = client
            .query()
            .table_name(table)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", AttributeValue::S(partition.to_owned()))
            .projection_expression("pk, sk")
            .consistent_read(true)
            .set_exclusive_start_key(after)
            .send()
            .await
            .map_err(TableError::call)?;
        delete(client, table, answer.items.unwrap_or_default()).await?;
        after = answer.last_evaluated_key;
        if after.is_none() {
            return Ok(());
        }
    }
}

pub(super) async fn delete_outbox_rows(
    client: &Client,
    table: &str,
    user: Uuid,
    kept_event: &str,
) -> Result<(), TableError> {
    let mut after = None;
    loop {
        let answer = client
            .query()
            .table_name(table)
            .index_name("byUser")
            .key_condition_expression("#user = :user")
            .expression_attribute_names("#user", "user")
            .expression_attribute_values(":user", AttributeValue::S(user.to_string()))
            .set_exclusive_start_key(after)
            .send()
            .await
            .map_err(TableError::call)?;
        let is_kept =
            |row: &Item| row.get("detailType").and_then(|name| name.as_s().ok()).is_some_and(|name| name == kept_event);
        let rows = answer.items.unwrap_or_default().into_iter().filter(|row| !is_kept(row));
        let keys = rows.map(|row| row.into_iter().filter(|(name, _)| name == "pk" || name == "sk").collect());
        delete(client, table, keys.collect()).await?;
        after = answer.last_evaluated_key;
        if after.is_none() {
            return Ok(());
        }
    }
}

async fn delete(client: &Client, table: &str, keys: Vec<Item>) -> Result<(), TableError> {
    for batch in keys.chunks(BATCH) {
        let requests = batch.iter().map(|key| {
            let delete = DeleteRequest::builder().set_key(Some(key.clone())).build()?;
            Ok(WriteRequest::builder().delete_request(delete).build())
        });
        delete_batch(client, table, requests.collect::<Result<_, TableError>>()?).await?;
    }
    Ok(())
}

async fn delete_batch(client: &Client, table: &str, mut pending: Vec<WriteRequest>) -> Result<(), TableError> {
    let mut pause = FIRST_PAUSE;
    for _ in 0..ATTEMPTS {
        let answer = client.batch_write_item().request_items(table, pending).send().await.map_err(TableError::call)?;
        pending = answer.unprocessed_items.unwrap_or_default().remove(table).unwrap_or_default();
        if pending.is_empty() {
            return Ok(());
        }
        tokio::time::sleep(pause).await;
        pause *= 2;
    }
    Err(TableError::Call(format!("DynamoDB did not process {} deletions of a batch", pending.len()).into()))
}
