//! The routes of attachments, one function each.

use lambda_kit::api::{Request, Response, created, no_content, ok, ok_version};
use lambda_kit::clock;
use lambda_kit::problem::Problem;

use crate::api::error::ApiError;
use crate::attachments::Desk;
use crate::attachments::body::{AnnouncedBody, AttachmentBody, AttachmentsBody, Links, NewAttachmentBody};
use crate::attachments::domain::{Attachment, State};
use crate::attachments::files::{Files, FilesError};
use crate::attachments::store::{Announced, Attachments, Saved};
use crate::store::Store;

/// A deletion is tried again this often when the file arrives at the same time.
const ATTEMPTS: usize = 4;

/// What the list needs: the items, to tell one that is not there from one without files.
#[derive(Clone, Debug)]
pub(crate) struct Catalogue {
    pub(crate) items: Store,
    pub(crate) desk: Desk,
}

/// `POST /todos/{id}/attachments`: announces a file and says where to upload it.
///
/// 201 with the attachment and an upload form that works for five minutes; 400 for a body that breaks a rule; 404 when
/// the caller has no such item; 409 when it has twenty files.
pub(crate) async fn create(desk: &Desk, request: Request) -> Result<Response, ApiError> {
    let owner = request.caller()?.subject;
    let todo = request.id("id")?;
    let body: NewAttachmentBody = request.body()?;
    let attachment = Attachment::announce(owner, todo, body.parse()?, clock::new_id(), clock::now());
    let form = desk.files.upload_form(&attachment).await?;
    match desk.rows.announce(&attachment, request.cause()).await? {
        Announced::Now => {}
        Announced::NoItem => return Err(ApiError::no_such_todo()),
        Announced::Full => return Err(ApiError::too_many_attachments()),
    }
    let location = format!("/todos/{todo}/attachments/{}", attachment.id);
    Ok(created(&AnnouncedBody::new(&attachment, form), attachment.version, &location)?)
}

/// `GET /todos/{id}/attachments`: all attachments of the item, oldest first.
///
/// 200 with at most twenty of them; 404 when the caller has no such item.
pub(crate) async fn list(catalogue: &Catalogue, request: Request) -> Result<Response, ApiError> {
    let owner = request.caller()?.subject;
    let todo = request.id("id")?;
    catalogue.items.get(owner, todo).await?.ok_or_else(ApiError::no_such_todo)?;
    let mut items = Vec::new();
    for found in catalogue.desk.rows.list(owner, todo, clock::now()).await? {
        items.push(body(&catalogue.desk.files, found.attachment).await?);
    }
    Ok(ok(&AttachmentsBody { items })?)
}

/// `GET /todos/{id}/attachments/{attachmentId}`: one attachment, with fresh links.
///
/// 200 with the attachment; 404 when the caller's item has none with this id.
pub(crate) async fn get(desk: &Desk, request: Request) -> Result<Response, ApiError> {
    let attachment = find(&desk.rows, &request).await?;
    let version = attachment.version;
    Ok(ok_version(&body(&desk.files, attachment).await?, version)?)
}

/// `DELETE /todos/{id}/attachments/{attachmentId}`: deletes the attachment; its objects follow.
///
/// 204; 404 when there is none, so also the second time.
pub(crate) async fn delete(rows: &Attachments, request: Request) -> Result<Response, ApiError> {
    for _ in 0..ATTEMPTS {
        let change = find(rows, &request).await?.delete(clock::now());
        match rows.save(&change, request.cause()).await? {
            Saved::Now => return Ok(no_content()),
            Saved::Outdated => {}
        }
    }
    Err(Problem::contended().into())
}

async fn find(rows: &Attachments, request: &Request) -> Result<Attachment, ApiError> {
    let owner = request.caller()?.subject;
    let (todo, id) = (request.id("id")?, request.id("attachmentId")?);
    let found = rows.get(owner, todo, id, clock::now()).await?;
    found.map(|found| found.attachment).ok_or_else(ApiError::no_such_attachment)
}

async fn body(files: &Files, attachment: Attachment) -> Result<AttachmentBody, FilesError> {
    let mut links = Links::default();
    if let State::Ready { tag, picture } = &attachment.state {
        links.download = Some(files.download_link(&attachment, tag).await?);
        if picture.is_some() {
            links.thumbnail = Some(files.thumbnail_link(&attachment, tag).await?);
        }
    }
    Ok(AttachmentBody::new(&attachment, links))
}
