//! What happened to an item, as the event that the bus will carry.

use events::envelope::{Event, Payload};
use events::todos::{TodoChangedV1, TodoCompletedV1, TodoCreatedV1, TodoDeletedV1, TodoDueV1, TodoReopenedV1};
use jiff::Timestamp;
use lambda_kit::cause::{Cause, NewEvent};
use lambda_kit::clock;
use lambda_kit::outbox::{OutboxError, OutboxRow};

use crate::domain::{Change, DueAt, Happening, Todo};
use crate::reminders::Reminder;

/// The outbox row of a change.
pub(crate) fn outbox_row(change: &Change, cause: &Cause) -> Result<OutboxRow, OutboxError> {
    let todo = &change.todo;
    let (todo_id, owner_id) = (todo.id, todo.owner);
    let title = todo.details.title.as_str().to_owned();
    let due_at = todo.details.due_at.map(DueAt::get);
    let priority = todo.details.priority;
    let tags = || todo.details.tags.as_slice().to_vec();
    match &change.what {
        Happening::Created => {
            row(change, cause, TodoCreatedV1 { todo_id, owner_id, title, due_at, priority, tags: tags() })
        }
        Happening::Changed(fields) => {
            let changed = fields.iter().map(|&field| field.to_owned()).collect();
            row(change, cause, TodoChangedV1 { todo_id, owner_id, changed, title, due_at, priority, tags: tags() })
        }
        Happening::Completed { at } => {
            row(change, cause, TodoCompletedV1 { todo_id, owner_id, title, completed_at: *at })
        }
        Happening::Reopened => row(change, cause, TodoReopenedV1 { todo_id, owner_id, title, due_at }),
        Happening::Deleted => row(change, cause, TodoDeletedV1 { todo_id, owner_id, title }),
    }
}

/// The outbox row of an item that is due.
pub(crate) fn due_row(
    todo: &Todo,
    reminder: &Reminder,
    now: Timestamp,
    cause: &Cause,
) -> Result<OutboxRow, OutboxError> {
    let new =
        NewEvent { id: reminder.event_id(), occurred_at: now, subject: todo.id.to_string(), sequence: todo.version };
    let title = todo.details.title.as_str().to_owned();
    let data = TodoDueV1 { todo_id: todo.id, owner_id: todo.owner, title, due_at: reminder.due_at };
    OutboxRow::new(&Event { metadata: cause.metadata::<TodoDueV1>(env!("CARGO_PKG_VERSION"), new), data })
}

fn row<P: Payload>(change: &Change, cause: &Cause, data: P) -> Result<OutboxRow, OutboxError> {
    let new = NewEvent {
        id: clock::new_id(),
        occurred_at: change.todo.updated_at,
        subject: change.todo.id.to_string(),
        sequence: change.todo.version,
    };
    OutboxRow::new(&Event { metadata: cause.metadata::<P>(env!("CARGO_PKG_VERSION"), new), data })
}
