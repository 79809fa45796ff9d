//! This service's part of an export: the user's rows.

use events::envelope::Event;
use events::participants::UserDataExportedV1;
use lambda_kit::personal_data::export::{ExportError, ExportPart, Exporter};
use tracing::info;
use uuid::Uuid;

use crate::app::error::AppError;
use crate::subscribe::payloads::ExportPayload;

/// Rows about exports, which are not data of their user.
const EXCLUDED: &[&str] = &["EXPORT"];

#[derive(Clone, Debug)]
pub(crate) struct PartWriter {
    pub(crate) exporter: Exporter,
    /// The partition of the table with everything that it has about a user.
    pub(crate) partition: fn(Uuid) -> String,
}

/// Writes this service's part and announces it.
///
/// Retried: everything; a repeat writes the same objects, and the answer is committed once, with the claim of the event.
/// Nothing is written for a user who has deleted their account meanwhile.
pub(crate) async fn export(job: &PartWriter, event: Event<ExportPayload>) -> Result<(), AppError> {
    let ExportPayload { user_id, export_id } = event.data;
    let part = ExportPart { service: env!("CARGO_PKG_NAME"), user: user_id, export: export_id };
    let bytes = match job.exporter.write_rows(&part, &(job.partition)(user_id), EXCLUDED).await {
        Err(ExportError::Deleted) => {
            info!("the user has deleted their account");
            return Ok(());
        }
        written => written?,
    };
    let answer = |key| UserDataExportedV1 { user_id, export_id, key, bytes };
    job.exporter.announce(&part, &event.metadata, env!("CARGO_PKG_VERSION"), answer).await?;
    info!(part.bytes = bytes, "wrote a part of an export");
    Ok(())
}
