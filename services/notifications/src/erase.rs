//! Erases a user's data when the user has deleted their account.

use std::time::Duration;

use events::envelope::Event;
use events::participants::UserDataErasedV1;
use events::users::UserDeletedV1;
use lambda_kit::correlation::Producer;
use lambda_kit::personal_data::erasure::{Eraser, SweepError};
use lambda_kit::subscriber::SubscribeFailure;
use lambda_kit::table::TableError;
use serde::Deserialize;
use tracing::info;
use uuid::Uuid;

use crate::app::live_push::{LivePush, LivePushError};
use crate::store::keys;

/// How long after the tombstone a sweep finds everything: the longest timeout of the functions that create something
/// for a user, and some seconds for a call in progress.
const SWEEP_DELAY: Duration = Duration::from_secs(25);

const PRODUCER: Producer<'_> = Producer { service: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION") };

/// What the job works with.
#[derive(Clone, Debug)]
pub(crate) struct Erasure {
    pub(crate) eraser: Eraser,
    pub(crate) push: LivePush,
}

/// The user to erase, in `UserDeleted.v1`.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeletedUser {
    pub(crate) user_id: Uuid,
}

/// Erases a user's data and publishes `UserDataErased.v1`.
///
/// Everything is retried; each step finds what an earlier attempt has left. A repeat is harmless: the answer is
/// committed once, with the claim of the event.
pub(crate) async fn erase(job: &Erasure, event: Event<DeletedUser>) -> Result<(), EraseError> {
    let user = event.data.user_id;
    job.eraser.erase(user, SWEEP_DELAY, async || sweep(job, user).await).await?;
    let answer = |deletion_id, erased_at| UserDataErasedV1 { deletion_id, erased_at };
    job.eraser.announce(&event.metadata, user, &PRODUCER, answer).await?;
    info!("erased a user");
    Ok(())
}

async fn sweep(job: &Erasure, user: Uuid) -> Result<(), EraseError> {
    job.push.close_all(user).await?;
    Box::pin(job.eraser.sweep::<UserDeletedV1>(user, &keys::partition(user))).await?;
    Ok(())
}

/// Why a user was not erased.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EraseError {
    #[error("the table failed")]
    Table(#[from] TableError),
    #[error("not all connections were closed")]
    Push(#[from] LivePushError),
    #[error("not all rows and messages of the user were erased")]
    Sweep(#[from] SweepError),
}

impl SubscribeFailure for EraseError {
    fn kind(&self) -> &'static str {
        match self {
            Self::Table(_) => "TableFailed",
            Self::Push(_) => "ConnectionsNotClosed",
            Self::Sweep(failure) => failure.kind(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Jobs that may take longer, because they restore nothing:
    const HARMLESS: [&str; 4] = [
        // It deletes.
        "erase",
        // It checks the tombstone before each object and with its answer; the users service sweeps after this one.
        "export",
        // It moves events from the outbox to the bus, and failed ones to where a sweep finds them.
        "publish",
        // It changes existing rows only; `send-digest-mail` reads the user again before it sends.
        "plan-digests",
    ];

    #[test]
    fn every_job_that_creates_data_has_ended_when_an_erasure_sweeps_again() {
        testkit::template::assert_ended_within(SWEEP_DELAY, include_str!("../template.yaml"), &HARMLESS);
    }
}
