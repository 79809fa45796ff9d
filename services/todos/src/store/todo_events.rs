//! Events of items, as outbox rows.

use events::envelope::{Event, Payload};
use events::todos::{
    self, TodoAllDaySetV1, TodoChangedV1, TodoCompletedV1, TodoCreatedV1, TodoDeletedV1, TodoDueV1, TodoPurgedV1,
    TodoReopenedV1, TodoRestoredV1,
};
use jiff::Timestamp;
use lambda_kit::clock;
use lambda_kit::correlation::{CorrelationContext, NewEvent};
use lambda_kit::outbox::{OutboxError, OutboxRow};

use crate::domain::reminder::Reminder;
use crate::domain::todo::{Field, Status, Todo, TodoChange, TodoEvent};
use crate::domain::values::Priority;

/// The outbox rows of a change.
pub(super) fn outbox_rows(
    change: &TodoChange,
    correlation: &CorrelationContext,
) -> Result<Vec<OutboxRow>, OutboxError> {
    let mut rows = vec![change_row(change, correlation)?];
    if change.sets_all_day() {
        rows.push(all_day_row(change, correlation)?);
    }
    Ok(rows)
}

fn all_day_row(change: &TodoChange, correlation: &CorrelationContext) -> Result<OutboxRow, OutboxError> {
    let Todo { id: todo_id, owner: owner_id, details, .. } = &change.todo;
    let (title, due_at) = (details.title.as_str().to_owned(), details.due_at());
    let data = TodoAllDaySetV1 { todo_id: *todo_id, owner_id: *owner_id, title, due_at, all_day: details.is_all_day() };
    row(change, correlation, data)
}

fn change_row(change: &TodoChange, correlation: &CorrelationContext) -> Result<OutboxRow, OutboxError> {
    let todo = &change.todo;
    let (todo_id, owner_id) = (todo.id, todo.owner);
    let title = todo.details.title.as_str().to_owned();
    let due_at = todo.details.due_at();
    let priority = event_priority(todo.details.priority);
    let tags = || todo.details.tags.as_slice().to_vec();
    match &change.event {
        TodoEvent::Created => {
            row(change, correlation, TodoCreatedV1 { todo_id, owner_id, title, due_at, priority, tags: tags() })
        }
        TodoEvent::Changed(fields) => {
            let mut changed: Vec<String> = fields.iter().map(|&field| field_name(field).to_owned()).collect();
            changed.dedup();
            row(
                change,
                correlation,
                TodoChangedV1 { todo_id, owner_id, changed, title, due_at, priority, tags: tags() },
            )
        }
        TodoEvent::Completed { at } => {
            row(change, correlation, TodoCompletedV1 { todo_id, owner_id, title, completed_at: *at })
        }
        TodoEvent::Reopened => row(change, correlation, TodoReopenedV1 { todo_id, owner_id, title, due_at }),
        TodoEvent::Deleted => row(change, correlation, TodoDeletedV1 { todo_id, owner_id, title }),
        TodoEvent::Restored => {
            let completed_at = match todo.status {
                Status::Open => None,
                Status::Completed { at } => Some(at),
            };
            let tags = tags();
            row(change, correlation, TodoRestoredV1 { todo_id, owner_id, title, due_at, priority, tags, completed_at })
        }
        TodoEvent::Purged => row(change, correlation, TodoPurgedV1 { todo_id, owner_id }),
    }
}

/// The outbox row of an item that is due.
pub(super) fn due_row(
    todo: &Todo,
    reminder: &Reminder,
    now: Timestamp,
    correlation: &CorrelationContext,
) -> Result<OutboxRow, OutboxError> {
    let new =
        NewEvent { id: reminder.event_id(), occurred_at: now, subject: todo.id.to_string(), sequence: todo.version };
    let title = todo.details.title.as_str().to_owned();
    let data = TodoDueV1 { todo_id: todo.id, owner_id: todo.owner, title, due_at: reminder.due_at };
    OutboxRow::new(&Event { metadata: correlation.metadata::<TodoDueV1>(env!("CARGO_PKG_VERSION"), new), data })
}

fn row<P: Payload>(change: &TodoChange, correlation: &CorrelationContext, data: P) -> Result<OutboxRow, OutboxError> {
    let new = NewEvent {
        id: clock::new_id(),
        occurred_at: change.todo.updated_at,
        subject: change.todo.id.to_string(),
        sequence: change.todo.version,
    };
    OutboxRow::new(&Event { metadata: correlation.metadata::<P>(env!("CARGO_PKG_VERSION"), new), data })
}

fn event_priority(priority: Priority) -> todos::Priority {
    match priority {
        Priority::Low => todos::Priority::Low,
        Priority::Normal => todos::Priority::Normal,
        Priority::High => todos::Priority::High,
    }
}

/// The name of a field in events.
fn field_name(field: Field) -> &'static str {
    match field {
        Field::Title => "title",
        Field::Notes => "notes",
        Field::DueAt | Field::AllDay => "dueAt",
        Field::Priority => "priority",
        Field::Tags => "tags",
    }
}
