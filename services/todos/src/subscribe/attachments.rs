//! Events after which attachments and their objects are deleted.
//!
//! A purged item's attachments are deleted, and each deleted attachment's objects, by its own event. Everything is
//! retried by Lambda. Repeats are harmless, because nothing is found the second time. So is any order, because ids are
//! not reused.

use events::envelope::Event;
use lambda_kit::correlation::CorrelationContext;

use crate::app::attachments::AttachmentRows;
use crate::app::error::AppError;
use crate::domain::attachment::AttachmentIds;
use crate::files::Files;
use crate::subscribe::error::SubscribeError;
use crate::subscribe::payloads::{DeletedAttachment, PurgedTodo};

/// Deletes the attachments of a purged item: a deleted one keeps them, because it may be restored.
pub(crate) async fn delete_attachments(
    attachments: &AttachmentRows,
    event: Event<PurgedTodo>,
) -> Result<(), SubscribeError> {
    let correlation = CorrelationContext::from_event(&event.metadata);
    Ok(attachments.delete_of_todo(event.data.owner_id, event.data.todo_id, &correlation).await?)
}

/// Deletes the objects of a deleted attachment.
pub(crate) async fn delete_files(files: &Files, event: Event<DeletedAttachment>) -> Result<(), SubscribeError> {
    let deleted = event.data;
    let ids = AttachmentIds { owner: deleted.owner_id, todo: deleted.todo_id, attachment: deleted.attachment_id };
    files.delete_except(ids, None).await.map_err(AppError::from)?;
    Ok(())
}
