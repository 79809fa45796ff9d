//! This service's part of what a user has asked for.

use events::envelope::Event;
use events::notifications::NotificationsExportedV1;
use lambda_kit::export::{ExportError, Exporter, Part};
use lambda_kit::subscriber::SubscribeFailure;
use lambda_kit::table::TableError;
use serde::Deserialize;
use tracing::info;
use uuid::Uuid;

use crate::store;

/// Rows that are about sessions and not about their user.
const LEFT_OUT: &[&str] = &["CONNECTION#"];

/// What the job works with.
#[derive(Clone, Debug)]
pub(crate) struct Export {
    pub(crate) exporter: Exporter,
}

/// Whose part of which export is asked for, in `UserExportRequested.v1`.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct RequestedSeen {
    pub(crate) user_id: Uuid,
    pub(crate) export_id: Uuid,
}

/// Writes this service's part and says so.
///
/// Retried: everything; what was written is written again. A repeat is harmless: the answer is committed once, with the
/// claim of the event. Somebody who has deleted their account meanwhile gets nothing more.
pub(crate) async fn export(job: &Export, event: Event<RequestedSeen>) -> Result<(), PartError> {
    let RequestedSeen { user_id: user, export_id: export } = event.data;
    let part = Part { service: env!("CARGO_PKG_NAME"), user, export };
    let bytes = match write(job, &part).await {
        Err(PartError::Part(ExportError::Deleted)) => {
            info!("the user has deleted their account");
            return Ok(());
        }
        written => written?,
    };
    let answer = |key| NotificationsExportedV1 { user_id: user, export_id: export, key, bytes };
    job.exporter.answer(&part, &event.metadata, env!("CARGO_PKG_VERSION"), answer).await?;
    info!(part.bytes = bytes, "wrote a part of an export");
    Ok(())
}

async fn write(job: &Export, part: &Part) -> Result<u64, PartError> {
    Ok(job.exporter.rows(part, &store::partition(part.user), LEFT_OUT).await?)
}

/// Why a part was not written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PartError {
    #[error("the table failed")]
    Table(#[from] TableError),
    #[error("the part was not written")]
    Part(#[from] ExportError),
}

impl SubscribeFailure for PartError {
    fn kind(&self) -> &'static str {
        match self {
            Self::Table(_) | Self::Part(ExportError::Table(_)) => "TableFailed",
            Self::Part(_) => "BucketFailed",
        }
    }
}
