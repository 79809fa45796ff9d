//! The watch over deletions: it fails while one is overdue, and the alarm is on its failures.

use lambda_kit::clock;
use lambda_kit::invoked::Invocation;
use serde_json::Value;

use crate::deletion::OVERDUE;
use crate::deletion::error::DeletionError;
use crate::store::Store;

/// Fails when a deletion that began more than a day ago is not complete.
pub(crate) async fn watch(store: &Store, _tick: Invocation<Value>) -> Result<(), DeletionError> {
    let before = clock::now().saturating_sub(OVERDUE).unwrap_or_default();
    match store.deletions_open_since(before).await? {
        0 => Ok(()),
        overdue => Err(DeletionError::Overdue(overdue)),
    }
}
