//! The routes of exports.

use jiff::Timestamp;
use lambda_kit::api::{Request, Response, accepted, no_content, ok};
use lambda_kit::clock;
use lambda_kit::problem::Problem;
use serde::Serialize;
use uuid::Uuid;

use crate::api::error::ApiError;
use crate::export::bucket::Bucket;
use crate::export::{Asked, Export, Status};
use crate::store::{ExportBegun, Store};

/// A request is tried again this often when the user asks twice at the same time.
const ATTEMPTS: usize = 4;

/// An export in a response.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ExportBody {
    id: Uuid,
    status: StatusBody,
    requested_at: Timestamp,
    expires_at: Option<Timestamp>,
    bytes: Option<u64>,
    download_url: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum StatusBody {
    Preparing,
    Ready,
    Expired,
    Failed,
}

/// What the routes work with.
#[derive(Clone, Debug)]
pub(crate) struct Exports {
    pub(crate) store: Store,
    pub(crate) bucket: Bucket,
}

/// `POST /me/export`: asks for an archive of everything that Busline has of the caller. While one is being prepared, the
/// answer is that one.
///
/// 202 with the export; 404 when the account is deleted; 429 after three within a day.
pub(crate) async fn request_export(store: &Store, request: Request) -> Result<Response, ApiError> {
    let user = request.caller()?.subject;
    for _ in 0..ATTEMPTS {
        let now = clock::now();
        let last = store.export(user).await?;
        let before = last.as_ref().map(|export| export.id);
        match Export::ask(last, user, clock::new_id(), now) {
            Asked::Running(export) => return Ok(accepted(&body(&export, now, None))?),
            Asked::TooOften => return Err(ApiError::too_many_exports()),
            Asked::New(export) => {
                if store.is_deleted(user).await? {
                    return Err(ApiError::no_such_user());
                }
                match store.begin_export(&export, before, request.cause()).await? {
                    ExportBegun::Now => return Ok(accepted(&body(&export, now, None))?),
                    ExportBegun::Outdated => {}
                }
            }
        }
    }
    Err(Problem::contended().into())
}

/// `GET /me/export`: the caller's newest export, with a link that works for five minutes when the archive is there.
///
/// 200 with the export; 204 when the caller has asked for none; 404 when they have deleted their account.
pub(crate) async fn get_export(exports: &Exports, request: Request) -> Result<Response, ApiError> {
    let user = request.caller()?.subject;
    if exports.store.is_deleted(user).await? {
        return Err(ApiError::no_such_user());
    }
    let Some(export) = exports.store.export(user).await? else {
        return Ok(no_content());
    };
    let now = clock::now();
    let link = match export.status(now) {
        Status::Ready => Some(exports.bucket.link(&export).await?),
        Status::Preparing | Status::Expired | Status::Failed => None,
    };
    Ok(ok(&body(&export, now, link))?)
}

fn body(export: &Export, now: Timestamp, download_url: Option<String>) -> ExportBody {
    ExportBody {
        id: export.id,
        status: match export.status(now) {
            Status::Preparing => StatusBody::Preparing,
            Status::Ready => StatusBody::Ready,
            Status::Expired => StatusBody::Expired,
            Status::Failed => StatusBody::Failed,
        },
        requested_at: export.requested_at,
        expires_at: export.archive.map(|archive| archive.expires_at),
        bytes: export.archive.map(|archive| archive.bytes),
        download_url,
    }
}
