//! A table's stream as Lambda delivers it: batches of records, of which some are outbox rows.

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
/// The first record that fails is reported, and Lambda comes back with it and all that follow. A batch whose very first
/// record fails does so as a whole: Lambda then halves it, and comes in the end with that record alone, which goes to
/// the failure destination while the good ones pass.
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
                return if done == 0 { Err(failed) } else { Ok(BatchAnswer::failed_from(sequence_number)) };
            }
            done += 1;
        }
        info!(records = done, "handled changes of the table");
        Ok(BatchAnswer::done())
    }))
    .await
}

fn failed(kind: &str, failure: &dyn Error) -> Diagnostic {
    let chain = telemetry::chain(failure);
    error!(error.kind = kind, error.chain = chain, "could not handle a change of the table");
    Diagnostic { error_type: kind.to_owned(), error_message: chain }
}

/// A batch of a table's stream; the fields that the publisher reads.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/with-ddb-example.html>
#[derive(Debug, Deserialize)]
pub struct StreamBatch {
    /// In the order of the changes of each item.
    #[serde(rename = "Records")]
    pub records: Vec<StreamRecord>,
}

/// One change of the table.
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
    /// Read record by record: one that does not parse must not take the batch with it.
    #[serde(default)]
    new_image: serde_json::Value,
}

impl StreamRecord {
    /// Names the record in its shard.
    #[must_use]
    pub fn sequence_number(&self) -> &str {
        &self.dynamodb.sequence_number
    }

    /// The outbox row that the change wrote.
    ///
    /// # Errors
    /// When the change wrote no item, or one that is no outbox row.
    pub fn row(&self) -> Result<OutboxRow, NoSuchItem> {
        read(&self.dynamodb.new_image)
    }

    /// The key of the item that was changed.
    ///
    /// # Errors
    /// When the record holds no key, or another one than a `T`.
    pub fn keys<T: DeserializeOwned>(&self) -> Result<T, NoSuchItem> {
        read(&self.dynamodb.keys)
    }

    /// The item after the change; `None` when the change has deleted it.
    ///
    /// # Errors
    /// When it is no `T`.
    pub fn item<T: DeserializeOwned>(&self) -> Result<Option<T>, NoSuchItem> {
        match &self.dynamodb.new_image {
            serde_json::Value::Null => Ok(None),
            image => read(image).map(Some),
        }
    }
}

fn read<T: DeserializeOwned>(image: &serde_json::Value) -> Result<T, NoSuchItem> {
    let item = serde_json::from_value::<Item>(image.clone());
    let item = item.map_err(|error| NoSuchItem::NoItem(broken_rule(&error)))?;
    serde_dynamo::from_item(item).map_err(|error| NoSuchItem::OtherItem(broken_rule(&error)))
}

/// Why a stream record does not hold what is looked for. The causes are named without the values that they quote.
#[derive(Debug, thiserror::Error)]
pub enum NoSuchItem {
    /// There is no image, or it is no item.
    #[error("the stream record holds no item: {0}")]
    NoItem(String),
    /// The item has other attributes.
    #[error("the stream record's item is another than expected: {0}")]
    OtherItem(String),
}

/// The answer of a stream function with `ReportBatchItemFailures`.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html>
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BatchAnswer {
    batch_item_failures: Vec<ItemFailure>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct ItemFailure {
    item_identifier: String,
}

impl BatchAnswer {
    /// All of it is done.
    pub(crate) fn done() -> Self {
        Self { batch_item_failures: Vec::new() }
    }

    /// The record of this sequence number failed; neither it nor what follows is done.
    pub(crate) fn failed_from(sequence_number: String) -> Self {
        Self { batch_item_failures: vec![ItemFailure { item_identifier: sequence_number }] }
    }
}
