//! The only place that maps this service's errors to HTTP answers.

use http::StatusCode;
use lambda_kit::api::ApiFailure;
use lambda_kit::problem::Problem;
use lambda_kit::table::TableError;
use lambda_kit::transaction::TransactionError;

/// Why a route did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    #[error("the request was refused: {}", .0.detail)]
    Refused(Problem),
    #[error("the table failed")]
    Table(#[from] TableError),
    #[error("the answer could not be written")]
    Unwritable(#[from] serde_json::Error),
}

impl From<Problem> for ApiError {
    fn from(problem: Problem) -> Self {
        Self::Refused(problem)
    }
}

impl ApiError {
    /// 404, for an entry that is not there and for one of somebody else alike.
    pub(crate) fn no_such_notification() -> Self {
        Self::Refused(Problem::not_found("You have no notification with this id."))
    }

    /// 404, for somebody whose account was deleted while their token is still good.
    pub(crate) fn no_such_user() -> Self {
        Self::Refused(Problem::not_found("Your account is deleted."))
    }

    /// 404, for a page where none is deployed.
    pub(crate) fn no_page() -> Self {
        Self::Refused(Problem::not_found("There is no page here; send a POST to this address to stop the mail."))
    }

    /// 412.
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
            Self::Table(_) | Self::Unwritable(_) => Problem::internal(),
        }
    }
}
