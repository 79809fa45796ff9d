//! The only place that maps this service's errors to HTTP responses.

use http::StatusCode;
use lambda_kit::api::ApiFailure;
use lambda_kit::problem::Problem;
use lambda_kit::table::TableError;
use lambda_kit::transaction::TransactionError;

use crate::app::error::AppError;

/// Why a route failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    #[error("the request was refused: {}", .0.detail)]
    Refused(Problem),
    #[error("the request was not carried out")]
    App(#[from] AppError),
    #[error("the response could not be written as JSON")]
    Json(#[from] serde_json::Error),
}

impl From<Problem> for ApiError {
    fn from(problem: Problem) -> Self {
        Self::Refused(problem)
    }
}

impl ApiError {
    /// 429: the caller has requested three exports within a day.
    pub(crate) fn too_many_exports() -> Self {
        Self::Refused(Problem::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too-many-requests",
            "Too many requests",
            "You have asked for three exports within a day; ask again when the first of them is a day old.",
        ))
    }

    /// 403: the caller is not an administrator.
    pub(crate) fn administrators_only() -> Self {
        Self::Refused(Problem::new(
            StatusCode::FORBIDDEN,
            "forbidden",
            "You may not do this",
            "Only members of the group admin may list users.",
        ))
    }

    /// 403: the caller entered their password too long ago for an action that cannot be undone.
    pub(crate) fn reauthentication_required() -> Self {
        Self::Refused(Problem::new(
            StatusCode::FORBIDDEN,
            "reauthentication-required",
            "Sign in again first",
            "An account is deleted within five minutes of signing in with its password; sign in again and repeat.",
        ))
    }

    /// 412: the profile has another version than `If-Match` names.
    pub(crate) fn version_mismatch(version: u64) -> Self {
        Self::Refused(Problem::new(
            StatusCode::PRECONDITION_FAILED,
            "stale",
            "The profile has changed since you read it",
            format!("The profile's entity tag is \"{version}\" now; read it again and repeat your change."),
        ))
    }
}

impl ApiFailure for ApiError {
    fn problem(&self) -> Problem {
        match self {
            Self::Refused(problem) => problem.clone(),
            Self::App(AppError::UserNotFound) => Problem::not_found("The user of this token is gone."),
            Self::App(AppError::Contended | AppError::Table(TableError::Transaction(TransactionError::Contended))) => {
                Problem::contended()
            }
            Self::App(_) | Self::Json(_) => Problem::internal(),
        }
    }
}
