//! The publisher: sends outbox rows from the table's stream to the bus, in order, without losing any.
//!
//! It checks the result of every entry and sends only refused entries again. It reports the first record that could not
//! be sent, and Lambda retries from that record.

use std::collections::HashMap;
use std::time::Duration;

use aws_lambda_events::dynamodb::{Event, EventRecord};
use aws_lambda_events::streams::DynamoDbEventResponse;
use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::error::SdkError;
use aws_sdk_eventbridge::operation::put_events::PutEventsError;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use tracing::{error, info, warn};

use crate::aws;
use crate::outbox::OutboxRow;
use crate::runtime;
use crate::settings::{MissingSettings, Settings};
use crate::stream::{self, RecordError, failed_from};
use crate::telemetry;

/// `PutEvents` takes 10 entries a call.
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html>
const MAX_ENTRIES: usize = 10;
/// How often entries are sent before the batch is returned to Lambda.
const ATTEMPTS: u32 = 6;
/// The pause before the second attempt; it doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// Sends outbox rows to one bus.
#[derive(Clone, Debug)]
pub struct Publisher {
    client: Client,
    bus: String,
}

impl Publisher {
    /// Makes a publisher to the bus that the setting `BUS_NAME` names.
    ///
    /// # Errors
    /// When the setting is missing.
    pub async fn connect() -> Result<Self, MissingSettings> {
        let bus = Settings::read(|settings| settings.text("BUS_NAME"))?;
        Ok(Self { client: Client::new(&aws::load().await), bus })
    }

    /// Sends the rows in order. On failure, `sent` is the number of rows, from the first, that the bus has accepted.
    async fn send(&self, rows: &[OutboxRow]) -> Result<(), Unsent> {
        for (chunk, at) in rows.chunks(MAX_ENTRIES).zip((0..).step_by(MAX_ENTRIES)) {
            self.send_chunk(chunk).await.map_err(|unsent| Unsent { sent: at + unsent.sent, ..unsent })?;
        }
        Ok(())
    }

    async fn send_chunk(&self, rows: &[OutboxRow]) -> Result<(), Unsent> {
        let mut waiting: Vec<usize> = (0..rows.len()).collect();
        let mut pause = FIRST_PAUSE;
        let mut last_error = PublishError::Refused(String::new());
        for attempt in 1..=ATTEMPTS {
            match self.put(rows, &waiting).await {
                Ok(refused) if refused.is_empty() => return Ok(()),
                Ok(refused) => {
                    let codes: Vec<&str> = refused.values().map(String::as_str).collect();
                    last_error = PublishError::Refused(codes.join(", "));
                    waiting.retain(|index| refused.contains_key(index));
                }
                Err(error) => last_error = error,
            }
            warn!(
                attempt,
                entries = waiting.len(),
                error.chain = telemetry::chain(&last_error),
                "the bus did not accept all entries; sending them again"
            );
            if attempt < ATTEMPTS {
                tokio::time::sleep(pause).await;
                pause *= 2;
            }
        }
        Err(Unsent { sent: waiting.first().copied().unwrap_or(0), error: last_error })
    }

    /// Sends one request. Returns the error code of each refused row, by the row's index.
    async fn put(&self, rows: &[OutboxRow], waiting: &[usize]) -> Result<HashMap<usize, String>, PublishError> {
        let entries = waiting.iter().map(|&index| {
            let row = &rows[index];
            PutEventsRequestEntry::builder()
                .event_bus_name(&self.bus)
                .source(&row.source)
                .detail_type(&row.detail_type)
                .detail(&row.detail)
                .build()
        });
        let answer = self.client.put_events().set_entries(Some(entries.collect())).send().await?;
        let results = answer.entries();
        if results.len() != waiting.len() {
            return Err(PublishError::Incomplete { sent: waiting.len(), answered: results.len() });
        }
        let refused = waiting.iter().zip(results).filter(|(_, result)| result.event_id().is_none());
        Ok(refused.map(|(&index, result)| (index, result.error_code().unwrap_or("unknown").to_owned())).collect())
    }
}

/// Runs the `publish` job of a service until the environment ends.
///
/// # Errors
/// When the Lambda runtime's API fails.
pub async fn run(publisher: Publisher) -> Result<(), lambda_runtime::Error> {
    runtime::run(service_fn(async |batch: LambdaEvent<Event>| {
        publish(&publisher, batch.payload.records).await.map_err(|failure| {
            error!(error.kind = failure.kind(), error.chain = telemetry::chain(&failure), "could not publish a record");
            Diagnostic { error_type: failure.kind().to_owned(), error_message: telemetry::chain(&failure) }
        })
    }))
    .await
}

/// Publishes the records up to the first one that fails, and reports that one; Lambda retries from it.
///
/// If the first record of the batch is not an outbox row, the whole batch fails: Lambda then bisects it until the batch is
/// this one record, and sends that to the failure destination.
async fn publish(publisher: &Publisher, records: Vec<EventRecord>) -> Result<DynamoDbEventResponse, PublishError> {
    let mut rows = Vec::with_capacity(records.len());
    let mut unreadable = None;
    for record in &records {
        match stream::outbox_row(record) {
            Ok(row) => rows.push(row),
            Err(error) => {
                unreadable = Some(PublishError::from(error));
                break;
            }
        }
    }
    if let Err(unsent) = publisher.send(&rows).await {
        log_published(&rows[..unsent.sent]);
        error!(
            error.kind = unsent.error.kind(),
            error.chain = telemetry::chain(&unsent.error),
            "could not publish the whole batch"
        );
        return Ok(failed_from(records[unsent.sent].change.sequence_number.clone()));
    }
    log_published(&rows);
    match unreadable {
        None => Ok(DynamoDbEventResponse::default()),
        Some(error) if rows.is_empty() => Err(error),
        Some(_) => Ok(failed_from(records[rows.len()].change.sequence_number.clone())),
    }
}

/// Logs the ids of published events in one line, so that the log shows when an event reached the bus.
fn log_published(rows: &[OutboxRow]) {
    if !rows.is_empty() {
        let ids = rows.iter().map(OutboxRow::event_id).collect::<Vec<_>>().join(" ");
        info!(events = rows.len(), event.ids = ids, "published events");
    }
}

/// A batch of which only some rows were sent.
#[derive(Debug)]
struct Unsent {
    /// The number of rows, from the first, that the bus has accepted.
    sent: usize,
    error: PublishError,
}

/// Why a row is not on the bus.
#[derive(Debug, thiserror::Error)]
enum PublishError {
    #[error("an outbox record cannot be read")]
    Unreadable(#[from] RecordError),
    #[error("the bus refused entries: {0}")]
    Refused(String),
    #[error("PutEvents returned {answered} results for {sent} entries")]
    Incomplete { sent: usize, answered: usize },
    #[error("the call to the bus failed")]
    Call(#[source] lambda_runtime::Error),
}

impl PublishError {
    fn kind(&self) -> &'static str {
        match self {
            Self::Unreadable(_) => "OutboxRowUnreadable",
            Self::Refused(_) | Self::Incomplete { .. } => "EntriesRefused",
            Self::Call(_) => "BusUnreachable",
        }
    }
}

impl From<SdkError<PutEventsError>> for PublishError {
    fn from(error: SdkError<PutEventsError>) -> Self {
        Self::Call(error.into())
    }
}
