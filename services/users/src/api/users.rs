//! The list of all users, for administrators.

use jiff::Timestamp;
use lambda_kit::api::{Request, Response, ok};
use lambda_kit::page::{Limit, read_cursor, write_cursor};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::api::error::ApiError;
use crate::api::profile_body::{ProfileBody, UserPage};
use crate::app::profiles::UserDirectory;
use crate::domain::profile::ListPosition;

/// Members of this group of the user pool may list all users.
const ADMIN_GROUP: &str = "admin";

/// The position that a cursor holds.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct CursorPosition {
    registered_at: Timestamp,
    id: Uuid,
}

impl From<ListPosition> for CursorPosition {
    fn from(position: ListPosition) -> Self {
        Self { registered_at: position.registered_at, id: position.id }
    }
}

impl From<CursorPosition> for ListPosition {
    fn from(position: CursorPosition) -> Self {
        Self { registered_at: position.registered_at, id: position.id }
    }
}

/// `GET /users`: a page of all users, newest first, for administrators.
///
/// 200 with profiles and the cursor of the next page; 400 for an invalid query; 403 for other callers.
pub(crate) async fn list(directory: &UserDirectory, request: Request) -> Result<Response, ApiError> {
    let caller = request.caller()?;
    if !caller.is_in(ADMIN_GROUP) {
        return Err(ApiError::administrators_only());
    }
    let query = request.query(&["limit", "cursor"])?;
    let limit = Limit::parse(query.get("limit"))?;
    let scope = format!("users {}", caller.subject);
    let after: Option<CursorPosition> = query.get("cursor").map(|text| read_cursor(&scope, text)).transpose()?;
    let page = directory.list(limit, after.map(ListPosition::from)).await?;
    let last = page.profiles.last().filter(|_| page.has_more);
    let next_cursor = last.map(|profile| write_cursor(&scope, CursorPosition::from(profile.position())));
    Ok(ok(&UserPage {
        items: page.profiles.into_iter().map(ProfileBody::from).collect(),
        next_cursor: next_cursor.transpose()?,
    })?)
}
