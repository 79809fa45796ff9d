//! Reading an inbox, marking its entries as read, and adding entries.

use jiff::{SignedDuration, Timestamp};
use lambda_kit::clock;
use lambda_kit::table::TableError;
use tracing::info;
use uuid::Uuid;

use crate::domain::inbox::{InboxEntry, InboxPage, PageRequest};
use crate::domain::language::Language;
use crate::store::{Store, WriteOutcome};

#[derive(Clone, Debug)]
pub(crate) struct Inbox {
    pub(crate) store: Store,
}

impl Inbox {
    /// One page of a user's entries. The cost does not depend on the size of the inbox, only on its unread entries.
    pub(crate) async fn page(&self, request: &PageRequest) -> Result<InboxPage, TableError> {
        let unread_and_language =
            async { Ok((self.store.unread(request.owner).await?, self.store.language(request.owner).await?)) };
        let ((entries, has_more), (unread, language)) =
            tokio::try_join!(self.store.entries(request), unread_and_language)?;
        Ok(InboxPage { entries, unread, language, has_more })
    }

    /// Marks an entry as read. Returns it with the owner's language; `None` if the owner has no such entry.
    pub(crate) async fn read(&self, owner: Uuid, id: Uuid) -> Result<Option<(InboxEntry, Language)>, TableError> {
        let Some(entry) = self.store.entry(owner, id).await? else {
            return Ok(None);
        };
        let now = clock::now();
        let entry = match entry.clone().mark_read(now) {
            Some(read) => self.store.save_read_entry(read, now).await?,
            None => Some(entry),
        };
        let Some(entry) = entry else {
            return Ok(None);
        };
        Ok(Some((entry, self.store.language(owner).await?)))
    }

    /// Marks all entries as read. Returns the number of unread entries afterwards.
    pub(crate) async fn read_all(&self, owner: Uuid) -> Result<u64, TableError> {
        self.store.read_all_entries(owner, clock::now()).await
    }
}

/// Adds entries to inboxes.
#[derive(Clone, Debug)]
pub(crate) struct InboxWriter {
    pub(crate) store: Store,
    /// How long an entry is kept.
    pub(crate) retention: SignedDuration,
}

impl InboxWriter {
    /// Adds an entry, unless its owner is deleted or its event was applied before.
    pub(crate) async fn add(&self, entry: &InboxEntry) -> Result<(), TableError> {
        if self.store.is_deleted(entry.owner).await? {
            info!("the user has deleted their account");
            return Ok(());
        }
        let expires_at = clock::now().saturating_add(self.retention).unwrap_or(Timestamp::MAX);
        match self.store.add_entry(entry, expires_at).await? {
            WriteOutcome::Applied => {}
            WriteOutcome::Duplicate => info!("the event has an inbox entry already"),
        }
        Ok(())
    }
}
