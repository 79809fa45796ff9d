//! What an upload leads to: it is checked, then stored or rejected.
//!
//! The order of the steps makes repeats safe. Before the file is stored, its row loses its expiry
//! ([`Store::begin_storing`]). The file is stored under its tag. Then row and event are written in one transaction. At
//! the end, all objects that the row does not refer to are deleted, the upload last. That step also removes an upload
//! after a second delivery of its event, after it was replaced, or after its attachment was deleted. A job that stops
//! between two steps is repeated by Lambda or by a replay, and still finds its row.
//!
//! [`Store::begin_storing`]: crate::store::Store::begin_storing

use lambda_kit::clock;
use lambda_kit::correlation::CorrelationContext;
use lambda_kit::table::TableError;
use tracing::info;

use crate::app::attachments::Attachments;
use crate::app::error::AppError;
use crate::app::inspection::{self, AcceptedFile, Inspection};
use crate::domain::attachment::{
    Attachment, AttachmentChange, AttachmentIds, AttachmentState, CheckedFile, RejectionReason, SaveOutcome,
};
use crate::store::StoredAttachment;

/// An object that a client uploaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Upload {
    pub(crate) ids: AttachmentIds,
    pub(crate) tag: String,
}

/// The outcome of storing a file.
enum StoreOutcome {
    Stored,
    /// The attachment was deleted, or the upload was replaced.
    NotWanted,
    /// The upload expired, after the row had lost its expiry.
    UploadLost,
}

impl Attachments {
    /// Checks an upload, stores or rejects it, and deletes what is left over.
    pub(crate) async fn check_upload(&self, upload: &Upload, causation_id: &str) -> Result<(), AppError> {
        let stored = self.find(upload.ids).await?;
        if let Some(stored) = stored.filter(|stored| stored.attachment.awaits_file(clock::now())) {
            self.settle(upload, &stored.correlation(causation_id), stored.attachment).await?;
        }
        self.delete_leftovers(upload.ids).await
    }

    /// Writes the result of the check, unless the upload was replaced.
    async fn settle(
        &self,
        upload: &Upload,
        correlation: &CorrelationContext,
        attachment: Attachment,
    ) -> Result<(), AppError> {
        let inspected = inspection::inspect(&self.files, upload.ids, &upload.tag, attachment.content_type).await?;
        let change = match inspected {
            // An earlier attempt stopped while it stored the file: the row does not expire any more.
            Inspection::Missing if attachment.is_storing() && !self.files.has_upload(upload.ids).await? => {
                reject_lost(attachment)
            }
            Inspection::Missing => return Ok(()),
            Inspection::Rejected(reason) => {
                info!(attachment.id = %attachment.id, attachment.reason = ?reason, "rejected a file");
                attachment.reject(reason, clock::now())
            }
            Inspection::Accepted(file) => match self.accept(upload, attachment, file).await? {
                Some(change) => change,
                None => return Ok(()),
            },
        };
        match self.store.save_attachment(&change, correlation).await? {
            SaveOutcome::Saved => {}
            SaveOutcome::Outdated => info!("another job changed or deleted the attachment first"),
        }
        Ok(())
    }

    async fn accept(
        &self,
        upload: &Upload,
        attachment: Attachment,
        file: AcceptedFile,
    ) -> Result<Option<AttachmentChange>, AppError> {
        let picture = file.picture.as_ref().map(|(picture, _)| *picture);
        let checked = CheckedFile { tag: upload.tag.clone(), bytes: file.bytes, picture };
        let thumbnail = file.picture.map(|(_, thumbnail)| thumbnail);
        Ok(match self.store_file(upload, &attachment, thumbnail).await? {
            StoreOutcome::Stored => Some(attachment.accept(checked, clock::now())),
            StoreOutcome::UploadLost => Some(reject_lost(attachment)),
            StoreOutcome::NotWanted => None,
        })
    }

    /// Stores the file and its thumbnail.
    async fn store_file(
        &self,
        upload: &Upload,
        attachment: &Attachment,
        thumbnail: Option<Vec<u8>>,
    ) -> Result<StoreOutcome, AppError> {
        if !self.store.begin_storing(attachment, clock::now()).await? {
            return Ok(StoreOutcome::NotWanted);
        }
        if !self.files.accept(upload.ids, &upload.tag).await? {
            let is_replaced = self.files.has_upload(upload.ids).await?;
            return Ok(if is_replaced { StoreOutcome::NotWanted } else { StoreOutcome::UploadLost });
        }
        if let Some(thumbnail) = thumbnail {
            self.files.put_thumbnail(upload.ids, &upload.tag, thumbnail).await?;
        }
        Ok(StoreOutcome::Stored)
    }

    /// Deletes every object that the attachment's row does not refer to.
    async fn delete_leftovers(&self, ids: AttachmentIds) -> Result<(), AppError> {
        match self.find(ids).await?.map(|stored| stored.attachment.state) {
            Some(AttachmentState::Ready { tag, .. }) => self.files.delete_except(ids, Some(&tag)).await?,
            Some(AttachmentState::Rejected { .. }) | None => self.files.delete_except(ids, None).await?,
            // The upload was replaced; the new one has its own event.
            Some(AttachmentState::Uploading { .. }) => {}
        }
        Ok(())
    }

    async fn find(&self, ids: AttachmentIds) -> Result<Option<StoredAttachment>, TableError> {
        self.store.get_attachment(ids.owner, ids.todo, ids.attachment, clock::now()).await
    }
}

/// Rejects a file after its upload expired before it was stored. Its row does not expire, so that nothing else would
/// end it. If another attempt has stored the file, the row has changed, and nothing is written.
fn reject_lost(attachment: Attachment) -> AttachmentChange {
    info!(attachment.id = %attachment.id, "rejected a file because its upload has expired");
    attachment.reject(RejectionReason::Broken, clock::now())
}
