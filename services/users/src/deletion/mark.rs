//! The other services' answers: each marks the deletion's record, and the last one completes it.
//!
//! A repeat is harmless, and so is any order: a mark that is there stays as it is.

use events::envelope::Event;
use lambda_kit::clock;
use serde::Deserialize;
use tracing::info;

use crate::deletion::Part;
use crate::deletion::error::DeletionError;
use crate::store::Store;

/// Which deletion, in `TodosErased.v1` and `NotificationsErased.v1`.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct ErasedSeen {
    pub(crate) deletion_id: String,
}

/// Notes that the todos service is done.
pub(crate) async fn todos_erased(store: &Store, event: Event<ErasedSeen>) -> Result<(), DeletionError> {
    mark(store, &event.data, Part::Todos).await
}

/// Notes that the notifications service is done.
pub(crate) async fn notifications_erased(store: &Store, event: Event<ErasedSeen>) -> Result<(), DeletionError> {
    mark(store, &event.data, Part::Notifications).await
}

async fn mark(store: &Store, seen: &ErasedSeen, part: Part) -> Result<(), DeletionError> {
    let record = store.mark_erased(&seen.deletion_id, part, clock::now()).await?;
    info!(deletion.complete = record.is_complete, "a service has erased a user");
    Ok(())
}
