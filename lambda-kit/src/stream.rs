//! Batches of a DynamoDB stream, and the runner of jobs that handle its records.

use std::error::Error;
use std::future::Future;

use events::envelope::broken_rule;
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_dynamo::Item;
use tracing::{error, info};

use crate::outbox::OutboxRow;
use crate::subscriber::SubscribeFailure;
use crate::telemetry;

/// Runs a job on each record of a table's stream, in order, until the environment ends.
///
/// The first record that fails is reported, and Lambda retries from that record. If it is the first of the batch, the whole
/// batch fails: Lambda then bisects it until the batch is this one record, and sends that to the failure destination.
///
/// # Errors
/// When the Lambda runtime's API fails.
pub async fn run<S, E, F, Fut>(state: S, job: F) -> Result<(), lambda_runtime::Error>
where
    S: Sync + 'static,
    E: SubscribeFailure,
    F: Fn(&'static S, StreamRecord) -> Fut,
    Fut: Future<Output = Result<(), E>>,
{
    let state: &'static S = Box::leak(Box::new(state));
    lambda_runtime::run(service_fn(async |batch: LambdaEvent<StreamBatch>| {
        let mut done: usize = 0;
        for record in batch.payload.records {
            let sequence_number = record.sequence_number().to_owned();
            if let Err(failure) = job(state, record).await {
                let failed = failed(failure.kind(), &failure);
                return if done == 0 { Err(failed) } else { Ok(BatchResponse::failed_from(sequence_number)) };
            }
            done += 1;
        }
        info!(records = done, "handled changes of the table");
        Ok(BatchResponse::success())
    }))
    .await
}

fn failed(kind: &str, failure: &dyn Error) -> Diagnostic {
    let chain = telemetry::chain(failure);
    error!(error.kind = kind, error.chain = chain, "could not handle a change of the table");
    Diagnostic { error_type: kind.to_owned(), error_message: chain }
}

/// A batch of stream records; only the fields that jobs read.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/with-ddb-example.html>
#[derive(Debug, Deserialize)]
pub struct StreamBatch {
    /// The records; those of one item are in the order of its changes.
    #[serde(rename = "Records")]
    pub records: Vec<StreamRecord>,
}

/// One change of an item.
#[derive(Debug, Deserialize)]
pub struct StreamRecord {
    dynamodb: Change,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Change {
    sequence_number: String,
    #[serde(default)]
    keys: serde_json::Value,
    /// Parsed record by record, so that one bad record does not fail the whole batch.
    #[serde(default)]
    new_image: serde_json::Value,
}

impl StreamRecord {
    /// Identifies the record in its shard.
    #[must_use]
    pub fn sequence_number(&self) -> &str {
        &self.dynamodb.sequence_number
    }

    /// The outbox row that the change wrote.
    ///
    /// # Errors
    /// When the change wrote no item, or another item than an outbox row.
    pub fn outbox_row(&self) -> Result<OutboxRow, RecordError> {
        read(&self.dynamodb.new_image)
    }

    /// The key of the item that was changed.
    ///
    /// # Errors
    /// When the record has no key, or the key does not parse as `T`.
    pub fn keys<T: DeserializeOwned>(&self) -> Result<T, RecordError> {
        read(&self.dynamodb.keys)
    }

    /// The item after the change; `None` when the change deleted it.
    ///
    /// # Errors
    /// When the item does not parse as `T`.
    pub fn item<T: DeserializeOwned>(&self) -> Result<Option<T>, RecordError> {
        match &self.dynamodb.new_image {
            serde_json::Value::Null => Ok(None),
            image => read(image).map(Some),
        }
    }
}

fn read<T: DeserializeOwned>(image: &serde_json::Value) -> Result<T, RecordError> {
    let item = serde_json::from_value::<Item>(image.clone());
    let item = item.map_err(|error| RecordError::MissingItem(broken_rule(&error)))?;
    serde_dynamo::from_item(item).map_err(|error| RecordError::UnexpectedItem(broken_rule(&error)))
}

/// Why the item of a stream record cannot be read. The texts name the broken rule without the item's values, because
/// they go to logs and failure records.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The record has no image, or the image is not a DynamoDB item.
    #[error("the stream record has no item: {0}")]
    MissingItem(String),
    /// The item has other attributes than expected.
    #[error("the stream record's item is not the expected one: {0}")]
    UnexpectedItem(String),
}

/// The response of a stream function with `ReportBatchItemFailures`.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html>
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BatchResponse {
    batch_item_failures: Vec<ItemFailure>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct ItemFailure {
    item_identifier: String,
}

impl BatchResponse {
    /// All records were handled.
    pub(crate) fn success() -> Self {
        Self { batch_item_failures: Vec::new() }
    }

    /// The record with this sequence number failed; Lambda retries from it.
    pub(crate) fn failed_from(sequence_number: String) -> Self {
        Self { batch_item_failures: vec![ItemFailure { item_identifier: sequence_number }] }
    }
}
