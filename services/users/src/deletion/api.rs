//! The route that begins a deletion.

use lambda_kit::api::{Request, Response, accepted};
use lambda_kit::clock;
use lambda_kit::problem::Problem;
use serde::Serialize;
use tracing::info;

use crate::api::error::ApiError;
use crate::deletion::begin::begin;
use crate::deletion::is_fresh;
use crate::store::{Begun, Store};

/// The answer of `DELETE /me`.
#[derive(Serialize)]
struct DeletionBody {
    status: &'static str,
}

/// `DELETE /me`: deletes the caller's account and everything that any service has of them; again is harmless.
///
/// 202: it was begun, and will be done; 403 when the caller gave their password more than five minutes ago; 409 when
/// others change the profile again and again.
pub(crate) async fn delete_me(store: &Store, request: Request) -> Result<Response, ApiError> {
    let caller = request.caller()?;
    if !is_fresh(caller.authenticated_at, clock::now()) {
        return Err(ApiError::reauthentication_required());
    }
    match begin(store, caller.subject, request.cause()).await? {
        Begun::Now => info!("began a deletion"),
        Begun::Before => info!("the deletion was begun before"),
        Begun::Outdated => return Err(Problem::contended().into()),
    }
    Ok(accepted(&DeletionBody { status: "deleting" })?)
}
