//! The routes of attachments.

use lambda_kit::api::{Request, Response, created, no_content, ok, ok_with_etag};
use lambda_kit::clock;
use uuid::Uuid;

use crate::api::attachment_body::{AnnouncedBody, AttachmentBody, AttachmentsBody, NewAttachmentBody};
use crate::api::error::ApiError;
use crate::app::attachments::{AttachmentRows, Attachments, NewAttachments};
use crate::domain::attachment::{AnnounceOutcome, Attachment, AttachmentIds};

/// `POST /todos/{id}/attachments`: announces a file and returns an upload form.
///
/// 201 with the attachment and a form that works for five minutes; 400 for a body that breaks a rule; 404 when the
/// caller has no such item; 409 when it has twenty attachments, or the caller has as many bytes as a user may have; 429
/// when whether they have is to be counted first.
pub(crate) async fn create(attachments: &NewAttachments, request: Request) -> Result<Response, ApiError> {
    let owner = request.caller()?.subject;
    let todo: Uuid = request.path_id("id")?;
    let body: NewAttachmentBody = request.body()?;
    let attachment = Attachment::announce(owner, todo, body.parse()?, clock::new_id(), clock::now());
    let (outcome, form) = attachments.announce(&attachment, request.correlation()).await?;
    match outcome {
        AnnounceOutcome::Announced => {}
        AnnounceOutcome::NoSuchTodo => return Err(ApiError::no_such_todo()),
        AnnounceOutcome::Full => return Err(ApiError::too_many_attachments()),
        AnnounceOutcome::Refused(refusal) => return Err(ApiError::quota_refused(refusal)),
    }
    let (version, location) = (attachment.version, format!("/todos/{todo}/attachments/{}", attachment.id));
    Ok(created(&AnnouncedBody::new(attachment, form), version, &location)?)
}

/// `GET /todos/{id}/attachments`: all attachments of the item, oldest first.
///
/// 200 with at most twenty attachments; 404 when the caller has no such item.
pub(crate) async fn list(attachments: &Attachments, request: Request) -> Result<Response, ApiError> {
    let owner = request.caller()?.subject;
    let found =
        attachments.list(owner, request.path_id("id")?, clock::now()).await?.ok_or_else(ApiError::no_such_todo)?;
    Ok(ok(&AttachmentsBody { items: found.into_iter().map(AttachmentBody::from).collect() })?)
}

/// `GET /todos/{id}/attachments/{attachmentId}`: one attachment, with fresh links.
///
/// 200 with the attachment; 404 when the caller's item has none with this id.
pub(crate) async fn get(attachments: &Attachments, request: Request) -> Result<Response, ApiError> {
    let found = attachments.get(ids(&request)?, clock::now()).await?.ok_or_else(ApiError::no_such_attachment)?;
    let version = found.attachment.version;
    Ok(ok_with_etag(&AttachmentBody::from(found), version)?)
}

/// `DELETE /todos/{id}/attachments/{attachmentId}`: deletes the attachment; its objects are deleted afterwards.
///
/// 204; 404 when there is none, as for a repeat.
pub(crate) async fn delete(attachments: &AttachmentRows, request: Request) -> Result<Response, ApiError> {
    let is_deleted = attachments.delete(ids(&request)?, request.correlation()).await?;
    if is_deleted { Ok(no_content()) } else { Err(ApiError::no_such_attachment()) }
}

fn ids(request: &Request) -> Result<AttachmentIds, ApiError> {
    let owner = request.caller()?.subject;
    Ok(AttachmentIds { owner, todo: request.path_id("id")?, attachment: request.path_id("attachmentId")? })
}
