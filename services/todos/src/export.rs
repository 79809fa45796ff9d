//! Writes this service's part of a user's export.

use events::envelope::Event;
use events::participants::UserDataExportedV1;
use lambda_kit::clock;
use lambda_kit::personal_data::export::{ExportError, ExportPart, Exporter};
use lambda_kit::subscriber::SubscribeFailure;
use lambda_kit::table::TableError;
use serde::Deserialize;
use tracing::info;
use uuid::Uuid;

use crate::files::{Files, FilesError, StoredFile};
use crate::store::{self, Store};

/// Rows of requests and counters, which hold no personal data.
const EXCLUDED_ROWS: &[&str] = &["FILES#", "IDEMPOTENCY#", "USAGE#"];

/// What the job works with.
#[derive(Clone, Debug)]
pub(crate) struct Export {
    pub(crate) exporter: Exporter,
    pub(crate) store: Store,
    pub(crate) files: Files,
}

/// The requested export, in `UserExportRequested.v1`.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct RequestedExport {
    pub(crate) user_id: Uuid,
    pub(crate) export_id: Uuid,
}

/// Writes this service's part and answers with an event.
///
/// Everything is retried; what was written is written again. A repeat is harmless: the answer is committed once, with
/// the claim of the event. A user who has deleted their account meanwhile gets nothing more.
pub(crate) async fn export(job: &Export, event: Event<RequestedExport>) -> Result<(), PartError> {
    let RequestedExport { user_id: user, export_id: export } = event.data;
    let part = ExportPart { service: env!("CARGO_PKG_NAME"), user, export };
    let bytes = match write(job, &part).await {
        Err(PartError::Part(ExportError::Deleted)) => {
            info!("the user has deleted their account");
            return Ok(());
        }
        written => written?,
    };
    let answer = |key| UserDataExportedV1 { user_id: user, export_id: export, key, bytes };
    job.exporter.announce(&part, &event.metadata, env!("CARGO_PKG_VERSION"), answer).await?;
    info!(part.bytes = bytes, "wrote a part of an export");
    Ok(())
}

/// Items and attachments as rows, and each attached file under its own name, in a folder with its attachment's id.
async fn write(job: &Export, part: &ExportPart) -> Result<u64, PartError> {
    let mut bytes = job.exporter.write_rows(part, &store::partition(part.user), EXCLUDED_ROWS).await?;
    for file in job.files.list_of_owner(part.user).await? {
        job.exporter.copy_object(part, &file_path(job, part.user, &file).await?, &file.source).await?;
        bytes += file.bytes;
    }
    Ok(bytes)
}

/// The path of a file in the part. A file without a row is named `file`.
async fn file_path(job: &Export, owner: Uuid, file: &StoredFile) -> Result<String, TableError> {
    let row = job.store.get_attachment(owner, file.todo, file.attachment, clock::now()).await?;
    let name = row.map(|stored| stored.attachment.name.for_disk(stored.attachment.content_type));
    Ok(format!("files/{}/{}", file.attachment, name.as_deref().unwrap_or("file")))
}

/// Why a part was not written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PartError {
    #[error("the table failed")]
    Table(#[from] TableError),
    #[error("the files could not be listed")]
    Files(#[from] FilesError),
    #[error("this service's part of the export was not written")]
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
