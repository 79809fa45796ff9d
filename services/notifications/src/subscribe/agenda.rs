//! Events that update this service's copy of to-do items, for the digest.
//!
//! Repeats and any order are harmless: values are only replaced by newer ones. Lambda retries all failures.

use events::envelope::{self, Event};
use events::todos::{TodoAllDaySetV1, TodoCompletedV1, TodoCreatedV1, TodoDeletedV1, TodoReopenedV1, TodoRestoredV1};

use crate::app::agenda::Agenda;
use crate::app::error::JobError;
use crate::domain::agenda::{AgendaChange, AgendaKey};
use crate::subscribe::payloads::AgendaItemPayload;

/// Applies a change of an item.
pub(crate) async fn update(agenda: &Agenda, event: Event<AgendaItemPayload>) -> Result<(), JobError> {
    let key = AgendaKey { owner: event.data.owner_id, todo: event.data.todo_id };
    let sequence = event.metadata.sequence;
    Ok(agenda.apply(key, changes(event), sequence).await?)
}

/// The changes that an event reports. Only the events of creating, changing, reopening and restoring have all details.
fn changes(event: Event<AgendaItemPayload>) -> Vec<AgendaChange> {
    let AgendaItemPayload { title, due_at, all_day, completed_at, .. } = event.data;
    let details = AgendaChange::Details { title, due_at };
    let is = |schema: String| event.metadata.schema == schema;
    if is(envelope::schema::<TodoCreatedV1>()) || is(envelope::schema::<TodoReopenedV1>()) {
        vec![details, AgendaChange::Opened]
    } else if is(envelope::schema::<TodoCompletedV1>()) {
        vec![AgendaChange::Completed { at: completed_at.unwrap_or(event.metadata.occurred_at) }]
    } else if is(envelope::schema::<TodoRestoredV1>()) {
        let state = completed_at.map_or(AgendaChange::Opened, |at| AgendaChange::Completed { at });
        vec![details, state]
    } else if is(envelope::schema::<TodoDeletedV1>()) {
        vec![AgendaChange::Deleted]
    } else if is(envelope::schema::<TodoAllDaySetV1>()) {
        vec![AgendaChange::AllDay { is_all_day: all_day.unwrap_or_default() }]
    } else {
        vec![details]
    }
}
