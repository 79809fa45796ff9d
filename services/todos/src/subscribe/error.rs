//! The only place that names the failures of this service's subscribers.

use lambda_kit::subscriber::SubscribeFailure;
use lambda_kit::table::TableError;
use lambda_kit::transaction::TransactionError;

use crate::attachments::files::FilesError;

/// Why an event did not have its effect.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SubscribeError {
    #[error("the table failed")]
    Table(#[from] TableError),
    #[error("the bucket failed")]
    Bucket(#[from] FilesError),
}

impl SubscribeFailure for SubscribeError {
    fn kind(&self) -> &'static str {
        match self {
            Self::Table(TableError::Transaction(TransactionError::Contended)) => "TableContended",
            Self::Table(_) => "TableFailed",
            Self::Bucket(_) => "BucketFailed",
        }
    }
}
