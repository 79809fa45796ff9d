//! The only place that names the failures of this service's subscribers.

use lambda_kit::stream::RecordError;
use lambda_kit::subscriber::SubscribeFailure;

use crate::app::error::AppError;

/// Why an event did not have its effect.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SubscribeError {
    #[error("the job failed")]
    App(#[from] AppError),
    #[error("the record of the stream is not a change of an item")]
    InvalidRecord(#[from] RecordError),
    #[error("the key {0} does not belong to an item")]
    UnexpectedRow(String),
    #[error("the object's key does not belong to an upload")]
    UnexpectedKey,
}

impl SubscribeFailure for SubscribeError {
    fn kind(&self) -> &'static str {
        match self {
            Self::App(error) if error.is_contended() => "TableContended",
            Self::App(AppError::Table(_) | AppError::Contended) => "TableFailed",
            Self::App(AppError::Files(_)) => "BucketFailed",
            Self::App(AppError::Scheduler(_)) => "SchedulerFailed",
            Self::InvalidRecord(_) | Self::UnexpectedRow(_) => "ChangeUnreadable",
            Self::UnexpectedKey => "ForeignKey",
        }
    }
}
