//! Sign-outs on all devices: the time before which a user's sessions have ended, and its event.

use jiff::Timestamp;
use lambda_kit::correlation::CorrelationContext;
use lambda_kit::sessions;
use lambda_kit::table::TableError;
use lambda_kit::transaction;
use uuid::Uuid;

use crate::store::{Store, event};

impl Store {
    /// Ends the user's sessions that began before `before`, in one transaction with the event for the other services.
    /// Nothing is written for a user who was deleted or who has ended the sessions before a later time.
    pub(crate) async fn end_sessions(
        &self,
        user: Uuid,
        before: Timestamp,
        now: Timestamp,
        correlation: &CorrelationContext,
    ) -> Result<(), TableError> {
        let writes = [
            sessions::note_write(&self.table, user, before, now)?,
            event::user_signed_out(user, before, now, correlation)?.put(&self.table)?,
        ];
        transaction::write(&self.client, &writes).await?;
        Ok(())
    }
}
