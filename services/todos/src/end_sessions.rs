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

/// The sessions that have ended, in `UserSignedOut.v1`.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct SignedOutUser {
    user_id: Uuid,
    sessions_ended_before: Timestamp,
}

/// Has the routes of this service refuse the tokens of the sessions.
///
/// Everything is retried. A repeat is harmless, and so is an older event after a newer one: the latest time is kept.
pub(crate) async fn end_sessions(ended: &EndedSessions, event: Event<SignedOutUser>) -> Result<(), EndSessionsError> {
    let SignedOutUser { user_id, sessions_ended_before } = event.data;
    ended.note(user_id, sessions_ended_before, clock::now()).await?;
    info!("ended the sessions of a user");
    Ok(())
}

/// Why the sessions were not ended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EndSessionsError {
    #[error("the table failed")]
    Table(#[from] TableError),
}

impl SubscribeFailure for EndSessionsError {
    fn kind(&self) -> &'static str {
        match self {
            Self::Table(_) => "TableFailed",
        }
    }
}
