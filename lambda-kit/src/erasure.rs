//! Erasures: what every service does of its own when a user has deleted their account.
//!
//! First the tombstone, so that nothing new begins ([`crate::tombstone`]). Then everything is swept. Then the job waits
//! until what had begun before the tombstone has ended, and sweeps again: that sweep finds the last of it. A sweep takes
//! what it finds, so an erasure that was cut short is simply run again.

mod failures;
mod records;
mod rows;

use std::collections::HashMap;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::types::AttributeValue;
use events::envelope::{self, Event, Metadata, Payload};
use jiff::Timestamp;
use uuid::Uuid;

use crate::cause::{Cause, NewEvent};
use crate::claim::claim;
use crate::clock;
use crate::outbox::OutboxRow;
use crate::settings::{MissingSettings, Settings};
use crate::subscriber::SubscribeFailure;
use crate::table::TableError;
use crate::tombstone;
use crate::transaction::{self, Written};

pub use failures::FailuresError;

/// Erases one user at a time from a service's table and from where its failures wait.
#[derive(Clone, Debug)]
pub struct Eraser {
    dynamodb: aws_sdk_dynamodb::Client,
    sqs: aws_sdk_sqs::Client,
    s3: aws_sdk_s3::Client,
    places: Places,
}

#[derive(Clone, Debug)]
struct Places {
    table: String,
    /// The dead-letter queue and the parking queue.
    queues: [String; 2],
    failures_bucket: String,
}

impl Eraser {
    /// The eraser of the service whose settings these are: `TABLE_NAME`, `DLQ_URL`, `PARKING_URL`, `FAILURES_BUCKET`.
    ///
    /// # Errors
    /// Names the settings that are missing.
    pub fn from_env(config: &SdkConfig) -> Result<Self, MissingSettings> {
        let places = Settings::read(|settings| Places {
            table: settings.text("TABLE_NAME"),
            queues: [settings.text("DLQ_URL"), settings.text("PARKING_URL")],
            failures_bucket: settings.text("FAILURES_BUCKET"),
        })?;
        Ok(Self {
            dynamodb: aws_sdk_dynamodb::Client::new(config),
            sqs: aws_sdk_sqs::Client::new(config),
            s3: aws_sdk_s3::Client::new(config),
            places,
        })
    }

    /// Sets up the user's tombstone, and sweeps until nothing can come any more: at once, and again when the tombstone
    /// has stood for `settled`.
    ///
    /// `settled` must be longer than the timeout of any function of the service that makes something new for a user:
    /// Lambda ends a function at its timeout, so that whoever asked before the tombstone stood has written by then, or
    /// never will.
    ///
    /// # Errors
    /// When the table or a sweep fails; what is left goes the next time.
    pub async fn erase<E: From<TableError>>(
        &self,
        user: Uuid,
        settled: Duration,
        sweep: impl AsyncFn() -> Result<(), E>,
    ) -> Result<(), E> {
        let buried = tombstone::bury(&self.dynamodb, &self.places.table, user, clock::now()).await?;
        if let Some(left) = unsettled(buried, settled) {
            sweep().await?;
            tokio::time::sleep(left).await;
        }
        sweep().await
    }

    /// Takes out what every service has of a user: the rows of the user's own `partition`, the outbox rows of events that
    /// name them, and the failure records that do, from the dead-letter queue, the parking queue and the bucket. The event
    /// `Asks` stays, which asks for the erasure: it is needed until every service has done its part.
    ///
    /// The index by which outbox rows are found follows the table within moments: the second sweep of an erasure sees what
    /// the first may not.
    ///
    /// # Errors
    /// When a call fails, or somebody else holds messages of a queue for long; what is left goes the next time.
    pub async fn sweep<Asks: Payload>(&self, user: Uuid, partition: &str) -> Result<(), SweepError> {
        let asks = envelope::detail_type::<Asks>();
        rows::sweep_partition(&self.dynamodb, &self.places.table, partition).await?;
        rows::sweep_outbox(&self.dynamodb, &self.places.table, user, &asks).await?;
        failures::sweep(self, &records::Wanted { user: user.to_string(), kept: asks }).await?;
        Ok(())
    }

    /// Claims the event that asked, and commits the service's answer: that the user is erased. The second time neither is
    /// written.
    ///
    /// The answer names the deletion and not the user; `version` is the service's.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn answer<P: Payload>(
        &self,
        asked: &Metadata,
        user: Uuid,
        version: &str,
        data: impl FnOnce(String, Timestamp) -> P,
    ) -> Result<(), TableError> {
        let (deletion_id, now) = (tombstone::deletion_id(user), clock::now());
        let new = NewEvent { id: clock::new_id(), occurred_at: now, subject: deletion_id.clone(), sequence: 1 };
        let metadata = Cause::of_event(asked).metadata::<P>(version, new);
        let answer = OutboxRow::new(&Event { metadata, data: data(deletion_id, now) })?;
        let table = &self.places.table;
        let writes = [claim(table, "erase", asked.event_id, now)?, answer.put(table)?];
        // The claim's condition is the only one.
        match transaction::write(&self.dynamodb, &writes).await? {
            Written::Now | Written::Refused(_) => Ok(()),
        }
    }
}

/// Why what every service has of a user was not all taken out.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// The table failed.
    #[error("the table failed")]
    Table(#[from] TableError),
    /// The queues or the bucket of failures did.
    #[error("the failure records were not all looked at")]
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

/// How long to wait still until `long` has passed since the tombstone was set up; `None` when it has.
fn unsettled(buried: Timestamp, long: Duration) -> Option<Duration> {
    let passed = clock::now().duration_since(buried).try_into().unwrap_or(Duration::ZERO);
    long.checked_sub(passed).filter(|left| !left.is_zero())
}

type Item = HashMap<String, AttributeValue>;
