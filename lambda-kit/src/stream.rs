//! Batches of a DynamoDB stream, and the runner of jobs that handle its records.

use std::error::Error;
use std::future::Future;

use aws_lambda_events::dynamodb::{Event, EventRecord};
use aws_lambda_events::streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse};
use events::envelope::broken_rule;
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde::de::DeserializeOwned;
use serde_dynamo::Item;
use tracing::{error, info};

use crate::outbox::OutboxRow;
use crate::runtime;
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
    F: Fn(&'static S, EventRecord) -> Fut,
    Fut: Future<Output = Result<(), E>>,
{
    let state: &'static S = Box::leak(Box::new(state));
    runtime::run(service_fn(async |batch: LambdaEvent<Event>| {
        let mut done: usize = 0;
        for record in batch.payload.records {
            let sequence_number = record.change.sequence_number.clone();
            if let Err(failure) = job(state, record).await {
                let failed = failed(failure.kind(), &failure);
                return if done == 0 { Err(failed) } else { Ok(failed_from(sequence_number)) };
            }
            done += 1;
        }
        info!(records = done, "handled changes of the table");
        Ok(DynamoDbEventResponse::default())
    }))
    .await
}

fn failed(kind: &str, failure: &dyn Error) -> Diagnostic {
    let chain = telemetry::chain(failure);
    error!(error.kind = kind, error.chain = chain, "could not handle a change of the table");
    Diagnostic { error_type: kind.to_owned(), error_message: chain }
}

/// The outbox row that the change of this record wrote.
///
/// # Errors
/// When the change wrote no item, or another item than an outbox row.
pub fn outbox_row(record: &EventRecord) -> Result<OutboxRow, RecordError> {
    item(record)?.ok_or(RecordError::MissingItem)
}

/// The key of the item that was changed.
///
/// # Errors
/// When the key does not parse as `T`.
pub fn keys<T: DeserializeOwned>(record: &EventRecord) -> Result<T, RecordError> {
    read(&record.change.keys)
}

/// The item after the change; `None` when the change deleted it.
///
/// # Errors
/// When the item does not parse as `T`.
pub fn item<T: DeserializeOwned>(record: &EventRecord) -> Result<Option<T>, RecordError> {
    let image = &record.change.new_image;
    if image.is_empty() { Ok(None) } else { read(image).map(Some) }
}

fn read<T: DeserializeOwned>(item: &Item) -> Result<T, RecordError> {
    serde_dynamo::from_item(item.clone()).map_err(|error| RecordError::UnexpectedItem(broken_rule(&error)))
}

/// Why the item of a stream record cannot be read. The texts name the broken rule without the item's values, because
/// they go to logs and failure records.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The change deleted the item.
    #[error("the stream record has no item")]
    MissingItem,
    /// The item has other attributes than expected.
    #[error("the stream record's item is not the expected one: {0}")]
    UnexpectedItem(String),
}

/// The answer of a function with `ReportBatchItemFailures` when the record with this sequence number failed; Lambda
/// retries from it.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html>
pub(crate) fn failed_from(sequence_number: Option<String>) -> DynamoDbEventResponse {
    let (mut response, mut failure) = (DynamoDbEventResponse::default(), DynamoDbBatchItemFailure::default());
    // Without a number, Lambda repeats the whole batch.
    failure.item_identifier = sequence_number;
    response.batch_item_failures.push(failure);
    response
}
