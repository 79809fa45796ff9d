//! What happened to an attachment, as the event that the bus will carry.

use events::envelope::{Event, Payload};
use events::todos::attachments::{AttachmentDeletedV1, AttachmentReadyV1, AttachmentRejectedV1};
use lambda_kit::cause::{Cause, NewEvent};
use lambda_kit::clock;
use lambda_kit::outbox::{OutboxError, OutboxRow};

use crate::attachments::domain::{Change, Happening, State};

/// The outbox row of a change.
pub(crate) fn outbox_row(change: &Change, cause: &Cause) -> Result<OutboxRow, OutboxError> {
    let attachment = &change.attachment;
    let (attachment_id, todo_id, owner_id) = (attachment.id, attachment.todo, attachment.owner);
    let name = attachment.name.as_str().to_owned();
    match change.what {
        Happening::Ready => {
            let picture = match &attachment.state {
                State::Ready { picture, .. } => *picture,
                State::Uploading { .. } | State::Rejected { .. } => None,
            };
            let (content_type, bytes) = (attachment.content_type, attachment.bytes);
            let data = AttachmentReadyV1 { attachment_id, todo_id, owner_id, name, content_type, bytes, picture };
            row(change, cause, data)
        }
        Happening::Rejected(reason) => {
            row(change, cause, AttachmentRejectedV1 { attachment_id, todo_id, owner_id, name, reason })
        }
        Happening::Deleted => row(change, cause, AttachmentDeletedV1 { attachment_id, todo_id, owner_id, name }),
    }
}

fn row<P: Payload>(change: &Change, cause: &Cause, data: P) -> Result<OutboxRow, OutboxError> {
    let new = NewEvent {
        id: clock::new_id(),
        occurred_at: change.at,
        subject: change.attachment.id.to_string(),
        sequence: change.attachment.version,
    };
    OutboxRow::new(&Event { metadata: cause.metadata::<P>(env!("CARGO_PKG_VERSION"), new), data })
}
