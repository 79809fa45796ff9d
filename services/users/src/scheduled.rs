//! The job `watch-deletions`, which a schedule invokes every hour. An alarm is on its failures.

use lambda_kit::invoked::Invocation;
use serde::Deserialize;

use crate::app::error::AppError;
use crate::app::removed_pool_users::{DEFAULT_MAX_DELETIONS, PoolReconciliation};

/// The job's input. The schedule's input has no such field; an operator can set it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WatchInput {
    /// The maximum number of users to delete in this run.
    at_most: Option<usize>,
}

/// Takes the next step of open deletions, deletes users that were removed from the user pool, and fails when a deletion
/// that began more than a day ago is not complete.
///
/// Not retried: the next hour's run finds what this one has not done. A repeat is harmless.
pub(crate) async fn watch_deletions(job: &PoolReconciliation, run: Invocation<WatchInput>) -> Result<(), AppError> {
    let max_deletions = run.input.at_most.unwrap_or(DEFAULT_MAX_DELETIONS);
    // Open deletions wait neither for a user pool that fails nor for an operator who checks too many removed users.
    let reconciled = job.deletions.reconcile(&run.correlation).await;
    job.delete_removed_users(max_deletions, &run.correlation).await.and(reconciled)
}
