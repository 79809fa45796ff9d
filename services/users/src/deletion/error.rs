//! The only place that names the failures of a deletion's jobs.

use lambda_kit::erasure::SweepError;
use lambda_kit::subscriber::SubscribeFailure;
use lambda_kit::table::TableError;
use lambda_kit::transaction::TransactionError;

use crate::export::error::ArchiveError;
use crate::pool::PoolError;

/// Why a step of a deletion was not done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DeletionError {
    #[error("the table failed")]
    Table(#[from] TableError),
    #[error("the user was not removed from the user pool")]
    Pool(#[from] PoolError),
    #[error("the user pool did not say who is in it")]
    PoolUnread(#[source] PoolError),
    #[error("more than {0} users are gone from the user pool, and none was deleted; see the README's runbook")]
    TooManyLost(usize),
    #[error("what every service has of a user was not all erased")]
    Sweep(#[from] SweepError),
    #[error("the exports were not all deleted")]
    Exports(#[from] ArchiveError),
    #[error("{0} deletions have waited for more than a day; see the README's runbook")]
    Overdue(usize),
}

impl SubscribeFailure for DeletionError {
    fn kind(&self) -> &'static str {
        match self {
            Self::Table(TableError::Transaction(TransactionError::Contended)) => "TableContended",
            Self::Table(_) => "TableFailed",
            Self::Pool(_) | Self::PoolUnread(_) => "UserPoolFailed",
            Self::TooManyLost(_) => "TooManyUsersLost",
            Self::Sweep(failure) => failure.kind(),
            Self::Exports(_) => "ExportsNotErased",
            Self::Overdue(_) => "DeletionOverdue",
        }
    }
}
