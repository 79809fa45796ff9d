//! The only place that maps this service's errors to HTTP answers.

use http::StatusCode;
use lambda_kit::api::ApiFailure;
use lambda_kit::outbox::OutboxError;
use lambda_kit::problem::Problem;
use lambda_kit::table::TableError;
use lambda_kit::transaction::TransactionError;

use crate::attachments::domain::MAX_FILES;
use crate::attachments::files::FilesError;

/// Why a route did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    #[error("the request was refused: {}", .0.detail)]
    Refused(Problem),
    #[error("the table failed")]
    Table(#[from] TableError),
    #[error("the bucket failed")]
    Files(#[from] FilesError),
    #[error("the event could not be made")]
    Event(#[from] OutboxError),
    #[error("the answer could not be written")]
    Unwritable(#[from] serde_json::Error),
}

impl From<Problem> for ApiError {
    fn from(problem: Problem) -> Self {
        Self::Refused(problem)
    }
}

impl ApiError {
    /// 404, for an item that is not there and for one of somebody else alike.
    pub(crate) fn no_such_todo() -> Self {
        Self::Refused(Problem::not_found("You have no to-do item with this id."))
    }

    /// 404, for an attachment that is not there, is forgotten, or is somebody else's alike.
    pub(crate) fn no_such_attachment() -> Self {
        Self::Refused(Problem::not_found("Your to-do item has no attachment with this id."))
    }

    /// 409: the item has as many files as an item may have.
    pub(crate) fn too_many_attachments() -> Self {
        Self::Refused(Problem::new(
            StatusCode::CONFLICT,
            "too-many-attachments",
            "The item has as many attachments as it may have",
            format!("An item may have {MAX_FILES} attachments, refused ones among them; delete one first."),
        ))
    }

    /// 401: the token is good, its user is not there any more.
    pub(crate) fn account_deleted() -> Self {
        Self::Refused(Problem::unauthenticated("The account of this token was deleted."))
    }

    /// 412: the item has another version than the request expects.
    pub(crate) fn stale(version: u64) -> Self {
        Self::Refused(Problem::new(
            StatusCode::PRECONDITION_FAILED,
            "stale",
            "The item has changed since you read it",
            format!("The item's entity tag is \"{version}\" now; read it again and repeat your change."),
        ))
    }

    /// 409: the idempotency key belongs to another request.
    pub(crate) fn key_reused() -> Self {
        Self::Refused(Problem::new(
            StatusCode::CONFLICT,
            "idempotency-key-reused",
            "The idempotency key was used for another body",
            "Use a fresh Idempotency-Key for a new item, or the same body to repeat the old request.",
        ))
    }
}

impl ApiFailure for ApiError {
    fn problem(&self) -> Problem {
        match self {
            Self::Refused(problem) => problem.clone(),
            Self::Table(TableError::Transaction(TransactionError::Contended)) => Problem::contended(),
            Self::Table(_) | Self::Files(_) | Self::Event(_) | Self::Unwritable(_) => Problem::internal(),
        }
    }
}
