//! Ends sessions of a user who has signed out on all devices.

use events::envelope::Event;
use jiff::Timestamp;
use lambda_kit::clock;
use lambda_kit::sessions::EndedSessions;
use lambda_kit::subscriber::SubscribeFailure;
use lambda_kit::table::TableError;
use serde::Deserialize;
use tracing::info;
use uuid::Uuid;

use crate::app::live_push::{LivePush, LivePushError};

/// What the job works with.
#[derive(Clone, Debug)]
pub(crate) struct SessionEnd {
    pub(crate) ended: EndedSessions,
    pub(crate) push: LivePush,
}

/// The sessions that have ended, in `UserSignedOut.v1`.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct SignedOutUser {
    user_id: Uuid,
    sessions_ended_before: Timestamp,
}

/// Has the routes of this service refuse the tokens of the sessions, and closes all connections of the user. A page with a
/// later session connects again.
///
/// Everything is retried. A repeat is harmless, and so is an older event after a newer one: the latest time is kept.
pub(crate) async fn end_sessions(job: &SessionEnd, event: Event<SignedOutUser>) -> Result<(), EndSessionsError> {
    let SignedOutUser { user_id, sessions_ended_before } = event.data;
    job.ended.note(user_id, sessions_ended_before, clock::now()).await?;
    job.push.close_all(user_id).await?;
    info!("ended the sessions of a user");
    Ok(())
}

/// Why the sessions were not ended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EndSessionsError {
    #[error("the table failed")]
    Table(#[from] TableError),
    #[error("not all connections were closed")]
    Push(#[from] LivePushError),
}

impl SubscribeFailure for EndSessionsError {
    fn kind(&self) -> &'static str {
        match self {
            Self::Table(_) => "TableFailed",
            Self::Push(_) => "ConnectionsNotClosed",
        }
    }
}
