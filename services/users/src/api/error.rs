//! The only place that maps this service's errors to HTTP answers.

use http::StatusCode;
use lambda_kit::api::ApiFailure;
use lambda_kit::problem::Problem;
use lambda_kit::table::TableError;
use lambda_kit::transaction::TransactionError;

use crate::domain::Broken;
use crate::export::error::ArchiveError;
use crate::pool::PoolError;

/// Why a route did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    #[error("the request was refused: {}", .0.detail)]
    Refused(Problem),
    #[error("the table failed")]
    Table(#[from] TableError),
    #[error("the user pool failed")]
    Pool(#[from] PoolError),
    #[error("the bucket of exports failed")]
    Archive(#[from] ArchiveError),
    #[error("the user pool's attributes of a user break a rule")]
    Attributes(#[from] Broken),
    #[error("the answer could not be written")]
    Unwritable(#[from] serde_json::Error),
}

impl From<Problem> for ApiError {
    fn from(problem: Problem) -> Self {
        Self::Refused(problem)
    }
}

impl ApiError {
    /// 404: the token is good, its user is not there any more.
    pub(crate) fn no_such_user() -> Self {
        Self::Refused(Problem::not_found("The user of this token is gone."))
    }

    /// 429: three exports within a day.
    pub(crate) fn too_many_exports() -> Self {
        Self::Refused(Problem::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too-many-requests",
            "Too many requests",
            "You have asked for three exports within a day; ask again when the first of them is a day old.",
        ))
    }

    /// 403, for everybody but administrators.
    pub(crate) fn admins_only() -> Self {
        Self::Refused(Problem::new(
            StatusCode::FORBIDDEN,
            "forbidden",
            "You may not do this",
            "Only members of the group admin may list users.",
        ))
    }

    /// 403: too long ago that the caller gave their password, for something that cannot be undone.
    pub(crate) fn reauthentication_required() -> Self {
        Self::Refused(Problem::new(
            StatusCode::FORBIDDEN,
            "reauthentication-required",
            "Sign in again first",
            "An account is deleted within five minutes of signing in with its password; sign in again and repeat.",
        ))
    }

    /// 412: the profile has another version than the request expects.
    pub(crate) fn stale(version: u64) -> Self {
        Self::Refused(Problem::new(
            StatusCode::PRECONDITION_FAILED,
            "stale",
            "The profile has changed since you read it",
            format!("The profile's entity tag is \"{version}\" now; read it again and repeat your change."),
        ))
    }

    /// 429: Cognito's quota is used up.
    pub(crate) fn throttled() -> Self {
        Self::Refused(Problem::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too-many-requests",
            "Too many requests",
            "The session was not refreshed; wait a second and try again.",
        ))
    }
}

impl ApiFailure for ApiError {
    fn problem(&self) -> Problem {
        match self {
            Self::Refused(problem) => problem.clone(),
            Self::Table(TableError::Transaction(TransactionError::Contended)) => Problem::contended(),
            Self::Table(_) | Self::Pool(_) | Self::Archive(_) | Self::Attributes(_) | Self::Unwritable(_) => {
                Problem::internal()
            }
        }
    }
}
