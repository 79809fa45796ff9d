//! This service's copy of users' to-do items, for digests and reminders.

use lambda_kit::clock;
use lambda_kit::table::TableError;
use tracing::info;

use crate::domain::agenda::{AgendaChange, AgendaKey};
use crate::store::Store;

#[derive(Clone, Debug)]
pub(crate) struct Agenda {
    pub(crate) store: Store,
}

impl Agenda {
    /// Applies the changes of one event, each unless the item has a newer one, or nothing for a deleted user.
    pub(crate) async fn apply(
        &self,
        key: AgendaKey,
        changes: Vec<AgendaChange>,
        sequence: u64,
    ) -> Result<(), TableError> {
        if self.store.is_deleted(key.owner).await? {
            info!("the user has deleted their account");
            return Ok(());
        }
        for change in changes {
            self.store.apply_agenda_change(key, change, sequence, clock::now()).await?;
        }
        Ok(())
    }
}
