//! Attachments as rows, and the keys under which they are found.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use events::todos::attachments::{ContentType, Picture, RejectionReason};
use events::trace::TraceParent;
use jiff::Timestamp;
use lambda_kit::cause::Cause;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::attachments::domain::{Attachment, State};
use crate::attachments::name::Name;
use crate::domain::Broken;
use crate::store::item;

/// An attachment's row: `pk` is `USER#<owner>`, `sk` is `FILE#<todo id>#<attachment id>`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FileItem {
    pk: String,
    sk: String,
    id: Uuid,
    todo_id: Uuid,
    owner: Uuid,
    name: String,
    content_type: ContentType,
    bytes: u64,
    status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<RejectionReason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tag: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    picture: Option<Picture>,
    created_at: Timestamp,
    version: u64,
    /// In epoch seconds, for the table's TTL.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<i64>,
    /// The story of the request that announced the file: the bucket's event brings none.
    correlation_id: String,
    traceparent: TraceParent,
}

/// An attachment's status on the wire and in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Status {
    Uploading,
    Ready,
    Rejected,
}

/// An attachment as it was found, with the story that it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) attachment: Attachment,
    correlation_id: String,
    traceparent: TraceParent,
}

impl Found {
    /// The story that the attachment belongs to, gone on by a job of this cause.
    pub(crate) fn cause(&self, causation_id: &str) -> Cause {
        Cause {
            correlation_id: self.correlation_id.clone(),
            causation_id: causation_id.to_owned(),
            traceparent: self.traceparent,
        }
    }
}

impl FileItem {
    pub(crate) fn new(attachment: &Attachment, cause: &Cause) -> Self {
        let (status, reason, tag, picture, until) = match &attachment.state {
            State::Uploading { until } => (Status::Uploading, None, None, None, *until),
            State::Ready { tag, picture } => (Status::Ready, None, Some(tag.clone()), *picture, None),
            State::Rejected { reason, until } => (Status::Rejected, Some(*reason), None, None, Some(*until)),
        };
        Self {
            pk: item::partition(attachment.owner),
            sk: sort_key(attachment.todo, attachment.id),
            id: attachment.id,
            todo_id: attachment.todo,
            owner: attachment.owner,
            name: attachment.name.as_str().to_owned(),
            content_type: attachment.content_type,
            bytes: attachment.bytes,
            status,
            reason,
            tag,
            picture,
            created_at: attachment.created_at,
            version: attachment.version,
            expires_at: until.map(Timestamp::as_second),
            correlation_id: cause.correlation_id.clone(),
            traceparent: cause.traceparent,
        }
    }
}

impl TryFrom<FileItem> for Found {
    type Error = Broken;

    fn try_from(item: FileItem) -> Result<Self, Broken> {
        let second = |second| Timestamp::from_second(second).map_err(|_| Broken("expiresAt is no time".into()));
        let until = item.expires_at.map(second).transpose()?;
        let state = match (item.status, item.tag, item.reason, until) {
            (Status::Uploading, _, _, until) => State::Uploading { until },
            (Status::Ready, Some(tag), _, _) => State::Ready { tag, picture: item.picture },
            (Status::Rejected, _, Some(reason), Some(until)) => State::Rejected { reason, until },
            (Status::Ready, ..) => return Err(Broken("a ready attachment has no tag".into())),
            (Status::Rejected, ..) => return Err(Broken("a rejected attachment has no reason or no end".into())),
        };
        let attachment = Attachment {
            id: item.id,
            todo: item.todo_id,
            owner: item.owner,
            name: Name::stored(item.name),
            content_type: item.content_type,
            bytes: item.bytes,
            state,
            created_at: item.created_at,
            version: item.version,
        };
        Ok(Self { attachment, correlation_id: item.correlation_id, traceparent: item.traceparent })
    }
}

/// The key of an owner's attachment.
pub(crate) fn key(owner: Uuid, todo: Uuid, id: Uuid) -> HashMap<String, AttributeValue> {
    row(owner, sort_key(todo, id))
}

/// The key of the row that counts an item's attachments.
pub(crate) fn counter_key(owner: Uuid, todo: Uuid) -> HashMap<String, AttributeValue> {
    row(owner, format!("FILES#{todo}"))
}

/// What the keys of an item's attachments begin with.
pub(crate) fn prefix(todo: Uuid) -> String {
    format!("FILE#{todo}#")
}

fn sort_key(todo: Uuid, id: Uuid) -> String {
    format!("{}{id}", prefix(todo))
}

fn row(owner: Uuid, sort_key: String) -> HashMap<String, AttributeValue> {
    HashMap::from([
        ("pk".to_owned(), AttributeValue::S(item::partition(owner))),
        ("sk".to_owned(), AttributeValue::S(sort_key)),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attachments::domain::{Announcement, Kept, Size};

    fn uploading() -> Attachment {
        let said = Announcement {
            name: Name::clean("holiday.jpg").unwrap(),
            content_type: ContentType::Jpeg,
            size: Size::parse(7).unwrap(),
        };
        let id = Uuid::from_u128(3);
        Attachment::announce(Uuid::from_u128(1), Uuid::from_u128(2), said, id, Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn an_attachment_survives_its_row() {
        let cause = Cause::of_request("r1", None, None);
        let picture = Some(Picture { width: 2, height: 1 });
        let ready = uploading().keep(Kept { tag: "t".into(), bytes: 9, picture }, Timestamp::UNIX_EPOCH).attachment;
        let rejected = uploading().reject(RejectionReason::Unsafe, Timestamp::UNIX_EPOCH).attachment;
        let held = Attachment { state: State::Uploading { until: None }, ..uploading() };
        for attachment in [uploading(), held, ready, rejected] {
            let row: HashMap<String, AttributeValue> =
                serde_dynamo::to_item(FileItem::new(&attachment, &cause)).unwrap();
            let found = Found::try_from(serde_dynamo::from_item::<_, FileItem>(row).unwrap()).unwrap();
            assert_eq!(found.attachment, attachment);
            assert_eq!(found.cause("r1"), cause);
        }
    }

    #[test]
    fn an_exported_attachment_says_all_of_its_file() {
        let row = serde_dynamo::to_item(FileItem::new(&uploading(), &Cause::of_request("r1", None, None))).unwrap();
        let read = lambda_kit::export::readable(row).unwrap();
        assert_eq!((read["kind"].as_str(), read["status"].as_str()), (Some("file"), Some("uploading")));
        assert_eq!((read["bytes"].as_u64(), read["name"].as_str()), (Some(7), Some("holiday.jpg")));
        assert_eq!(read["todoId"], uploading().todo.to_string());
    }
}
