//! Events that become inbox entries: one conversion for each event, and one job for all of them.

use events::envelope::Event;
use uuid::Uuid;

use crate::app::error::JobError;
use crate::app::inbox::Inbox;
use crate::domain::inbox::InboxEntry;
use crate::domain::notification::{Notification, NotificationKind};
use crate::subscribe::payloads::{
    AttachmentPayload, ExportReadyPayload, NewUserPayload, RejectedAttachmentPayload, TodoPayload,
};

/// The part of an inbox entry that depends on the kind of event.
pub(crate) struct NewEntry {
    owner: Uuid,
    notification: Notification,
}

/// Adds the inbox entry of an event.
///
/// A repeat is harmless: the event's id is claimed in the transaction that adds the entry and counts it. Order does not
/// matter: each event has its own entry, and entries are sorted by event id. The job itself retries conflicts with
/// other events of the same user; Lambda retries all other failures.
pub(crate) async fn update(inbox: &Inbox, event: Event<NewEntry>) -> Result<(), JobError> {
    let Event { metadata, data: NewEntry { owner, notification } } = event;
    Ok(inbox.add(&InboxEntry::new(owner, notification, metadata.event_id, metadata.occurred_at)).await?)
}

pub(crate) fn todo_created(todo: TodoPayload) -> NewEntry {
    todo_entry(NotificationKind::TodoCreated, todo)
}

pub(crate) fn todo_changed(todo: TodoPayload) -> NewEntry {
    todo_entry(NotificationKind::TodoChanged, todo)
}

pub(crate) fn todo_completed(todo: TodoPayload) -> NewEntry {
    todo_entry(NotificationKind::TodoCompleted, todo)
}

pub(crate) fn todo_reopened(todo: TodoPayload) -> NewEntry {
    todo_entry(NotificationKind::TodoReopened, todo)
}

pub(crate) fn todo_deleted(todo: TodoPayload) -> NewEntry {
    todo_entry(NotificationKind::TodoDeleted, todo)
}

pub(crate) fn todo_due(todo: TodoPayload) -> NewEntry {
    todo_entry(NotificationKind::TodoDue, todo)
}

pub(crate) fn attachment_ready(file: AttachmentPayload) -> NewEntry {
    let AttachmentPayload { todo_id, owner_id: owner, name } = file;
    NewEntry { owner, notification: Notification::for_attached_file(todo_id, name) }
}

pub(crate) fn attachment_rejected(file: RejectedAttachmentPayload) -> NewEntry {
    let RejectedAttachmentPayload { todo_id, owner_id: owner, name, reason } = file;
    NewEntry { owner, notification: Notification::for_rejected_file(todo_id, name, reason) }
}

#[expect(clippy::needless_pass_by_value, reason = "the conversions of all events have one signature")]
pub(crate) fn export_ready(export: ExportReadyPayload) -> NewEntry {
    NewEntry { owner: export.user_id, notification: Notification::for_export() }
}

pub(crate) fn user_registered(user: NewUserPayload) -> NewEntry {
    NewEntry { owner: user.user_id, notification: Notification::welcome(user.display_name) }
}

fn todo_entry(kind: NotificationKind, todo: TodoPayload) -> NewEntry {
    let TodoPayload { todo_id, owner_id: owner, title } = todo;
    NewEntry { owner, notification: Notification::for_todo(kind, todo_id, title) }
}
