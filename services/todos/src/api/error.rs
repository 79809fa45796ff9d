//! The only place that maps this service's errors to HTTP responses.

use http::StatusCode;
use lambda_kit::api::ApiFailure;
use lambda_kit::problem::Problem;

use crate::app::error::AppError;
use crate::domain::attachment::MAX_FILES;
use crate::domain::quota::{COUNT_INTERVAL, Quota, QuotaRefusal, RefusalReason, Resource};

/// Why a route failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    #[error("the request was rejected: {}", .0.detail)]
    Rejected(Problem),
    #[error("the job failed")]
    App(#[from] AppError),
    #[error("the response could not be serialized")]
    Serialization(#[from] serde_json::Error),
}

impl From<Problem> for ApiError {
    fn from(problem: Problem) -> Self {
        Self::Rejected(problem)
    }
}

impl ApiError {
    /// 404, the same for an item that does not exist and for another user's item.
    pub(crate) fn no_such_todo() -> Self {
        Self::Rejected(Problem::not_found("You have no to-do item with this id."))
    }

    /// 404 for an item that is not deleted.
    pub(crate) fn no_such_deleted_todo() -> Self {
        Self::Rejected(Problem::not_found("You have no deleted to-do item with this id."))
    }

    /// 404, the same for an attachment that does not exist, has expired, or is another user's.
    pub(crate) fn no_such_attachment() -> Self {
        Self::Rejected(Problem::not_found("Your to-do item has no attachment with this id."))
    }

    /// 409: the item has the most attachments that it may have.
    pub(crate) fn too_many_attachments() -> Self {
        Self::Rejected(Problem::new(
            StatusCode::CONFLICT,
            "too-many-attachments",
            "The item has as many attachments as it may have",
            format!("An item may have {MAX_FILES} attachments, refused ones among them; delete one first."),
        ))
    }

    /// 409: the caller has as much as a user may have. 429: that is to be counted first.
    pub(crate) fn quota_refused(QuotaRefusal { quota, reason }: QuotaRefusal) -> Self {
        Self::Rejected(match reason {
            RefusalReason::LimitReached => limit_reached(quota),
            RefusalReason::NotCounted { retry_after } => Problem::too_many_requests(
                format!("What you have is counted again in {retry_after} seconds; send this again then."),
                retry_after,
            ),
        })
    }

    /// 412: the item has another version than the request expects.
    pub(crate) fn stale(version: u64) -> Self {
        Self::Rejected(Problem::new(
            StatusCode::PRECONDITION_FAILED,
            "stale",
            "The item has changed since you read it",
            format!("The item's entity tag is \"{version}\" now; read it again and repeat your change."),
        ))
    }

    /// 409: the idempotency key belongs to another request.
    pub(crate) fn key_reused() -> Self {
        Self::Rejected(Problem::new(
            StatusCode::CONFLICT,
            "idempotency-key-reused",
            "The idempotency key was used for another body",
            "Use a fresh Idempotency-Key for a new item, or the same body to repeat the old request.",
        ))
    }
}

fn limit_reached(Quota { resource, limit }: Quota) -> Problem {
    let seconds = COUNT_INTERVAL.as_secs();
    match resource {
        Resource::Items => Problem::new(
            StatusCode::CONFLICT,
            "item-limit-reached",
            "You have as many to-do items as a user may have",
            format!(
                "A user may have {limit} to-do items, deleted ones among them until they are purged; delete items and \
                 empty “Recently deleted”. That counts within {seconds} seconds."
            ),
        ),
        Resource::AttachmentBytes => Problem::new(
            StatusCode::CONFLICT,
            "attachment-bytes-limit-reached",
            "You have as many bytes of attachments as a user may have",
            format!(
                "The attachments of a user may have {limit} bytes in all, those of deleted items among them; delete \
                 files, or delete items and empty “Recently deleted”. That counts within some {seconds} seconds."
            ),
        ),
    }
}

impl ApiFailure for ApiError {
    fn problem(&self) -> Problem {
        match self {
            Self::Rejected(problem) => problem.clone(),
            Self::App(error) if error.is_contended() => Problem::contended(),
            Self::App(_) | Self::Serialization(_) => Problem::internal(),
        }
    }
}
