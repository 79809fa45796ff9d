//! Events that keep the service's own copy of items, for the digest.
//!
//! A repeat is harmless, and so is any order: what an event says gives way only to what is newer.

use events::envelope::Event;
use events::todos::{TodoCompletedV1, TodoCreatedV1, TodoDeletedV1, TodoReopenedV1};
use lambda_kit::clock;
use tracing::info;

use crate::store::{AgendaKey, Said, Store};
use crate::subscribe::error::SubscribeError;
use crate::subscribe::readers::AgendaSeen;

/// Keeps what happened to an item.
pub(crate) async fn keep(store: &Store, event: Event<AgendaSeen>) -> Result<(), SubscribeError> {
    let key = AgendaKey { owner: event.data.owner_id, todo: event.data.todo_id };
    if store.is_deleted(key.owner).await? {
        info!("the user is deleted");
        return Ok(());
    }
    for said in said(&event) {
        store.keep_item(key, said, event.metadata.sequence, clock::now()).await?;
    }
    Ok(())
}

/// What an event says: of the details only those say something that hold them all.
fn said(event: &Event<AgendaSeen>) -> Vec<Said> {
    let AgendaSeen { title, due_at, completed_at, .. } = event.data.clone();
    let details = Said::Details { title, due_at };
    let is = |schema: String| event.metadata.schema == schema;
    if is(events::envelope::schema::<TodoCreatedV1>()) || is(events::envelope::schema::<TodoReopenedV1>()) {
        vec![details, Said::Open]
    } else if is(events::envelope::schema::<TodoCompletedV1>()) {
        vec![Said::Completed { at: completed_at.unwrap_or(event.metadata.occurred_at) }]
    } else if is(events::envelope::schema::<TodoDeletedV1>()) {
        vec![Said::Deleted]
    } else {
        vec![details]
    }
}
