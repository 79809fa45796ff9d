//! Attachments on the wire, and their way into the domain.

use std::collections::BTreeMap;

use events::todos::attachments::{ContentType, Picture, RejectionReason};
use jiff::Timestamp;
use lambda_kit::problem::{FieldError, Problem};
use lambda_kit::whole::Whole;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::attachments::domain::{Announcement, Attachment, Size, State};
use crate::attachments::name::Name;
use crate::attachments::row::Status;
use crate::attachments::upload::UploadForm;
use crate::domain::Broken;

/// The body of `POST /todos/{id}/attachments`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewAttachmentBody {
    name: String,
    content_type: String,
    bytes: Whole,
}

impl NewAttachmentBody {
    /// 400 that names every field that breaks a rule.
    pub(crate) fn parse(&self) -> Result<Announcement, Problem> {
        let mut broken = Vec::new();
        let name = check(&mut broken, "name", Name::clean(&self.name));
        let content_type = check(&mut broken, "contentType", content_type(&self.content_type));
        let size = check(&mut broken, "bytes", Size::parse(self.bytes.0));
        match (name, content_type, size) {
            (Some(name), Some(content_type), Some(size)) => Ok(Announcement { name, content_type, size }),
            _ => Err(Problem::invalid_fields(broken)),
        }
    }
}

fn check<T>(broken: &mut Vec<FieldError>, field: &'static str, parsed: Result<T, Broken>) -> Option<T> {
    parsed.map_err(|Broken(message)| broken.push(FieldError { field, message })).ok()
}

fn content_type(text: &str) -> Result<ContentType, Broken> {
    serde_json::from_value(text.into()).map_err(|_| {
        Broken("must be image/png, image/jpeg, image/gif, image/webp, application/pdf or text/plain".into())
    })
}

/// The answer to an announcement.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct AnnouncedBody {
    attachment: AttachmentBody,
    upload: UploadBody,
}

impl AnnouncedBody {
    pub(crate) fn new(attachment: &Attachment, form: UploadForm) -> Self {
        let upload = UploadBody { url: form.url, fields: form.fields, expires_at: form.expires_at };
        Self { attachment: AttachmentBody::new(attachment, Links::default()), upload }
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

/// The addresses under which a file and its thumbnail may be had.
#[derive(Clone, Debug, Default)]
pub(crate) struct Links {
    pub(crate) download: Option<String>,
    pub(crate) thumbnail: Option<String>,
}

/// An attachment in a response.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AttachmentBody {
    id: Uuid,
    todo_id: Uuid,
    name: String,
    content_type: ContentType,
    bytes: u64,
    status: Status,
    reason: Option<RejectionReason>,
    picture: Option<Picture>,
    created_at: Timestamp,
    download_url: Option<String>,
    thumbnail_url: Option<String>,
}

impl AttachmentBody {
    pub(crate) fn new(attachment: &Attachment, links: Links) -> Self {
        let (status, reason, picture) = match &attachment.state {
            State::Uploading { .. } => (Status::Uploading, None, None),
            State::Ready { picture, .. } => (Status::Ready, None, *picture),
            State::Rejected { reason, .. } => (Status::Rejected, Some(*reason), None),
        };
        Self {
            id: attachment.id,
            todo_id: attachment.todo,
            name: attachment.name.as_str().to_owned(),
            content_type: attachment.content_type,
            bytes: attachment.bytes,
            status,
            reason,
            picture,
            created_at: attachment.created_at,
            download_url: links.download,
            thumbnail_url: links.thumbnail,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_broken_field_is_named() {
        let body: NewAttachmentBody =
            serde_json::from_str(r#"{"name": "..", "contentType": "image/svg+xml", "bytes": 52428801}"#).unwrap();
        let problem = body.parse().unwrap_err();
        assert_eq!(
            problem.errors.iter().map(|error| error.field).collect::<Vec<_>>(),
            ["name", "contentType", "bytes"]
        );
    }

    #[test]
    fn a_type_is_one_of_those_that_can_be_looked_at() {
        for good in ["image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf", "text/plain"] {
            assert_eq!(serde_json::json!(content_type(good).unwrap()), good);
        }
        for bad in ["", "image/PNG", "text/html", "text/plain; charset=utf-8", "application/octet-stream"] {
            assert!(content_type(bad).is_err(), "{bad}");
        }
    }
}
