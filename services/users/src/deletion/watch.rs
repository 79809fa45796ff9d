//! The watch over deletions: it begins those that nobody asked for, and fails while one is overdue. The alarm is on its
//! failures.

use lambda_kit::clock;
use lambda_kit::invoked::Invocation;
use serde::Deserialize;

use crate::deletion::error::DeletionError;
use crate::deletion::{OVERDUE, lost};
use crate::pool::UserPool;
use crate::store::Store;

/// What the job works with.
#[derive(Clone, Debug)]
pub(crate) struct Watch {
    pub(crate) store: Store,
    pub(crate) pool: UserPool,
}

/// The job's input; a schedule's says nothing.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Tick {
    /// How many users may be gone from the pool at once. A person says so, who knows why they are so many.
    at_most: Option<usize>,
}

/// Deletes whom the pool has lost, and fails when a deletion that began more than a day ago is not complete.
///
/// Not retried: the next hour's run finds what this one has left. A repeat is harmless.
pub(crate) async fn watch(job: &Watch, tick: Invocation<Tick>) -> Result<(), DeletionError> {
    lost::delete(job, tick.input.at_most.unwrap_or(lost::AT_MOST), &tick.cause).await?;
    let before = clock::now().saturating_sub(OVERDUE).unwrap_or_default();
    match job.store.deletions_open_since(before).await? {
        0 => Ok(()),
        overdue => Err(DeletionError::Overdue(overdue)),
    }
}
