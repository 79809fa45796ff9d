//! The failures of this service's jobs, and the names under which they are grouped.

use lambda_kit::personal_data::erasure::SweepError;
use lambda_kit::personal_data::export::ExportError;
use lambda_kit::subscriber::SubscribeFailure;
use lambda_kit::table::TableError;
use lambda_kit::transaction::TransactionError;

use crate::domain::profile::InvalidValue;
use crate::exports_bucket::ExportsBucketError;
use crate::participant_registry::RegistryError;
use crate::user_pool::UserPoolError;

/// Why a job failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AppError {
    #[error("the table failed")]
    Table(#[from] TableError),
    #[error("the user pool failed")]
    UserPool(#[from] UserPoolError),
    #[error("the registry of participants could not be read")]
    Registry(#[from] RegistryError),
    #[error("the bucket of exports failed")]
    ExportsBucket(#[from] ExportsBucketError),
    #[error("the exports of the user were not all deleted")]
    ExportsNotErased(#[source] ExportsBucketError),
    #[error("this service's part of the export was not written")]
    ExportPart(#[from] ExportError),
    #[error("not all rows and messages of the user were deleted")]
    Sweep(#[from] SweepError),
    #[error("the user's attributes in the user pool are invalid")]
    Attributes(#[from] InvalidValue),
    #[error("the user was deleted")]
    UserNotFound,
    #[error("other requests changed the same item in each attempt")]
    Contended,
    #[error(
        "more than {0} users are missing in the user pool; at most as many were deleted in this run; see the README's runbook"
    )]
    TooManyRemovedUsers(usize),
    #[error("{0} deletions have been incomplete for more than a day; see the README's runbook")]
    Overdue(usize),
}

impl SubscribeFailure for AppError {
    fn kind(&self) -> &'static str {
        match self {
            Self::Table(TableError::Transaction(TransactionError::Contended)) | Self::Contended => "TableContended",
            Self::Table(_) | Self::ExportPart(ExportError::Table(_)) => "TableFailed",
            Self::UserPool(_) | Self::Attributes(_) | Self::UserNotFound => "UserPoolFailed",
            Self::Registry(_) => "RegistryFailed",
            Self::ExportsBucket(error) => error.kind(),
            Self::ExportPart(_) => "BucketFailed",
            Self::ExportsNotErased(_) => "ExportsNotErased",
            Self::Sweep(failure) => failure.kind(),
            Self::TooManyRemovedUsers(_) => "TooManyUsersRemoved",
            Self::Overdue(_) => "DeletionOverdue",
        }
    }
}
