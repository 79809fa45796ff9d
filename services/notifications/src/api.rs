//! The routes, one function each.

pub(crate) mod body;
mod error;
mod list;
pub(crate) mod preferences;
pub(crate) mod unsubscribe;

use lambda_kit::api::{Request, Response, ok};
use lambda_kit::clock;

use crate::api::body::{NotificationBody, UnreadBody};
use crate::api::error::ApiError;
use crate::api::list::NotificationPage;
use crate::store::Store;

/// `GET /notifications`: a page of the caller's inbox, newest first, and how many entries are unread.
///
/// 200 with the entries and the cursor of the next page; 400 for a query that breaks a rule.
pub(crate) async fn list(store: &Store, request: Request) -> Result<Response, ApiError> {
    let owner = request.caller()?.subject;
    let asked = list::parse(request.query(&list::PARAMETERS)?, owner)?;
    let page = store.list(&asked).await?;
    let last = page.entries.last().filter(|_| page.more);
    let next_cursor = last.map(|entry| list::cursor(&asked, entry.id)).transpose()?;
    Ok(ok(&NotificationPage {
        items: page.entries.iter().map(|entry| NotificationBody::new(entry, page.language)).collect(),
        unread: page.unread,
        next_cursor,
    })?)
}

/// `POST /notifications/{id}/read`: marks an entry of the caller's inbox as read; again is harmless.
///
/// 200 with the entry; 404 when the caller has none with this id.
pub(crate) async fn read(store: &Store, request: Request) -> Result<Response, ApiError> {
    let owner = request.caller()?.subject;
    let id = request.id("id")?;
    let entry = store.get(owner, id).await?.ok_or_else(ApiError::no_such_notification)?;
    let entry = match entry.clone().read(clock::now()) {
        Some(read) => store.save_read(read).await?,
        None => entry,
    };
    let language = store.language(owner).await?;
    Ok(ok(&NotificationBody::new(&entry, language))?)
}

/// `POST /notifications/read`: marks the caller's whole inbox as read; again is harmless.
///
/// 200 with the number of entries that are unread now: what came meanwhile, and in an inbox of thousands what is left.
pub(crate) async fn read_all(store: &Store, request: Request) -> Result<Response, ApiError> {
    let owner = request.caller()?.subject;
    let unread = store.read_all(owner, clock::now()).await?;
    Ok(ok(&UnreadBody { unread })?)
}
