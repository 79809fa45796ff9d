//! The publisher: outbox rows from the table's stream to the bus, in order, none lost.
//!
//! Every entry's result is checked and only refused entries are sent again. What cannot be sent is reported to Lambda
//! by the first record that was not, so that Lambda comes back with the rest of the batch.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::error::SdkError;
use aws_sdk_eventbridge::operation::put_events::PutEventsError;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use tracing::{error, info, warn};

use crate::aws;
use crate::outbox::OutboxRow;
use crate::settings::{MissingSettings, Settings};
use crate::stream::{BatchAnswer, NoSuchItem, StreamBatch, StreamRecord};
use crate::telemetry;

/// `PutEvents` takes 10 entries a call.
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html>
const MAX_ENTRIES: usize = 10;
/// Refused entries are sent again this many times before the batch is given back to Lambda.
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
    /// A publisher to the bus that the setting `BUS_NAME` names.
    ///
    /// # Errors
    /// When the setting is missing.
    pub async fn connect() -> Result<Self, MissingSettings> {
        let bus = Settings::read(|settings| settings.text("BUS_NAME"))?;
        Ok(Self { client: Client::new(&aws::load().await), bus })
    }

    /// Sends the rows in order; on failure `sent` says how many of the first rows are surely on the bus.
    async fn send(&self, rows: &[OutboxRow]) -> Result<(), Unsent> {
        for (chunk, at) in rows.chunks(MAX_ENTRIES).zip((0..).step_by(MAX_ENTRIES)) {
            self.send_chunk(chunk).await.map_err(|unsent| Unsent { sent: at + unsent.sent, ..unsent })?;
        }
        Ok(())
    }

    async fn send_chunk(&self, rows: &[OutboxRow]) -> Result<(), Unsent> {
        let mut waiting: Vec<usize> = (0..rows.len()).collect();
        let mut pause = FIRST_PAUSE;
        let mut cause = PublishError::Refused(String::new());
        for attempt in 1..=ATTEMPTS {
            match self.put(rows, &waiting).await {
                Ok(refused) if refused.is_empty() => return Ok(()),
                Ok(refused) => {
                    let codes: Vec<&str> = refused.values().map(String::as_str).collect();
                    cause = PublishError::Refused(codes.join(", "));
                    waiting.retain(|index| refused.contains_key(index));
                }
                Err(error) => cause = error,
            }
            warn!(attempt, entries = waiting.len(), error.chain = telemetry::chain(&cause), "entries not taken yet");
            if attempt < ATTEMPTS {
                tokio::time::sleep(pause).await;
                pause *= 2;
            }
        }
        Err(Unsent { sent: waiting.first().copied().unwrap_or(0), cause })
    }

    /// One call; the error code of each refused row, by the row's index.
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
    lambda_runtime::run(service_fn(async |batch: LambdaEvent<StreamBatch>| {
        publish(&publisher, batch.payload.records).await.map_err(|cause| {
            error!(error.kind = cause.kind(), error.chain = telemetry::chain(&cause), "could not publish a record");
            Diagnostic { error_type: cause.kind().to_owned(), error_message: telemetry::chain(&cause) }
        })
    }))
    .await
}

/// Publishes what can be and reports the first record that was not: Lambda comes back with it and all that follow.
///
/// A batch whose very first record is no outbox row fails as a whole instead: Lambda then halves it, and comes in the
/// end with that record alone, which goes to the failure destination while the good ones pass.
async fn publish(publisher: &Publisher, records: Vec<StreamRecord>) -> Result<BatchAnswer, PublishError> {
    let mut rows = Vec::with_capacity(records.len());
    let mut broken = None;
    for record in &records {
        match record.row() {
            Ok(row) => rows.push(row),
            Err(cause) => {
                broken = Some(cause.into());
                break;
            }
        }
    }
    if let Err(unsent) = publisher.send(&rows).await {
        say_published(&rows[..unsent.sent]);
        error!(
            error.kind = unsent.cause.kind(),
            error.chain = telemetry::chain(&unsent.cause),
            "could not publish the whole batch"
        );
        return Ok(BatchAnswer::failed_from(records[unsent.sent].sequence_number().to_owned()));
    }
    say_published(&rows);
    match broken {
        None => Ok(BatchAnswer::done()),
        Some(cause) if rows.is_empty() => Err(cause),
        Some(_) => Ok(BatchAnswer::failed_from(records[rows.len()].sequence_number().to_owned())),
    }
}

/// One line for all, with their ids: it is what tells afterwards that an event reached the bus, and when.
fn say_published(rows: &[OutboxRow]) {
    if !rows.is_empty() {
        let ids = rows.iter().map(OutboxRow::event_id).collect::<Vec<_>>().join(" ");
        info!(events = rows.len(), event.ids = ids, "published events");
    }
}

/// A batch of rows that was sent in part.
#[derive(Debug)]
struct Unsent {
    /// This many rows from the first are surely on the bus.
    sent: usize,
    cause: PublishError,
}

/// Why a row is not on the bus.
#[derive(Debug, thiserror::Error)]
enum PublishError {
    #[error("a record cannot be read")]
    Unreadable(#[from] NoSuchItem),
    #[error("the bus refused entries: {0}")]
    Refused(String),
    #[error("the bus answered for {answered} of {sent} entries")]
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
