//! What a to-do item is and what can happen to it. Pure: times and ids are arguments.

use jiff::Timestamp;
use uuid::Uuid;

use crate::domain::quota::QuotaRefusal;
use crate::domain::values::{Due, Notes, Priority, Tags, Title};

/// Whether an item is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Open,
    Completed { at: Timestamp },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Todo {
    pub(crate) id: Uuid,
    pub(crate) owner: Uuid,
    pub(crate) details: Details,
    pub(crate) status: Status,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    /// When it was deleted. Its owner can restore it until it is purged.
    pub(crate) deleted_at: Option<Timestamp>,
    /// Starts at 1 and counts changes: the `sequence` of its events, and its entity tag.
    pub(crate) version: u64,
}

/// The fields of an item that its owner writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Details {
    pub(crate) title: Title,
    pub(crate) notes: Option<Notes>,
    pub(crate) due: Option<Due>,
    pub(crate) priority: Priority,
    pub(crate) tags: Tags,
}

impl Details {
    pub(crate) fn due_at(&self) -> Option<Timestamp> {
        self.due.map(|due| due.at.get())
    }

    /// Whether the item is due on a day as a whole.
    pub(crate) fn is_all_day(&self) -> bool {
        self.due.is_some_and(|due| due.is_all_day)
    }
}

/// An item after an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TodoChange {
    pub(crate) todo: Todo,
    pub(crate) event: TodoEvent,
}

/// What happened to an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TodoEvent {
    Created,
    /// These fields have new values.
    Changed(Vec<Field>),
    Completed {
        at: Timestamp,
    },
    Reopened,
    Deleted,
    Restored,
    /// It was deleted for good.
    Purged,
}

/// A field of [`Details`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    Title,
    Notes,
    DueAt,
    AllDay,
    Priority,
    Tags,
}

/// The outcome of a creation.
#[derive(Debug)]
pub(crate) enum CreateOutcome {
    Created(Todo),
    /// The same request came before. This was the body of its response.
    Repeated(String),
    /// The idempotency key belongs to another request.
    KeyReused,
    Refused(QuotaRefusal),
}

/// The outcome of a change.
#[derive(Debug)]
pub(crate) enum SaveOutcome {
    Saved(Box<Todo>),
    /// Another request changed the item first; nothing was written.
    Outdated,
}

impl Todo {
    /// A new, open item of `owner`.
    pub(crate) fn create(owner: Uuid, details: Details, id: Uuid, at: Timestamp) -> TodoChange {
        let todo = Self {
            id,
            owner,
            details,
            status: Status::Open,
            created_at: at,
            updated_at: at,
            deleted_at: None,
            version: 1,
        };
        TodoChange { todo, event: TodoEvent::Created }
    }

    /// The item with new details. The same details again change nothing and are no event.
    pub(crate) fn edit(self, details: Details, at: Timestamp) -> Option<TodoChange> {
        let old = &self.details;
        let changed: Vec<Field> = [
            (Field::Title, old.title != details.title),
            (Field::Notes, old.notes != details.notes),
            (Field::DueAt, old.due_at() != details.due_at()),
            (Field::AllDay, old.is_all_day() != details.is_all_day()),
            (Field::Priority, old.priority != details.priority),
            (Field::Tags, old.tags != details.tags),
        ]
        .into_iter()
        .filter_map(|(field, differs)| differs.then_some(field))
        .collect();
        (!changed.is_empty()).then(|| Self { details, ..self }.after(TodoEvent::Changed(changed), at))
    }

    /// Completes the item. Completing it again changes nothing and is no event.
    pub(crate) fn complete(self, at: Timestamp) -> Option<TodoChange> {
        match self.status {
            Status::Completed { .. } => None,
            Status::Open => {
                Some(Self { status: Status::Completed { at }, ..self }.after(TodoEvent::Completed { at }, at))
            }
        }
    }

    /// Reopens a completed item. Reopening an open one changes nothing and is no event.
    pub(crate) fn reopen(self, at: Timestamp) -> Option<TodoChange> {
        match self.status {
            Status::Open => None,
            Status::Completed { .. } => Some(Self { status: Status::Open, ..self }.after(TodoEvent::Reopened, at)),
        }
    }

    /// Deletes the item; it can be restored until it is purged.
    pub(crate) fn delete(self, at: Timestamp) -> TodoChange {
        Self { deleted_at: Some(at), ..self }.after(TodoEvent::Deleted, at)
    }

    /// Restores a deleted item as it was. Restoring another one changes nothing and is no event.
    pub(crate) fn restore(self, at: Timestamp) -> Option<TodoChange> {
        self.deleted_at?;
        Some(Self { deleted_at: None, ..self }.after(TodoEvent::Restored, at))
    }

    /// Deletes a deleted item for good; another one is not purged.
    pub(crate) fn purge(self, at: Timestamp) -> Option<TodoChange> {
        self.deleted_at?;
        Some(self.after(TodoEvent::Purged, at))
    }

    fn after(self, event: TodoEvent, at: Timestamp) -> TodoChange {
        TodoChange { todo: Self { version: self.version + 1, updated_at: at, ..self }, event }
    }
}

impl TodoChange {
    /// Whether it moves the item to the deleted ones, or back from there.
    pub(crate) fn moves_item(&self) -> bool {
        matches!(self.event, TodoEvent::Deleted | TodoEvent::Restored)
    }

    /// Whether readers of its event must be told, by another one, whether the item is due on a day as a whole. They
    /// assume that it is not, and may have forgotten an item that was closed.
    pub(crate) fn sets_all_day(&self) -> bool {
        match &self.event {
            TodoEvent::Created | TodoEvent::Reopened | TodoEvent::Restored => self.todo.details.is_all_day(),
            TodoEvent::Changed(fields) => fields.contains(&Field::AllDay),
            TodoEvent::Completed { .. } | TodoEvent::Deleted | TodoEvent::Purged => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::values::DueAt;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn details(title: &str) -> Details {
        Details {
            title: Title::parse(title).unwrap(),
            notes: None,
            due: None,
            priority: Priority::Normal,
            tags: Tags::default(),
        }
    }

    fn todo() -> Todo {
        Todo::create(Uuid::from_u128(1), details("Buy milk"), Uuid::from_u128(2), at(1)).todo
    }

    #[test]
    fn a_second_completion_is_no_change() {
        let done = todo().complete(at(2)).unwrap();
        assert_eq!(done.event, TodoEvent::Completed { at: at(2) });
        assert_eq!((done.todo.version, done.todo.updated_at), (2, at(2)));
        assert_eq!(done.todo.complete(at(3)), None);
    }

    #[test]
    fn reopening_an_open_item_is_no_change() {
        assert_eq!(todo().reopen(at(2)), None);
        let again = todo().complete(at(2)).unwrap().todo.reopen(at(3)).unwrap();
        assert_eq!((again.todo.status, again.todo.version), (Status::Open, 3));
    }

    #[test]
    fn a_restored_item_is_as_it_was_before_its_deletion() {
        let done = todo().complete(at(2)).unwrap().todo;
        let deleted = done.clone().delete(at(3)).todo;
        assert_eq!((deleted.deleted_at, deleted.version), (Some(at(3)), 3));
        let restored = deleted.restore(at(4)).unwrap();
        assert_eq!(restored.event, TodoEvent::Restored);
        assert_eq!(restored.todo, Todo { updated_at: at(4), version: 4, ..done });
        assert_eq!(restored.todo.restore(at(5)), None);
    }

    #[test]
    fn only_a_deleted_item_is_purged() {
        assert_eq!(todo().purge(at(2)), None);
        let purged = todo().delete(at(2)).todo.purge(at(3)).unwrap();
        assert_eq!((purged.event, purged.todo.version), (TodoEvent::Purged, 3));
    }

    #[test]
    fn readers_are_told_of_a_whole_day_and_of_its_end() {
        let due = |is_all_day| Some(Due { at: DueAt::new(at(60)).unwrap(), is_all_day });
        let whole_day = Details { due: due(true), ..details("Buy milk") };
        let created = Todo::create(Uuid::from_u128(1), whole_day.clone(), Uuid::from_u128(2), at(1));
        assert!(created.sets_all_day());
        let retitled = Details { due: due(true), ..details("Buy oat milk") };
        assert!(!created.todo.clone().edit(retitled, at(2)).unwrap().sets_all_day());
        let completed = created.todo.clone().complete(at(2)).unwrap();
        assert!(!completed.sets_all_day() && completed.todo.reopen(at(3)).unwrap().sets_all_day());
        let timed = created.todo.edit(Details { due: due(false), ..details("Buy milk") }, at(2)).unwrap();
        assert_eq!(timed.event, TodoEvent::Changed(vec![Field::AllDay]));
        assert!(timed.sets_all_day() && !timed.todo.complete(at(3)).unwrap().sets_all_day());
    }

    #[test]
    fn an_edit_names_the_fields_that_changed() {
        assert_eq!(todo().edit(details("Buy milk"), at(2)), None);
        let edited = todo().edit(Details { priority: Priority::High, ..details("Buy oat milk") }, at(2)).unwrap();
        assert_eq!(edited.event, TodoEvent::Changed(vec![Field::Title, Field::Priority]));
    }
}
