//! This service's part of what a user has asked for.

use events::envelope::Event;
use events::todos::TodosExportedV1;
use lambda_kit::clock;
use lambda_kit::export::{ExportError, Exporter, Part};
use lambda_kit::subscriber::SubscribeFailure;
use lambda_kit::table::TableError;
use serde::Deserialize;
use tracing::info;
use uuid::Uuid;

use crate::attachments::Desk;
use crate::attachments::files::{FilesError, Original};
use crate::store;

/// Rows that are about requests, or count others, and say nothing of their user.
const LEFT_OUT: &[&str] = &["FILES#", "IDEMPOTENCY#"];

/// What the job works with.
#[derive(Clone, Debug)]
pub(crate) struct Export {
    pub(crate) exporter: Exporter,
    pub(crate) desk: Desk,
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
    let answer = |key| TodosExportedV1 { user_id: user, export_id: export, key, bytes };
    job.exporter.answer(&part, &event.metadata, env!("CARGO_PKG_VERSION"), answer).await?;
    info!(part.bytes = bytes, "wrote a part of an export");
    Ok(())
}

/// Items and attachments as rows, and each attached file under its own name, in a folder with its attachment's id.
async fn write(job: &Export, part: &Part) -> Result<u64, PartError> {
    let mut bytes = job.exporter.rows(part, &store::partition(part.user), LEFT_OUT).await?;
    for file in job.desk.files.originals(part.user).await? {
        job.exporter.copy(part, &name(job, part.user, &file).await?, &file.source).await?;
        bytes += file.bytes;
    }
    Ok(bytes)
}

/// What a file is called in the part. One whose row is gone meanwhile has its id alone.
async fn name(job: &Export, owner: Uuid, file: &Original) -> Result<String, TableError> {
    let row = job.desk.rows.get(owner, file.todo, file.attachment, clock::now()).await?;
    let name = row.map(|found| found.attachment.name.on_disk(found.attachment.content_type));
    Ok(format!("files/{}/{}", file.attachment, name.as_deref().unwrap_or("file")))
}

/// Why a part was not written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PartError {
    #[error("the table failed")]
    Table(#[from] TableError),
    #[error("the files were not all found")]
    Files(#[from] FilesError),
    #[error("the part was not written")]
    Part(#[from] ExportError),
}

impl SubscribeFailure for PartError {
    fn kind(&self) -> &'static str {
        match self {
            Self::Table(_) | Self::Part(ExportError::Table(_)) => "TableFailed",
            Self::Files(_) | Self::Part(_) => "BucketFailed",
        }
    }
}
