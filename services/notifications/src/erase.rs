//! What this service erases of its own when a user has deleted their account.

use std::time::Duration;

use events::envelope::Event;
use events::notifications::NotificationsErasedV1;
use events::users::UserDeletedV1;
use lambda_kit::erasure::{Eraser, SweepError};
use lambda_kit::subscriber::SubscribeFailure;
use lambda_kit::table::TableError;
use serde::Deserialize;
use tracing::info;
use uuid::Uuid;

use crate::push::tell::{Push, PushError};
use crate::store;

/// How long the tombstone stands before what is swept is all there is: the timeout of any function that makes something
/// new for a user, and some seconds for a call of it that is still on its way.
const SETTLED: Duration = Duration::from_secs(25);

/// What the job works with.
#[derive(Clone, Debug)]
pub(crate) struct Erasure {
    pub(crate) eraser: Eraser,
    pub(crate) push: Push,
}

/// Who is to be erased, in `UserDeleted.v1`.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeletedSeen {
    pub(crate) user_id: Uuid,
}

/// Erases a user and says so.
///
/// Retried: everything; each step finds what an earlier attempt has left. A repeat is harmless: the answer is committed
/// once, with the claim of the event.
pub(crate) async fn erase(job: &Erasure, event: Event<DeletedSeen>) -> Result<(), EraseError> {
    let user = event.data.user_id;
    job.eraser.erase(user, SETTLED, async || sweep(job, user).await).await?;
    let answer = |deletion_id, erased_at| NotificationsErasedV1 { deletion_id, erased_at };
    job.eraser.answer(&event.metadata, user, env!("CARGO_PKG_VERSION"), answer).await?;
    info!("erased a user");
    Ok(())
}

async fn sweep(job: &Erasure, user: Uuid) -> Result<(), EraseError> {
    for connection in job.push.store.connections_of(user).await? {
        job.push.end(user, &connection.id).await?;
    }
    Box::pin(job.eraser.sweep::<UserDeletedV1>(user, &store::partition(user))).await?;
    Ok(())
}

/// Why a user was not erased.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EraseError {
    #[error("the table failed")]
    Table(#[from] TableError),
    #[error("the connections were not all ended")]
    Push(#[from] PushError),
    #[error("what every service has of a user was not all erased")]
    Sweep(#[from] SweepError),
}

impl SubscribeFailure for EraseError {
    fn kind(&self) -> &'static str {
        match self {
            Self::Table(_) => "TableFailed",
            Self::Push(_) => "ConnectionsNotEnded",
            Self::Sweep(failure) => failure.kind(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Jobs that may go on for longer, because they bring nothing back:
    const HARMLESS: [&str; 4] = [
        // Takes away.
        "erase",
        // Asks for the tombstone before each object and with its answer; the users service sweeps once this one has erased.
        "export",
        // Takes from the outbox to the bus, and what it cannot take goes where a sweep looks.
        "publish",
        // Changes rows that are there alone, and whom it orders a mail for is looked up when it is sent.
        "plan-digests",
    ];

    #[test]
    fn whatever_makes_something_for_a_user_has_ended_when_an_erasure_sweeps_again() {
        testkit::template::assert_ended_within(SETTLED, include_str!("../template.yaml"), &HARMLESS);
    }
}
