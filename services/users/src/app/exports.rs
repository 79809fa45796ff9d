//! Exports: requested here, written in parts by each participant, packed when all parts are there.

use jiff::Timestamp;
use lambda_kit::clock;
use lambda_kit::contention::{self, ATTEMPTS};
use lambda_kit::correlation::CorrelationContext;
use lambda_kit::personal_data::tombstone;
use tracing::info;
use uuid::Uuid;

use crate::app::error::AppError;
use crate::domain::export::{
    ARCHIVE_RETENTION, Archive, Export, ExportRequest, ExportStatus, PartAnnouncement, RequestDecision,
};
use crate::exports_bucket::ExportsBucket;
use crate::participant_registry::ParticipantRegistry;
use crate::store::export::PartOutcome;
use crate::store::{Store, WriteOutcome};

/// The route that requests an export.
#[derive(Clone, Debug)]
pub(crate) struct ExportRequests {
    pub(crate) store: Store,
    pub(crate) registry: ParticipantRegistry,
}

impl ExportRequests {
    /// Requests an export of a user's data from the participants that are registered now.
    pub(crate) async fn request(
        &self,
        user: Uuid,
        now: Timestamp,
        correlation: &CorrelationContext,
    ) -> Result<RequestDecision, AppError> {
        for attempt in 0..ATTEMPTS {
            let newest = self.store.newest_export(user).await?;
            let newest_id = newest.as_ref().map(|export| export.id);
            let decision = Export::request(newest, ExportRequest { id: clock::new_id(), user }, now);
            let RequestDecision::New(mut export) = decision else {
                return Ok(decision);
            };
            if self.store.is_deleted(user).await? {
                return Err(AppError::UserNotFound);
            }
            // Read for exports that begin, of which a user has a few a day: all services share the parameters' quota.
            export.participants = self.registry.read().await?.export;
            match self.store.begin_export(&export, newest_id, correlation).await? {
                WriteOutcome::Applied => return Ok(RequestDecision::New(export)),
                WriteOutcome::Conflict => contention::pause(attempt).await,
            }
        }
        Err(AppError::Contended)
    }
}

/// The route that offers an export for download.
#[derive(Clone, Debug)]
pub(crate) struct Downloads {
    pub(crate) store: Store,
    pub(crate) bucket: ExportsBucket,
}

/// An export, with a link to its archive if that is ready.
#[derive(Clone, Debug)]
pub(crate) struct Download {
    pub(crate) export: Export,
    pub(crate) url: Option<String>,
}

impl Downloads {
    /// The user's newest export; `None` if they have not requested one.
    pub(crate) async fn newest(&self, user: Uuid, now: Timestamp) -> Result<Option<Download>, AppError> {
        if self.store.is_deleted(user).await? {
            return Err(AppError::UserNotFound);
        }
        let Some(export) = self.store.newest_export(user).await? else {
            return Ok(None);
        };
        let url = match export.status(now) {
            ExportStatus::Ready => Some(self.bucket.download_url(&export).await?),
            ExportStatus::Preparing | ExportStatus::Expired | ExportStatus::Failed => None,
        };
        Ok(Some(Download { export, url }))
    }
}

/// Collects the parts of exports, and packs the archives.
#[derive(Clone, Debug)]
pub(crate) struct PartCollector {
    pub(crate) store: Store,
    pub(crate) bucket: ExportsBucket,
    pub(crate) registry: ParticipantRegistry,
}

impl PartCollector {
    /// Notes a part; with the last one, packs the archive and makes the export ready.
    ///
    /// A repeat is harmless: the part stays noted, the archive is written again with the same content, and the export
    /// becomes ready once, in the transaction that commits its event. After an export has failed, a late part makes no
    /// archive, because the bucket may have deleted the others.
    pub(crate) async fn collect(
        &self,
        part: &PartAnnouncement,
        correlation: &CorrelationContext,
    ) -> Result<(), AppError> {
        if let PartOutcome::Noted(export) = self.store.note_part(part, clock::now()).await? {
            let export = self.without_removed_participants(export).await?;
            if !export.missing_parts().is_empty() {
                return Ok(());
            }
            if export.status(clock::now()) == ExportStatus::Preparing && self.make_archive(&export, correlation).await?
            {
                return Ok(());
            }
        }
        info!("no export waits for this part");
        if self.store.is_deleted(part.user).await? {
            self.bucket.delete_user(&tombstone::deletion_id(part.user)).await?;
        }
        Ok(())
    }

    /// Drops participants that are not registered any more, so that an export does not wait for their parts.
    async fn without_removed_participants(&self, export: Export) -> Result<Export, AppError> {
        if export.missing_parts().is_empty() {
            return Ok(export);
        }
        let registered = self.registry.read().await?.export;
        let removed = export.removed_participants(&registered);
        if removed.is_empty() {
            return Ok(export);
        }
        info!(?removed, "participants of an export are not registered any more");
        Ok(self.store.drop_participants(export, &removed).await?)
    }

    /// Packs the archive and makes the export ready. Returns whether the export still waited for it; it does not when the
    /// account was deleted meanwhile.
    async fn make_archive(&self, export: &Export, correlation: &CorrelationContext) -> Result<bool, AppError> {
        let bytes = Box::pin(self.bucket.pack(export)).await?;
        let now = clock::now();
        let archive = Archive { bytes, expires_at: now.saturating_add(ARCHIVE_RETENTION).unwrap_or(now) };
        let is_ready = self.store.finish_export(export, archive, now, correlation).await? == WriteOutcome::Applied;
        info!(export.bytes = bytes, export.ready = is_ready, "packed an archive");
        Ok(is_ready)
    }
}
