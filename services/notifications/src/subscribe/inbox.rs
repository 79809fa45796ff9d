//! Events that become inbox entries.
//!
//! A repeat is harmless: the event id is claimed in the transaction that adds the entry and counts it. Order does not
//! matter: each event has its own entry, and entries are sorted by their events' ids. Retried within the job: other
//! events of the same user that come at the same time. Retried by Lambda: everything else.

use events::envelope::{Event, Metadata};
use lambda_kit::clock;
use tracing::info;
use uuid::Uuid;

use crate::domain::Entry;
use crate::domain::news::{Kind, News};
use crate::store::{Applied, Store};
use crate::subscribe::error::SubscribeError;
use crate::subscribe::readers::{ArchiveSeen, FileSeen, NewcomerSeen, RefusedFileSeen, TodoSeen};

/// Tells a user of the item that they added.
pub(crate) async fn todo_created(store: &Store, event: Event<TodoSeen>) -> Result<(), SubscribeError> {
    tell_of_todo(store, Kind::TodoCreated, event).await
}

/// Tells a user of the item that they changed.
pub(crate) async fn todo_changed(store: &Store, event: Event<TodoSeen>) -> Result<(), SubscribeError> {
    tell_of_todo(store, Kind::TodoChanged, event).await
}

/// Tells a user of the item that they completed.
pub(crate) async fn todo_completed(store: &Store, event: Event<TodoSeen>) -> Result<(), SubscribeError> {
    tell_of_todo(store, Kind::TodoCompleted, event).await
}

/// Tells a user of the item that they took up again.
pub(crate) async fn todo_reopened(store: &Store, event: Event<TodoSeen>) -> Result<(), SubscribeError> {
    tell_of_todo(store, Kind::TodoReopened, event).await
}

/// Tells a user of the item that they deleted.
pub(crate) async fn todo_deleted(store: &Store, event: Event<TodoSeen>) -> Result<(), SubscribeError> {
    tell_of_todo(store, Kind::TodoDeleted, event).await
}

/// Reminds a user of the item that is due.
pub(crate) async fn todo_due(store: &Store, event: Event<TodoSeen>) -> Result<(), SubscribeError> {
    tell_of_todo(store, Kind::TodoDue, event).await
}

/// Tells a user of the file that is attached now.
pub(crate) async fn attachment_ready(store: &Store, event: Event<FileSeen>) -> Result<(), SubscribeError> {
    let file = event.data;
    let news = News::of_attached_file(file.todo_id, &file.name);
    tell(store, file.owner_id, news, &event.metadata).await
}

/// Tells a user of the file that was refused.
pub(crate) async fn attachment_rejected(store: &Store, event: Event<RefusedFileSeen>) -> Result<(), SubscribeError> {
    let file = event.data;
    let news = News::of_refused_file(file.todo_id, &file.name, &file.reason);
    tell(store, file.owner_id, news, &event.metadata).await
}

/// Tells a user that the archive of their data is there.
pub(crate) async fn export_ready(store: &Store, event: Event<ArchiveSeen>) -> Result<(), SubscribeError> {
    tell(store, event.data.user_id, News::of_export(), &event.metadata).await
}

/// Greets a new user.
pub(crate) async fn user_registered(store: &Store, event: Event<NewcomerSeen>) -> Result<(), SubscribeError> {
    let news = News::welcome(&event.data.display_name);
    tell(store, event.data.user_id, news, &event.metadata).await
}

async fn tell_of_todo(store: &Store, kind: Kind, event: Event<TodoSeen>) -> Result<(), SubscribeError> {
    let todo = event.data;
    let news = News::of_todo(kind, todo.todo_id, &todo.title);
    tell(store, todo.owner_id, news, &event.metadata).await
}

async fn tell(store: &Store, owner: Uuid, news: News, metadata: &Metadata) -> Result<(), SubscribeError> {
    if store.is_deleted(owner).await? {
        info!("the user has deleted their account");
        return Ok(());
    }
    let entry = Entry::new(owner, news, metadata.event_id, metadata.occurred_at);
    match store.add(&entry, clock::now()).await? {
        Applied::Now => {}
        Applied::Before => info!("the event has its inbox entry already"),
    }
    Ok(())
}
