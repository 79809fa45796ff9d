//! The route that deletes the caller's account.

use lambda_kit::api::{Request, Response, accepted};
use lambda_kit::clock;
use lambda_kit::problem::Problem;
use serde::Serialize;
use tracing::info;

use crate::api::error::ApiError;
use crate::app::deletions::Deletions;
use crate::domain::deletion::{BeginOutcome, is_recently_authenticated};

/// The body of the response of `DELETE /me`.
#[derive(Serialize)]
struct DeletionBody {
    status: &'static str,
}

/// `DELETE /me`: begins the deletion of the caller's account and of their data in every service. A repeat is harmless.
///
/// 202: the deletion has begun and ends later; 403 when the caller entered their password more than five minutes ago; 409
/// when other requests change the profile in each attempt.
pub(crate) async fn delete_me(deletions: &Deletions, request: Request) -> Result<Response, ApiError> {
    let caller = request.caller()?;
    if !is_recently_authenticated(caller.authenticated_at, clock::now()) {
        return Err(ApiError::reauthentication_required());
    }
    match deletions.begin(caller.subject, request.correlation()).await? {
        BeginOutcome::Started => info!("began a deletion"),
        BeginOutcome::AlreadyStarted => info!("the deletion had begun before"),
        BeginOutcome::Conflict => return Err(Problem::contended().into()),
    }
    Ok(accepted(&DeletionBody { status: "deleting" })?)
}
