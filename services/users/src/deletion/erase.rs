//! What this service erases of its own: the user in the pool, and every row and failure record that names them.

use std::time::Duration;

use events::envelope::{self, Event};
use events::users::UserDeletedV1;
use lambda_kit::clock;
use lambda_kit::erasure::{Eraser, Kept, unsettled};
use serde::Deserialize;
use tracing::info;
use uuid::Uuid;

use crate::deletion::Part;
use crate::deletion::error::DeletionError;
use crate::pool::UserPool;
use crate::store::{self, Store};

/// Longer than the timeout of any function that makes something for a user, with room for a call that is on its way.
const SETTLED: Duration = Duration::from_secs(15);

/// What the job works with.
#[derive(Clone, Debug)]
pub(crate) struct Erasure {
    pub(crate) eraser: Eraser,
    pub(crate) pool: UserPool,
    pub(crate) store: Store,
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
    let buried = job.eraser.bury(user).await?;
    job.pool.remove(user).await?;
    if let Some(left) = unsettled(buried, SETTLED) {
        sweep(job, user).await?;
        tokio::time::sleep(left).await;
    }
    sweep(job, user).await?;
    let record = job.store.mark_erased(&lambda_kit::tombstone::deletion_id(user), Part::Users, clock::now()).await?;
    info!(deletion.complete = record.is_complete, "erased a user");
    Ok(())
}

async fn sweep(job: &Erasure, user: Uuid) -> Result<(), DeletionError> {
    let deletion = envelope::detail_type::<UserDeletedV1>();
    job.eraser.partition(&store::partition(user)).await?;
    job.eraser.outbox(user, Kept(&deletion)).await?;
    Box::pin(job.eraser.failures(user, Kept(&deletion))).await?;
    Ok(())
}
