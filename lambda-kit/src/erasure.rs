//! Erasures: what every service does of its own when a user has deleted their account.
//!
//! First the tombstone, so that nothing new begins ([`crate::tombstone`]). Then everything is swept. Then the job waits
//! until what had begun before the tombstone has ended ([`unsettled`]), and sweeps again: that sweep finds the last of it. A sweep takes
//! what it finds, so an erasure that was cut short is simply run again.

mod failures;
mod records;
mod rows;

use std::collections::HashMap;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::types::AttributeValue;
use events::envelope::{Event, Payload};
use jiff::Timestamp;
use uuid::Uuid;

use crate::claim::claim;
use crate::clock;
use crate::outbox::OutboxRow;
use crate::settings::{MissingSettings, Settings};
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

    /// Sets up the user's tombstone, unless there is one, and says since when it stands.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn bury(&self, user: Uuid) -> Result<Timestamp, TableError> {
        tombstone::bury(&self.dynamodb, &self.places.table, user, clock::now()).await
    }

    /// Takes out the rows of a user's own partition.
    ///
    /// # Errors
    /// When the table fails; the rows that are left go the next time.
    pub async fn partition(&self, partition: &str) -> Result<(), TableError> {
        rows::sweep_partition(&self.dynamodb, &self.places.table, partition).await
    }

    /// Takes out the outbox rows of the events that name the user, but for events of the type `kept`.
    ///
    /// The index by which they are found follows the table within moments: the second sweep of an erasure sees what the
    /// first may not.
    ///
    /// # Errors
    /// When the table fails; the rows that are left go the next time.
    pub async fn outbox(&self, user: Uuid, kept: Kept<'_>) -> Result<(), TableError> {
        rows::sweep_outbox(&self.dynamodb, &self.places.table, user, kept).await
    }

    /// Takes out every failure record that names the user, from the dead-letter queue, the parking queue and the bucket,
    /// but for those of the type `kept`. Others' records stay as they are.
    ///
    /// # Errors
    /// When a call fails, or somebody else holds messages of a queue for long; the rest goes the next time.
    pub async fn failures(&self, user: Uuid, kept: Kept<'_>) -> Result<(), FailuresError> {
        failures::sweep(self, &records::Wanted { user: user.to_string(), kept: kept.0.to_owned() }).await
    }

    /// Claims the event `asked` for the job `consumer` and commits the event that answers it. The second time neither is
    /// written.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn answer<P: Payload>(&self, consumer: &str, asked: Uuid, answer: &Event<P>) -> Result<(), TableError> {
        let table = &self.places.table;
        let writes = [claim(table, consumer, asked, clock::now())?, OutboxRow::new(answer)?.put(table)?];
        // The claim's condition is the only one.
        match transaction::write(&self.dynamodb, &writes).await? {
            Written::Now | Written::Refused(_) => Ok(()),
        }
    }
}

/// The one type of event that an erasure leaves where it is, as `<Event>.v<N>`: the one that asks for it, which is
/// needed until every service has done its part.
#[derive(Clone, Copy, Debug)]
pub struct Kept<'a>(pub &'a str);

/// How long to wait still until `long` has passed since the tombstone was set up; `None` when it has.
///
/// `long` must be more than the longest timeout of the service's functions that make something new for a user: Lambda
/// ends a function at its timeout, so that whoever asked before the tombstone stood has written by then, or never will.
#[must_use]
pub fn unsettled(buried: Timestamp, long: Duration) -> Option<Duration> {
    let passed = clock::now().duration_since(buried).try_into().unwrap_or(Duration::ZERO);
    long.checked_sub(passed).filter(|left| !left.is_zero())
}

type Item = HashMap<String, AttributeValue>;
