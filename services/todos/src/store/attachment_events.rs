//! Events of attachments, as outbox rows.

use events::envelope::{Event, Payload};
use events::todos::attachments::{self, AttachmentDeletedV1, AttachmentReadyV1, AttachmentRejectedV1};
use lambda_kit::clock;
use lambda_kit::correlation::{CorrelationContext, NewEvent};
use lambda_kit::outbox::{OutboxError, OutboxRow};

use crate::domain::attachment::{AttachmentChange, AttachmentEvent, AttachmentState, Picture, RejectionReason};
use crate::domain::content_type::ContentType;

/// The outbox row of a change.
pub(super) fn outbox_row(
    change: &AttachmentChange,
    correlation: &CorrelationContext,
) -> Result<OutboxRow, OutboxError> {
    let attachment = &change.attachment;
    let (attachment_id, todo_id, owner_id) = (attachment.id, attachment.todo, attachment.owner);
    let name = attachment.name.as_str().to_owned();
    match change.event {
        AttachmentEvent::Ready => {
            let picture = match &attachment.state {
                AttachmentState::Ready { picture, .. } => picture.map(event_picture),
                AttachmentState::Uploading { .. } | AttachmentState::Rejected { .. } => None,
            };
            let (content_type, bytes) = (event_content_type(attachment.content_type), attachment.bytes);
            let data = AttachmentReadyV1 { attachment_id, todo_id, owner_id, name, content_type, bytes, picture };
            row(change, correlation, data)
        }
        AttachmentEvent::Rejected(reason) => {
            let reason = event_reason(reason);
            row(change, correlation, AttachmentRejectedV1 { attachment_id, todo_id, owner_id, name, reason })
        }
        AttachmentEvent::Deleted => {
            row(change, correlation, AttachmentDeletedV1 { attachment_id, todo_id, owner_id, name })
        }
    }
}

fn row<P: Payload>(
    change: &AttachmentChange,
    correlation: &CorrelationContext,
    data: P,
) -> Result<OutboxRow, OutboxError> {
    let new = NewEvent {
        id: clock::new_id(),
        occurred_at: change.at,
        subject: change.attachment.id.to_string(),
        sequence: change.attachment.version,
    };
    OutboxRow::new(&Event { metadata: correlation.metadata::<P>(env!("CARGO_PKG_VERSION"), new), data })
}

fn event_content_type(content_type: ContentType) -> attachments::ContentType {
    match content_type {
        ContentType::Png => attachments::ContentType::Png,
        ContentType::Jpeg => attachments::ContentType::Jpeg,
        ContentType::Gif => attachments::ContentType::Gif,
        ContentType::Webp => attachments::ContentType::Webp,
        ContentType::Pdf => attachments::ContentType::Pdf,
        ContentType::Text => attachments::ContentType::Text,
    }
}

fn event_picture(picture: Picture) -> attachments::Picture {
    attachments::Picture { width: picture.width, height: picture.height }
}

fn event_reason(reason: RejectionReason) -> attachments::RejectionReason {
    match reason {
        RejectionReason::TooLarge => attachments::RejectionReason::TooLarge,
        RejectionReason::WrongType => attachments::RejectionReason::WrongType,
        RejectionReason::Broken => attachments::RejectionReason::Broken,
        RejectionReason::TooManyPixels => attachments::RejectionReason::TooManyPixels,
        RejectionReason::Unsafe => attachments::RejectionReason::Unsafe,
    }
}
