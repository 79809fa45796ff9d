//! Attachments: announce, read and delete.

use jiff::Timestamp;
use lambda_kit::clock;
use lambda_kit::contention::{self, ATTEMPTS};
use lambda_kit::correlation::CorrelationContext;
use uuid::Uuid;

use crate::app::error::AppError;
use crate::app::quota;
use crate::domain::attachment::{AnnounceOutcome, Attachment, AttachmentIds, AttachmentState, SaveOutcome};
use crate::domain::quota::Quota;
use crate::files::Files;
pub(crate) use crate::files::UploadForm;
use crate::store::Store;

/// The attachments of all users: their rows and objects.
#[derive(Clone, Debug)]
pub(crate) struct Attachments {
    pub(crate) store: Store,
    pub(crate) files: Files,
}

/// New attachments, within the quota of their owner.
#[derive(Clone, Debug)]
pub(crate) struct NewAttachments {
    pub(crate) store: Store,
    pub(crate) files: Files,
    pub(crate) quota: Quota,
}

/// An attachment with links to its file and thumbnail, if it has them.
#[derive(Clone, Debug)]
pub(crate) struct LinkedAttachment {
    pub(crate) attachment: Attachment,
    pub(crate) download_link: Option<String>,
    pub(crate) thumbnail_link: Option<String>,
}

/// The rows of attachments, for jobs that do not touch the bucket.
#[derive(Clone, Debug)]
pub(crate) struct AttachmentRows {
    pub(crate) store: Store,
}

impl NewAttachments {
    /// Signs an upload form and writes the attachment, if its owner's quota allows its bytes, and its item exists and has
    /// room.
    pub(crate) async fn announce(
        &self,
        attachment: &Attachment,
        correlation: &CorrelationContext,
    ) -> Result<(AnnounceOutcome, UploadForm), AppError> {
        let form = self.files.upload_form(attachment).await?;
        let outcome = match quota::reserve(&self.store, self.quota, attachment.owner, attachment.bytes).await? {
            Ok(()) => self.store.announce_attachment(attachment, correlation).await?,
            Err(refusal) => AnnounceOutcome::Refused(refusal),
        };
        Ok((outcome, form))
    }
}

impl Attachments {
    /// All attachments of the owner's item, oldest first; none when there is no such item.
    pub(crate) async fn list(
        &self,
        owner: Uuid,
        todo: Uuid,
        now: Timestamp,
    ) -> Result<Option<Vec<LinkedAttachment>>, AppError> {
        if self.store.get_todo(owner, todo).await?.is_none() {
            return Ok(None);
        }
        let mut attachments = Vec::new();
        for stored in self.store.list_attachments(owner, todo, now).await? {
            attachments.push(self.with_links(stored.attachment).await?);
        }
        Ok(Some(attachments))
    }

    pub(crate) async fn get(&self, ids: AttachmentIds, now: Timestamp) -> Result<Option<LinkedAttachment>, AppError> {
        if self.store.get_todo(ids.owner, ids.todo).await?.is_none() {
            return Ok(None);
        }
        match self.store.get_attachment(ids.owner, ids.todo, ids.attachment, now).await? {
            Some(stored) => Ok(Some(self.with_links(stored.attachment).await?)),
            None => Ok(None),
        }
    }

    async fn with_links(&self, attachment: Attachment) -> Result<LinkedAttachment, AppError> {
        let (mut download_link, mut thumbnail_link) = (None, None);
        if let AttachmentState::Ready { tag, picture } = &attachment.state {
            download_link = Some(self.files.download_link(&attachment, tag).await?);
            if picture.is_some() {
                thumbnail_link = Some(self.files.thumbnail_link(&attachment, tag).await?);
            }
        }
        Ok(LinkedAttachment { attachment, download_link, thumbnail_link })
    }
}

impl AttachmentRows {
    /// Deletes an attachment; its objects follow by its event. False when there is none.
    pub(crate) async fn delete(&self, ids: AttachmentIds, correlation: &CorrelationContext) -> Result<bool, AppError> {
        if self.store.get_todo(ids.owner, ids.todo).await?.is_none() {
            return Ok(false);
        }
        for attempt in 0..ATTEMPTS {
            let stored = self.store.get_attachment(ids.owner, ids.todo, ids.attachment, clock::now()).await?;
            let Some(stored) = stored else {
                return Ok(false);
            };
            let change = stored.attachment.delete(clock::now());
            match self.store.save_attachment(&change, correlation).await? {
                SaveOutcome::Saved => return Ok(true),
                SaveOutcome::Outdated => contention::pause(attempt).await,
            }
        }
        Err(AppError::Contended)
    }

    /// Deletes all attachments of a purged item. None can be added to it; a file that arrives meanwhile only changes
    /// one.
    pub(crate) async fn delete_of_todo(
        &self,
        owner: Uuid,
        todo: Uuid,
        correlation: &CorrelationContext,
    ) -> Result<(), AppError> {
        loop {
            let left = self.store.list_attachments(owner, todo, clock::now()).await?;
            if left.is_empty() {
                break;
            }
            for stored in left {
                self.store.save_attachment(&stored.attachment.delete(clock::now()), correlation).await?;
            }
        }
        Ok(self.store.delete_attachment_counter(owner, todo).await?)
    }
}
