//! The other services' answers: each marks the deletion's record, and the last one completes it.
//!
//! A service that was asked for its part of an export before it heard of the deletion may have written it after the
//! sweep of this service's own erasure; it has written the last of it before it answers, so that each answer is a sweep.
//! A repeat is harmless, and so is any order: a mark that is there stays as it is.

use events::envelope::Event;
use lambda_kit::clock;
use serde::Deserialize;
use tracing::info;

use crate::deletion::Part;
use crate::deletion::error::DeletionError;
use crate::export::bucket::Bucket;
use crate::store::Store;

/// What the jobs work with.
#[derive(Clone, Debug)]
pub(crate) struct Marking {
    pub(crate) store: Store,
    pub(crate) exports: Bucket,
}

/// Which deletion, in `TodosErased.v1` and `NotificationsErased.v1`.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct ErasedSeen {
    pub(crate) deletion_id: String,
}

/// Notes that the todos service is done.
pub(crate) async fn todos_erased(job: &Marking, event: Event<ErasedSeen>) -> Result<(), DeletionError> {
    mark(job, &event.data, Part::Todos).await
}

/// Notes that the notifications service is done.
pub(crate) async fn notifications_erased(job: &Marking, event: Event<ErasedSeen>) -> Result<(), DeletionError> {
    mark(job, &event.data, Part::Notifications).await
}

async fn mark(job: &Marking, seen: &ErasedSeen, part: Part) -> Result<(), DeletionError> {
    job.exports.sweep(&seen.deletion_id).await?;
    let record = job.store.mark_erased(&seen.deletion_id, part, clock::now()).await?;
    info!(deletion.complete = record.is_complete, "a service has erased a user");
    Ok(())
}
