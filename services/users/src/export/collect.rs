//! The other services' parts: each is noted, and with the last one the archive is made.
//!
//! A repeat is harmless: a note that is there stays, the archive is written again as it was, and the export becomes
//! ready once, in the transaction that commits its event. A part that comes after its export has failed makes none: the
//! bucket may have forgotten the others.

use events::envelope::Event;
use lambda_kit::cause::Cause;
use lambda_kit::clock;
use lambda_kit::export::{ExportError, Exporter, Part};
use lambda_kit::tombstone;
use serde::Deserialize;
use tracing::info;
use uuid::Uuid;

use crate::export::bucket::Bucket;
use crate::export::error::ArchiveError;
use crate::export::{ARCHIVE_LIFE, Archive, Export, Status, Writer};
use crate::store::{self, Collected, Store};

/// Rows that are about exports and not about their user.
const NOT_EXPORTED: &[&str] = &["EXPORT"];

/// What the jobs work with.
#[derive(Clone, Debug)]
pub(crate) struct Collection {
    pub(crate) store: Store,
    pub(crate) bucket: Bucket,
    pub(crate) exporter: Exporter,
}

/// Whose part of which export, in `TodosExported.v1` and `NotificationsExported.v1`.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExportedSeen {
    pub(crate) user_id: Uuid,
    pub(crate) export_id: Uuid,
}

/// Notes the part of the todos service.
pub(crate) async fn todos_exported(job: &Collection, event: Event<ExportedSeen>) -> Result<(), ArchiveError> {
    collect(job, event, Writer::Todos).await
}

/// Notes the part of the notifications service.
pub(crate) async fn notifications_exported(job: &Collection, event: Event<ExportedSeen>) -> Result<(), ArchiveError> {
    collect(job, event, Writer::Notifications).await
}

async fn collect(job: &Collection, event: Event<ExportedSeen>, writer: Writer) -> Result<(), ArchiveError> {
    let ExportedSeen { user_id: user, export_id } = event.data;
    let is_made = match job.store.note_part(user, export_id, writer, clock::now()).await? {
        Collected::All(export) if export.status(clock::now()) == Status::Preparing => {
            make(job, &export, &Cause::of_event(&event.metadata)).await?
        }
        Collected::Some => return Ok(()),
        // The export has failed, another one has taken its place, or the account is deleted.
        Collected::All(_) | Collected::Nothing => false,
    };
    if !is_made {
        info!("nobody waits for this part any more");
        if job.store.is_deleted(user).await? {
            job.bucket.sweep(&tombstone::deletion_id(user)).await?;
        }
    }
    Ok(())
}

/// Packs the archive and makes the export ready. Whether it still waits for it; it does not when the account is deleted
/// meanwhile.
async fn make(job: &Collection, export: &Export, cause: &Cause) -> Result<bool, ArchiveError> {
    let own = Part { service: env!("CARGO_PKG_NAME"), user: export.user, export: export.id };
    match job.exporter.rows(&own, &store::partition(export.user), NOT_EXPORTED).await {
        Err(ExportError::Deleted) => return Ok(false),
        written => written?,
    };
    let bytes = Box::pin(job.bucket.pack(export)).await?;
    let now = clock::now();
    let archive = Archive { bytes, expires_at: now.saturating_add(ARCHIVE_LIFE).unwrap_or(now) };
    let is_made = job.store.finish_export(export, archive, now, cause).await?;
    info!(export.bytes = bytes, export.ready = is_made, "packed an archive");
    Ok(is_made)
}
