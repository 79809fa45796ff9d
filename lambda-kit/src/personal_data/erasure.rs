//! Erasure: what every service does in its own table and failure messages when a user has deleted their account.
//!
//! First it creates the tombstone, so that no job creates data of the user any more, and deletes everything. Then it waits
//! until every job that began before the tombstone has ended, and deletes again. It deletes whatever it finds, so an
//! erasure that was interrupted can be run again.

use std::time::Duration;

use aws_config::SdkConfig;
use events::envelope::{self, Event, Metadata, Payload};
use events::participants::ParticipantPayload;
use jiff::Timestamp;
use uuid::Uuid;

use crate::claim::claim;
use crate::clock;
use crate::correlation::{CorrelationContext, NewEvent, Producer};
use crate::outbox::OutboxRow;
use crate::personal_data::failure_messages::{self, FailureStores, FailuresError};
use crate::personal_data::failure_records::RecordFilter;
use crate::personal_data::{rows, tombstone};
use crate::settings::{MissingSettings, Settings};
use crate::subscriber::SubscribeFailure;
use crate::table::TableError;
use crate::transaction::{self, TransactionOutcome};

/// Erases users from a service's table and from its failure messages.
#[derive(Clone, Debug)]
pub struct Eraser {
    dynamodb: aws_sdk_dynamodb::Client,
    table: String,
    failures: FailureStores,
}

impl Eraser {
    /// Makes the eraser of the service with these settings: `TABLE_NAME`, `DLQ_URL`, `PARKING_URL`, `FAILURES_BUCKET`.
    ///
    /// # Errors
    /// Names the settings that are missing.
    pub fn from_env(config: &SdkConfig) -> Result<Self, MissingSettings> {
        Settings::read(|settings| Self {
            dynamodb: aws_sdk_dynamodb::Client::new(config),
            table: settings.text("TABLE_NAME"),
            failures: FailureStores {
                sqs: aws_sdk_sqs::Client::new(config),
                s3: aws_sdk_s3::Client::new(config),
                queues: [settings.text("DLQ_URL"), settings.text("PARKING_URL")],
                bucket: settings.text("FAILURES_BUCKET"),
            },
        })
    }

    /// Creates the user's tombstone and calls `sweep` until nothing can be created any more: at once, and again when the
    /// tombstone has existed for `settle_time`.
    ///
    /// `settle_time` must be longer than the timeout of every function of the service that creates data for a user.
    /// Lambda ends a function at its timeout, so a job that started before the tombstone has written by then, or never
    /// will.
    ///
    /// # Errors
    /// When the table or a sweep fails. What was not deleted is deleted by the next attempt.
    pub async fn erase<E: From<TableError>>(
        &self,
        user: Uuid,
        settle_time: Duration,
        sweep: impl AsyncFn() -> Result<(), E>,
    ) -> Result<(), E> {
        let deleted_at = tombstone::put(&self.dynamodb, &self.table, user, clock::now()).await?;
        if let Some(remaining) = remaining_time(deleted_at, settle_time) {
            sweep().await?;
            tokio::time::sleep(remaining).await;
        }
        sweep().await
    }

    /// Deletes what every service has of a user: the rows of the user's `partition`, the outbox rows of events that name
    /// them, and the user's failure records, from the dead-letter queue, the parking queue and the bucket. The event
    /// `Request` is kept, which requests the erasure: it is needed until every service has erased the user. A failure
    /// record that contains the user's id and cannot be attributed is kept too, and counted in a warning.
    ///
    /// `partition` ends with the user's id.
    ///
    /// The index that finds outbox rows is eventually consistent; the second sweep of an erasure finds what the first may
    /// have missed.
    ///
    /// # Errors
    /// When a call fails, or another process holds messages of a queue for minutes. What was not deleted is deleted by
    /// the next attempt.
    pub async fn sweep<Request: Payload>(&self, user: Uuid, partition: &str) -> Result<(), SweepError> {
        let kept_event = envelope::detail_type::<Request>();
        rows::delete_partition(&self.dynamodb, &self.table, partition).await?;
        rows::delete_outbox_rows(&self.dynamodb, &self.table, user, &kept_event).await?;
        let filter = RecordFilter { user: user.to_string(), partition: partition.to_owned(), kept_event };
        failure_messages::sweep(&self.failures, &filter).await?;
        Ok(())
    }

    /// Claims the event `request` for the job `erase`, and commits the event that the user is erased here. A repeat
    /// writes nothing.
    ///
    /// The event that `data` makes names the deletion and not the user.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn announce<P: ParticipantPayload>(
        &self,
        request: &Metadata,
        user: Uuid,
        producer: &Producer<'_>,
        data: impl FnOnce(String, Timestamp) -> P,
    ) -> Result<(), TableError> {
        let (deletion_id, now) = (tombstone::deletion_id(user), clock::now());
        let new = NewEvent { id: clock::new_id(), occurred_at: now, subject: deletion_id.clone(), sequence: 1 };
        let metadata = CorrelationContext::from_event(request).participant_metadata::<P>(producer, new);
        let event = Event { metadata, data: data(deletion_id, now) };
        let writes = [
            claim(&self.table, "erase", request.event_id, now)?,
            OutboxRow::from_participant(producer.service, &event)?.put(&self.table)?,
        ];
        // The only condition is the one of the claim.
        match transaction::write(&self.dynamodb, &writes).await? {
            TransactionOutcome::Applied | TransactionOutcome::ConditionFailed(_) => Ok(()),
        }
    }
}

/// Why not everything that every service has of a user was deleted.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// A call to the service's table failed.
    #[error("the table failed")]
    Table(#[from] TableError),
    /// The failure messages could not all be searched.
    #[error("the failure messages were not all searched")]
    Failures(#[from] FailuresError),
}

impl SubscribeFailure for SweepError {
    fn kind(&self) -> &'static str {
        match self {
            Self::Table(_) => "TableFailed",
            Self::Failures(_) => "FailuresNotErased",
        }
    }
}

/// The time until `settle_time` has passed since `deleted_at`; `None` if it has passed.
fn remaining_time(deleted_at: Timestamp, settle_time: Duration) -> Option<Duration> {
    let passed = clock::now().duration_since(deleted_at).try_into().unwrap_or(Duration::ZERO);
    settle_time.checked_sub(passed).filter(|remaining| !remaining.is_zero())
}
