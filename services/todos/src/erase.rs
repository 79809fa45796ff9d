//! What this service erases of its own when a user has deleted their account.

use std::time::Duration;

use events::envelope::{self, Event};
use events::todos::TodosErasedV1;
use events::users::UserDeletedV1;
use lambda_kit::cause::{Cause, NewEvent};
use lambda_kit::erasure::{Eraser, FailuresError, Kept, unsettled};
use lambda_kit::subscriber::SubscribeFailure;
use lambda_kit::table::TableError;
use lambda_kit::{clock, tombstone};
use serde::Deserialize;
use tracing::info;
use uuid::Uuid;

use crate::attachments::files::{Files, FilesError};
use crate::store;

/// Longer than the timeout of any function that makes something new for a user, with room for a call that is on its way.
const SETTLED: Duration = Duration::from_secs(15);

/// What the job works with.
#[derive(Clone, Debug)]
pub(crate) struct Erasure {
    pub(crate) eraser: Eraser,
    pub(crate) files: Files,
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
    let buried = job.eraser.bury(user).await?;
    if let Some(left) = unsettled(buried, SETTLED) {
        sweep(job, user).await?;
        tokio::time::sleep(left).await;
    }
    sweep(job, user).await?;
    let (deletion_id, now) = (tombstone::deletion_id(user), clock::now());
    let new = NewEvent { id: clock::new_id(), occurred_at: now, subject: deletion_id.clone(), sequence: 1 };
    let metadata = Cause::of_event(&event.metadata).metadata::<TodosErasedV1>(env!("CARGO_PKG_VERSION"), new);
    let answer = Event { metadata, data: TodosErasedV1 { deletion_id, erased_at: now } };
    job.eraser.answer("erase", event.metadata.event_id, &answer).await?;
    info!("erased a user");
    Ok(())
}

async fn sweep(job: &Erasure, user: Uuid) -> Result<(), EraseError> {
    let deletion = envelope::detail_type::<UserDeletedV1>();
    job.eraser.partition(&store::partition(user)).await?;
    job.files.sweep_owner(user).await?;
    job.eraser.outbox(user, Kept(&deletion)).await?;
    Box::pin(job.eraser.failures(user, Kept(&deletion))).await?;
    Ok(())
}

/// Why a user was not erased.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EraseError {
    #[error("the table failed")]
    Table(#[from] TableError),
    #[error("the files were not all deleted")]
    Files(#[from] FilesError),
    #[error("the failure records were not all looked at")]
    Failures(#[from] FailuresError),
}

impl SubscribeFailure for EraseError {
    fn kind(&self) -> &'static str {
        match self {
            Self::Table(_) => "TableFailed",
            Self::Files(_) => "FilesNotErased",
            Self::Failures(_) => "FailuresNotErased",
        }
    }
}
