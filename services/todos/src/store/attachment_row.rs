//! Attachments as rows, and the keys under which they are found.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use events::trace::TraceParent;
use jiff::Timestamp;
use lambda_kit::correlation::CorrelationContext;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::attachment::{Attachment, AttachmentState, Picture, RejectionReason};
use crate::domain::content_type::ContentType;
use crate::domain::file_name::FileName;
use crate::domain::values::ValueError;
use crate::store::{keys, partition};

/// An attachment's row: `pk` is `USER#<owner>`, `sk` is `FILE#<todo id>#<attachment id>`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AttachmentRow {
    pk: String,
    sk: String,
    id: Uuid,
    todo_id: Uuid,
    owner: Uuid,
    name: String,
    content_type: String,
    bytes: u64,
    status: StatusValue,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<ReasonValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tag: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    picture: Option<PictureValue>,
    created_at: Timestamp,
    version: u64,
    /// In epoch seconds, for the table's TTL.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<i64>,
    /// The correlation of the request that announced the file, which the bucket's event does not carry.
    correlation_id: String,
    traceparent: TraceParent,
}

/// An attachment's status in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum StatusValue {
    Uploading,
    Ready,
    Rejected,
}

/// Why a file was rejected, in the table.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum ReasonValue {
    TooLarge,
    WrongType,
    Broken,
    TooManyPixels,
    Unsafe,
}

impl From<RejectionReason> for ReasonValue {
    fn from(reason: RejectionReason) -> Self {
        match reason {
            RejectionReason::TooLarge => Self::TooLarge,
            RejectionReason::WrongType => Self::WrongType,
            RejectionReason::Broken => Self::Broken,
            RejectionReason::TooManyPixels => Self::TooManyPixels,
            RejectionReason::Unsafe => Self::Unsafe,
        }
    }
}

impl From<ReasonValue> for RejectionReason {
    fn from(value: ReasonValue) -> Self {
        match value {
            ReasonValue::TooLarge => Self::TooLarge,
            ReasonValue::WrongType => Self::WrongType,
            ReasonValue::Broken => Self::Broken,
            ReasonValue::TooManyPixels => Self::TooManyPixels,
            ReasonValue::Unsafe => Self::Unsafe,
        }
    }
}

/// A picture's dimensions in the table.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct PictureValue {
    width: u64,
    height: u64,
}

impl From<Picture> for PictureValue {
    fn from(picture: Picture) -> Self {
        Self { width: picture.width, height: picture.height }
    }
}

impl From<PictureValue> for Picture {
    fn from(value: PictureValue) -> Self {
        Self { width: value.width, height: value.height }
    }
}

/// An attachment from the table, with the correlation of the request that announced it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoredAttachment {
    pub(crate) attachment: Attachment,
    correlation_id: String,
    traceparent: TraceParent,
}

impl StoredAttachment {
    /// The correlation for a job that `causation_id` started.
    pub(crate) fn correlation(&self, causation_id: &str) -> CorrelationContext {
        CorrelationContext {
            correlation_id: self.correlation_id.clone(),
            causation_id: causation_id.to_owned(),
            traceparent: self.traceparent,
        }
    }
}

impl AttachmentRow {
    pub(super) fn new(attachment: &Attachment, correlation: &CorrelationContext) -> Self {
        let (status, reason, tag, picture, until) = match &attachment.state {
            AttachmentState::Uploading { until } => (StatusValue::Uploading, None, None, None, *until),
            AttachmentState::Ready { tag, picture } => {
                (StatusValue::Ready, None, Some(tag.clone()), picture.map(Into::into), None)
            }
            AttachmentState::Rejected { reason, until } => {
                (StatusValue::Rejected, Some((*reason).into()), None, None, Some(*until))
            }
        };
        Self {
            pk: partition(attachment.owner),
            sk: sort_key(attachment.todo, attachment.id),
            id: attachment.id,
            todo_id: attachment.todo,
            owner: attachment.owner,
            name: attachment.name.as_str().to_owned(),
            content_type: attachment.content_type.media_type().to_owned(),
            bytes: attachment.bytes,
            status,
            reason,
            tag,
            picture,
            created_at: attachment.created_at,
            version: attachment.version,
            expires_at: until.map(Timestamp::as_second),
            correlation_id: correlation.correlation_id.clone(),
            traceparent: correlation.traceparent,
        }
    }
}

impl TryFrom<AttachmentRow> for StoredAttachment {
    type Error = ValueError;

    fn try_from(row: AttachmentRow) -> Result<Self, ValueError> {
        let second = |second| Timestamp::from_second(second).map_err(|_| ValueError("expiresAt is not a time".into()));
        let until = row.expires_at.map(second).transpose()?;
        let state = match (row.status, row.tag, row.reason, until) {
            (StatusValue::Uploading, _, _, until) => AttachmentState::Uploading { until },
            (StatusValue::Ready, Some(tag), _, _) => {
                AttachmentState::Ready { tag, picture: row.picture.map(Into::into) }
            }
            (StatusValue::Rejected, _, Some(reason), Some(until)) => {
                AttachmentState::Rejected { reason: reason.into(), until }
            }
            (StatusValue::Ready, ..) => return Err(ValueError("a ready attachment has no tag".into())),
            (StatusValue::Rejected, ..) => {
                return Err(ValueError("a rejected attachment has no reason or no expiresAt".into()));
            }
        };
        let attachment = Attachment {
            id: row.id,
            todo: row.todo_id,
            owner: row.owner,
            name: FileName::from_stored(row.name),
            content_type: ContentType::parse(&row.content_type)?,
            bytes: row.bytes,
            state,
            created_at: row.created_at,
            version: row.version,
        };
        Ok(Self { attachment, correlation_id: row.correlation_id, traceparent: row.traceparent })
    }
}

/// The key of an owner's attachment.
pub(super) fn key(owner: Uuid, todo: Uuid, id: Uuid) -> HashMap<String, AttributeValue> {
    keys::key(owner, sort_key(todo, id))
}

/// The key of the row that counts an item's attachments.
pub(super) fn counter_key(owner: Uuid, todo: Uuid) -> HashMap<String, AttributeValue> {
    keys::key(owner, format!("FILES#{todo}"))
}

/// The prefix of the sort keys of an item's attachments.
pub(super) fn prefix(todo: Uuid) -> String {
    format!("FILE#{todo}#")
}

fn sort_key(todo: Uuid, id: Uuid) -> String {
    format!("{}{id}", prefix(todo))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::attachment::{Announcement, CheckedFile, FileSize};

    fn uploading() -> Attachment {
        let announcement = Announcement {
            name: FileName::parse("holiday.jpg").unwrap(),
            content_type: ContentType::Jpeg,
            size: FileSize::parse(7).unwrap(),
        };
        let id = Uuid::from_u128(3);
        Attachment::announce(Uuid::from_u128(1), Uuid::from_u128(2), announcement, id, Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn an_attachment_is_the_same_after_a_round_trip() {
        let correlation = CorrelationContext::from_request("r1", None, None);
        let picture = Some(Picture { width: 2, height: 1 });
        let ready =
            uploading().accept(CheckedFile { tag: "t".into(), bytes: 9, picture }, Timestamp::UNIX_EPOCH).attachment;
        let rejected = uploading().reject(RejectionReason::Unsafe, Timestamp::UNIX_EPOCH).attachment;
        let storing = Attachment { state: AttachmentState::Uploading { until: None }, ..uploading() };
        for attachment in [uploading(), storing, ready, rejected] {
            let row: HashMap<String, AttributeValue> =
                serde_dynamo::to_item(AttachmentRow::new(&attachment, &correlation)).unwrap();
            let stored = StoredAttachment::try_from(serde_dynamo::from_item::<_, AttachmentRow>(row).unwrap()).unwrap();
            assert_eq!(stored.attachment, attachment);
            assert_eq!(stored.correlation("r1"), correlation);
        }
    }

    #[test]
    fn an_exported_attachment_describes_its_file() {
        let row = serde_dynamo::to_item(AttachmentRow::new(
            &uploading(),
            &CorrelationContext::from_request("r1", None, None),
        ))
        .unwrap();
        let read = lambda_kit::personal_data::export::to_json(row).unwrap();
        assert_eq!((read["kind"].as_str(), read["status"].as_str()), (Some("file"), Some("uploading")));
        assert_eq!((read["bytes"].as_u64(), read["name"].as_str()), (Some(7), Some("holiday.jpg")));
        assert_eq!(read["todoId"], uploading().todo.to_string());
    }
}
