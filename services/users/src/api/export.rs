//! The routes of exports.

use jiff::Timestamp;
use lambda_kit::api::{Request, Response, accepted, no_content, ok};
use lambda_kit::clock;
use serde::Serialize;
use uuid::Uuid;

use crate::api::error::ApiError;
use crate::app::exports::{Downloads, ExportRequests};
use crate::domain::export::{Export, ExportStatus, RequestDecision};

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

/// `POST /me/export`: requests an archive of everything that Busline has about the caller. While one is being prepared,
/// the response is that one.
///
/// 202 with the export; 404 when the account is deleted; 429 after three requests within a day.
pub(crate) async fn request_export(requests: &ExportRequests, request: Request) -> Result<Response, ApiError> {
    let user = request.caller()?.subject;
    let now = clock::now();
    match requests.request(user, now, request.correlation()).await? {
        RequestDecision::New(export) | RequestDecision::AlreadyPreparing(export) => {
            Ok(accepted(&body(&export, now, None))?)
        }
        RequestDecision::DailyLimitReached => Err(ApiError::too_many_exports()),
    }
}

/// `GET /me/export`: the caller's newest export, with a link that works for five minutes when the archive is ready.
///
/// 200 with the export; 204 when the caller has requested none; 404 when the account is deleted.
pub(crate) async fn get_export(downloads: &Downloads, request: Request) -> Result<Response, ApiError> {
    let user = request.caller()?.subject;
    let now = clock::now();
    let Some(download) = downloads.newest(user, now).await? else {
        return Ok(no_content());
    };
    Ok(ok(&body(&download.export, now, download.url))?)
}

fn body(export: &Export, now: Timestamp, download_url: Option<String>) -> ExportBody {
    ExportBody {
        id: export.id,
        status: match export.status(now) {
            ExportStatus::Preparing => StatusBody::Preparing,
            ExportStatus::Ready => StatusBody::Ready,
            ExportStatus::Expired => StatusBody::Expired,
            ExportStatus::Failed => StatusBody::Failed,
        },
        requested_at: export.requested_at,
        expires_at: export.archive.map(|archive| archive.expires_at),
        bytes: export.archive.map(|archive| archive.bytes),
        download_url,
    }
}
