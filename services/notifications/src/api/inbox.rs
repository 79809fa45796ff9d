//! Routes of the caller's inbox, and its JSON.

use lambda_kit::api::{Request, Response, ok};
use serde::Serialize;

use crate::api::error::ApiError;
use crate::api::list_query;
use crate::api::notification_body::NotificationBody;
use crate::app::inbox::Inbox;

/// The body of `GET /notifications`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct NotificationPage {
    items: Vec<NotificationBody>,
    /// The number of unread entries in the whole inbox.
    unread: u64,
    next_cursor: Option<String>,
}

/// The body of `POST /notifications/read`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
struct UnreadBody {
    unread: u64,
}

/// `GET /notifications`: a page of the caller's inbox, newest first, and the number of unread entries.
///
/// 200 with the entries and the cursor of the next page; 400 for an invalid query.
pub(crate) async fn list(inbox: &Inbox, request: Request) -> Result<Response, ApiError> {
    let owner = request.caller()?.subject;
    let query = list_query::parse(request.query(&list_query::PARAMETERS)?, owner)?;
    let page = inbox.page(&query).await?;
    let last = page.entries.last().filter(|_| page.has_more);
    let next_cursor = last.map(|entry| list_query::cursor(&query, entry.id)).transpose()?;
    Ok(ok(&NotificationPage {
        items: page.entries.iter().map(|entry| NotificationBody::new(entry, page.language)).collect(),
        unread: page.unread,
        next_cursor,
    })?)
}

/// `POST /notifications/{id}/read`: marks an entry of the caller's inbox as read. A repeat is harmless.
///
/// 200 with the entry; 404 if the caller has no entry with this id.
pub(crate) async fn read(inbox: &Inbox, request: Request) -> Result<Response, ApiError> {
    let owner = request.caller()?.subject;
    let id = request.path_id("id")?;
    let (entry, language) = inbox.read(owner, id).await?.ok_or_else(ApiError::no_such_notification)?;
    Ok(ok(&NotificationBody::new(&entry, language))?)
}

/// `POST /notifications/read`: marks the caller's whole inbox as read. A repeat is harmless.
///
/// 200 with the number of unread entries afterwards: those added meanwhile, and those beyond the limit of one request.
pub(crate) async fn read_all(inbox: &Inbox, request: Request) -> Result<Response, ApiError> {
    let owner = request.caller()?.subject;
    let unread = inbox.read_all(owner).await?;
    Ok(ok(&UnreadBody { unread })?)
}
