//! This service's part of an erasure: the user in the pool, and every row and failure message that names them.

use std::time::Duration;

use events::envelope::Event;
use events::participants::UserDataErasedV1;
use events::users::UserDeletedV1;
use lambda_kit::correlation::Producer;
use lambda_kit::personal_data::erasure::Eraser;
use lambda_kit::personal_data::tombstone::deletion_id;
use tracing::info;
use uuid::Uuid;

use crate::app::error::AppError;
use crate::exports_bucket::ExportsBucket;
use crate::subscribe::payloads::UserDeletedPayload;
use crate::user_pool::UserPool;

/// How long the tombstone must exist before the last sweep: longer than the timeout of any function that creates data for
/// a user, plus some seconds for its last call.
const SETTLE_TIME: Duration = Duration::from_secs(15);

const PRODUCER: Producer<'_> = Producer { service: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION") };

#[derive(Clone, Debug)]
pub(crate) struct UserErasure {
    pub(crate) eraser: Eraser,
    pub(crate) pool: UserPool,
    pub(crate) exports: ExportsBucket,
    /// The partition of the table with everything that it has about a user.
    pub(crate) partition: fn(Uuid) -> String,
}

/// Removes the user from the pool, and erases them from the table, the exports and the failure messages.
///
/// Retried: everything; each step finds what an earlier attempt has left. A repeat is harmless: the answer is committed
/// once, with the claim of the event.
pub(crate) async fn erase(job: &UserErasure, event: Event<UserDeletedPayload>) -> Result<(), AppError> {
    let user = event.data.user_id;
    job.eraser.erase(user, SETTLE_TIME, async || sweep(job, user).await).await?;
    let answer = |deletion_id, erased_at| UserDataErasedV1 { deletion_id, erased_at };
    job.eraser.announce(&event.metadata, user, &PRODUCER, answer).await?;
    info!("erased a user");
    Ok(())
}

async fn sweep(job: &UserErasure, user: Uuid) -> Result<(), AppError> {
    job.pool.remove(user).await?;
    job.exports.delete_user(&deletion_id(user)).await.map_err(AppError::ExportsNotErased)?;
    Box::pin(job.eraser.sweep::<UserDeletedV1>(user, &(job.partition)(user))).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Jobs that may run longer than [`SETTLE_TIME`], because they do not create data of an erased user.
    const LONG_RUNNING: [&str; 6] = [
        // These delete data.
        "erase",
        "participant-erased",
        // It deletes data too; what it writes for a user is written together with the tombstone.
        "watch-deletions",
        // It sends outbox rows to the bus; what it cannot send goes where an erasure searches.
        "publish",
        // It checks for the tombstone before each object and in the transaction of its answer.
        "export",
        // It deletes an archive that no export waits for any more.
        "participant-exported",
    ];

    #[test]
    fn jobs_that_create_data_end_before_the_last_sweep() {
        testkit::template::assert_ended_within(SETTLE_TIME, include_str!("../../template.yaml"), &LONG_RUNNING);
    }
}
