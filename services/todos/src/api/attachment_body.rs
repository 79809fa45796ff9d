//! Attachments in requests and responses.

use std::collections::BTreeMap;

use jiff::Timestamp;
use lambda_kit::json_integer::JsonInteger;
use lambda_kit::problem::Problem;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::api::fields::check;
use crate::app::attachments::{LinkedAttachment, UploadForm};
use crate::domain::attachment::{Announcement, Attachment, AttachmentState, FileSize, Picture, RejectionReason};
use crate::domain::content_type::ContentType;
use crate::domain::file_name::FileName;

/// The body of `POST /todos/{id}/attachments`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewAttachmentBody {
    name: String,
    content_type: String,
    bytes: JsonInteger,
}

impl NewAttachmentBody {
    /// # Errors
    /// 400 with every field that breaks a rule.
    pub(crate) fn parse(&self) -> Result<Announcement, Problem> {
        let mut errors = Vec::new();
        let name = check(&mut errors, "name", FileName::parse(&self.name));
        let content_type = check(&mut errors, "contentType", ContentType::parse(&self.content_type));
        let size = check(&mut errors, "bytes", FileSize::parse(self.bytes.0));
        match (name, content_type, size) {
            (Some(name), Some(content_type), Some(size)) => Ok(Announcement { name, content_type, size }),
            _ => Err(Problem::invalid_fields(errors)),
        }
    }
}

/// The response to an announcement.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct AnnouncedBody {
    attachment: AttachmentBody,
    upload: UploadBody,
}

impl AnnouncedBody {
    pub(crate) fn new(attachment: Attachment, form: UploadForm) -> Self {
        let upload = UploadBody { url: form.url, fields: form.fields, expires_at: form.expires_at };
        let linked = LinkedAttachment { attachment, download_link: None, thumbnail_link: None };
        Self { attachment: linked.into(), upload }
    }
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct UploadBody {
    url: String,
    fields: BTreeMap<&'static str, String>,
    expires_at: Timestamp,
}

/// All attachments of an item.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct AttachmentsBody {
    pub(crate) items: Vec<AttachmentBody>,
}

/// An attachment in a response.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AttachmentBody {
    id: Uuid,
    todo_id: Uuid,
    name: String,
    content_type: &'static str,
    bytes: u64,
    status: StatusBody,
    reason: Option<ReasonBody>,
    picture: Option<PictureBody>,
    created_at: Timestamp,
    download_url: Option<String>,
    thumbnail_url: Option<String>,
}

impl From<LinkedAttachment> for AttachmentBody {
    fn from(linked: LinkedAttachment) -> Self {
        let attachment = linked.attachment;
        let (status, reason, picture) = match &attachment.state {
            AttachmentState::Uploading { .. } => (StatusBody::Uploading, None, None),
            AttachmentState::Ready { picture, .. } => (StatusBody::Ready, None, picture.map(PictureBody::from)),
            AttachmentState::Rejected { reason, .. } => (StatusBody::Rejected, Some(ReasonBody::from(*reason)), None),
        };
        Self {
            id: attachment.id,
            todo_id: attachment.todo,
            name: attachment.name.as_str().to_owned(),
            content_type: attachment.content_type.media_type(),
            bytes: attachment.bytes,
            status,
            reason,
            picture,
            created_at: attachment.created_at,
            download_url: linked.download_link,
            thumbnail_url: linked.thumbnail_link,
        }
    }
}

/// An attachment's status in responses.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
enum StatusBody {
    Uploading,
    Ready,
    Rejected,
}

/// Why a file was rejected, in responses.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
enum ReasonBody {
    TooLarge,
    WrongType,
    Broken,
    TooManyPixels,
    Unsafe,
}

impl From<RejectionReason> for ReasonBody {
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

/// A picture's dimensions in responses.
#[derive(Clone, Copy, Debug, Serialize)]
struct PictureBody {
    width: u64,
    height: u64,
}

impl From<Picture> for PictureBody {
    fn from(picture: Picture) -> Self {
        Self { width: picture.width, height: picture.height }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_invalid_field_is_reported() {
        let body: NewAttachmentBody =
            serde_json::from_str(r#"{"name": "..", "contentType": "image/svg+xml", "bytes": 52428801}"#).unwrap();
        let problem = body.parse().unwrap_err();
        assert_eq!(
            problem.errors.iter().map(|error| error.field).collect::<Vec<_>>(),
            ["name", "contentType", "bytes"]
        );
    }
}
