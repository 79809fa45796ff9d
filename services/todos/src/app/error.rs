//! Failures of the table, the bucket and the scheduler.

use lambda_kit::table::TableError;
use lambda_kit::transaction::TransactionError;

use crate::files::FilesError;
use crate::scheduler::SchedulerError;

/// Why a job could not be done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AppError {
    #[error("the table failed")]
    Table(#[from] TableError),
    #[error("the bucket failed")]
    Files(#[from] FilesError),
    #[error("the scheduler failed")]
    Scheduler(#[from] SchedulerError),
    #[error("other requests changed the same row in each of several attempts")]
    Contended,
}

impl AppError {
    /// Whether a later attempt will pass, because only other changes of the same rows stood in the way.
    pub(crate) fn is_contended(&self) -> bool {
        let is_contended_transaction =
            matches!(self, Self::Table(TableError::Transaction(TransactionError::Contended)));
        is_contended_transaction || matches!(self, Self::Contended | Self::Scheduler(SchedulerError::Contended))
    }
}
