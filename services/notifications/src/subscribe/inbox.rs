//! Events that become inbox entries: one conversion for each event, and one job for all of them.

use events::envelope::Event;
use uuid::Uuid;

use crate::app::error::JobError;
use crate::app::inbox::InboxWriter;
use crate::domain::inbox::InboxEntry;
use crate::domain::notification::{Notification, NotificationKind};
use crate::subscribe::payloads::{
    AttachmentPayload, ChangedTodoPayload, ExportReadyPayload, NewUserPayload, RejectedAttachmentPayload, TodoPayload,
};

/// What the page saves at each pause in typing.
const TYPED_FIELDS: [&str; 2] = ["title", "notes"];

/// The part of an inbox entry that depends on the kind of event; `None` for a change that gets no entry.
pub(crate) struct NewEntry(Option<(Uuid, Notification)>);

impl NewEntry {
    fn new(owner: Uuid, notification: Notification) -> Self {
        Self(Some((owner, notification)))
    }
}

/// Adds the inbox entry of an event.
///
/// A repeat is harmless: the event's id is in the key of its entry, and no entry is written twice. Order does not
/// matter: each event has its own entry, and entries are sorted by event id. No two events write the same row, so that
/// events of one user never wait for each other. Lambda retries all failures.
pub(crate) async fn update(inbox: &InboxWriter, event: Event<NewEntry>) -> Result<(), JobError> {
    let Event { metadata, data: NewEntry(entry) } = event;
    if let Some((owner, notification)) = entry {
        inbox.add(&InboxEntry::new(owner, notification, metadata.event_id, metadata.occurred_at)).await?;
    }
    Ok(())
}

pub(crate) fn todo_created(todo: TodoPayload) -> NewEntry {
    todo_entry(NotificationKind::TodoCreated, todo)
}

/// No entry when nothing but text was typed: the page saves it several times while the user is writing.
pub(crate) fn todo_changed(todo: ChangedTodoPayload) -> NewEntry {
    let ChangedTodoPayload { todo_id, owner_id, title, changed } = todo;
    if changed.iter().all(|field| TYPED_FIELDS.contains(&field.as_str())) {
        return NewEntry(None);
    }
    todo_entry(NotificationKind::TodoChanged, TodoPayload { todo_id, owner_id, title })
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
    NewEntry::new(owner, Notification::for_attached_file(todo_id, name))
}

pub(crate) fn attachment_rejected(file: RejectedAttachmentPayload) -> NewEntry {
    let RejectedAttachmentPayload { todo_id, owner_id: owner, name, reason } = file;
    NewEntry::new(owner, Notification::for_rejected_file(todo_id, name, reason))
}

#[expect(clippy::needless_pass_by_value, reason = "the conversions of all events have one signature")]
pub(crate) fn export_ready(export: ExportReadyPayload) -> NewEntry {
    NewEntry::new(export.user_id, Notification::for_export())
}

pub(crate) fn user_registered(user: NewUserPayload) -> NewEntry {
    NewEntry::new(user.user_id, Notification::welcome(user.display_name))
}

fn todo_entry(kind: NotificationKind, todo: TodoPayload) -> NewEntry {
    let TodoPayload { todo_id, owner_id: owner, title } = todo;
    NewEntry::new(owner, Notification::for_todo(kind, todo_id, title))
}
