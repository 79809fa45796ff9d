//! What this service erases of its own: the user in the pool, and every row and failure record that names them.

use std::time::Duration;

use events::envelope::Event;
use events::users::UserDeletedV1;
use lambda_kit::clock;
use lambda_kit::erasure::Eraser;
use lambda_kit::tombstone::deletion_id;
use serde::Deserialize;
use tracing::info;
use uuid::Uuid;

use crate::deletion::Part;
use crate::deletion::error::DeletionError;
use crate::export::bucket::Bucket;
use crate::pool::UserPool;
use crate::store::{self, Store};

/// How long the tombstone stands before what is swept is all there is: the timeout of any function that makes something
/// new for a user, and some seconds for a call of it that is still on its way.
const SETTLED: Duration = Duration::from_secs(15);

/// What the job works with.
#[derive(Clone, Debug)]
pub(crate) struct Erasure {
    pub(crate) eraser: Eraser,
    pub(crate) pool: UserPool,
    pub(crate) store: Store,
    pub(crate) exports: Bucket,
}

/// Who is to be erased, in `UserDeleted.v1`.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeletedSeen {
    pub(crate) user_id: Uuid,
}

/// Removes the user from the pool, and erases what the table and the failures have of them.
///
/// Retried: everything; each step finds what an earlier attempt has left. A repeat is harmless.
pub(crate) async fn erase(job: &Erasure, event: Event<DeletedSeen>) -> Result<(), DeletionError> {
    let user = event.data.user_id;
    job.eraser.erase(user, SETTLED, async || sweep(job, user).await).await?;
    let record = job.store.mark_erased(&deletion_id(user), Part::Users, clock::now()).await?;
    info!(deletion.complete = record.is_complete, "erased a user");
    Ok(())
}

async fn sweep(job: &Erasure, user: Uuid) -> Result<(), DeletionError> {
    job.pool.remove(user).await?;
    job.exports.sweep(&deletion_id(user)).await?;
    Box::pin(job.eraser.sweep::<UserDeletedV1>(user, &store::partition(user))).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Jobs that may go on for longer, because they bring nothing back:
    const HARMLESS: [&str; 7] = [
        // These take away.
        "erase",
        "todos-erased",
        "notifications-erased",
        // Takes away too: whatever it writes for a user comes with the tombstone.
        "watch-deletions",
        // Takes from the outbox to the bus, and what it cannot take goes where a sweep looks.
        "publish",
        // These ask for the tombstone before they write, and take away an archive for which nobody waits any more.
        "todos-exported",
        "notifications-exported",
    ];

    #[test]
    fn whatever_makes_something_for_a_user_has_ended_when_an_erasure_sweeps_again() {
        testkit::template::assert_ended_within(SETTLED, include_str!("../../template.yaml"), &HARMLESS);
    }
}
