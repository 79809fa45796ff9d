//! The only place that maps this service's errors to HTTP responses.

use std::convert::Infallible;

use http::StatusCode;
use lambda_kit::api::ApiFailure;
use lambda_kit::problem::Problem;
use lambda_kit::table::TableError;
use lambda_kit::transaction::TransactionError;

use crate::app::preferences::ChangeError;

/// Why a route failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    #[error("the request was refused: {}", .0.detail)]
    Refused(Problem),
    #[error("the table failed")]
    Table(#[from] TableError),
    #[error("the response could not be serialized")]
    Serialization(#[from] serde_json::Error),
}

impl From<Problem> for ApiError {
    fn from(problem: Problem) -> Self {
        Self::Refused(problem)
    }
}

impl<E: Into<ApiError>> From<ChangeError<E>> for ApiError {
    fn from(error: ChangeError<E>) -> Self {
        match error {
            ChangeError::Refused(refusal) => refusal.into(),
            ChangeError::UserDeleted => Self::no_such_user(),
            ChangeError::Contended => Self::Refused(Problem::contended()),
            ChangeError::Table(error) => Self::Table(error),
        }
    }
}

impl From<Infallible> for ApiError {
    fn from(impossible: Infallible) -> Self {
        match impossible {}
    }
}

impl ApiError {
    /// 404, also for an entry of another user.
    pub(crate) fn no_such_notification() -> Self {
        Self::Refused(Problem::not_found("You have no notification with this id."))
    }

    /// 404, for a user who has deleted their account while their token is still valid.
    fn no_such_user() -> Self {
        Self::Refused(Problem::not_found("Your account is deleted."))
    }

    /// 404, in an environment without a page.
    pub(crate) fn no_page() -> Self {
        Self::Refused(Problem::not_found("There is no page here; send a POST to this address to unsubscribe."))
    }

    /// 412, when `If-Match` names another version than `version`.
    pub(crate) fn stale(version: u64) -> Self {
        Self::Refused(Problem::new(
            StatusCode::PRECONDITION_FAILED,
            "stale",
            "The preferences were changed meanwhile",
            format!("Their version is {version}; read them again and repeat the change."),
        ))
    }
}

impl ApiFailure for ApiError {
    fn problem(&self) -> Problem {
        match self {
            Self::Refused(problem) => problem.clone(),
            Self::Table(TableError::Transaction(TransactionError::Contended)) => Problem::contended(),
            Self::Table(_) | Self::Serialization(_) => Problem::internal(),
        }
    }
}
