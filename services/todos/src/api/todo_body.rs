//! To-do items in requests and responses.

use jiff::Timestamp;
use lambda_kit::problem::{FieldError, Problem};
use serde::{Deserialize, Deserializer, Serialize};
use uuid::Uuid;

use crate::api::fields::check;
use crate::domain::todo::{Details, Status, Todo};
use crate::domain::values::{DueAt, Notes, Priority, Tags, Title};

/// An item in a response.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TodoBody {
    pub(crate) id: Uuid,
    title: String,
    notes: Option<String>,
    due_at: Option<Timestamp>,
    priority: PriorityBody,
    tags: Vec<String>,
    status: StatusBody,
    completed_at: Option<Timestamp>,
    created_at: Timestamp,
    updated_at: Timestamp,
    deleted_at: Option<Timestamp>,
    pub(crate) version: u64,
}

/// An item's status in requests and responses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum StatusBody {
    Open,
    Completed,
}

/// An item's priority in requests and responses.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum PriorityBody {
    Low,
    Normal,
    High,
}

impl From<Priority> for PriorityBody {
    fn from(priority: Priority) -> Self {
        match priority {
            Priority::Low => Self::Low,
            Priority::Normal => Self::Normal,
            Priority::High => Self::High,
        }
    }
}

impl From<PriorityBody> for Priority {
    fn from(body: PriorityBody) -> Self {
        match body {
            PriorityBody::Low => Self::Low,
            PriorityBody::Normal => Self::Normal,
            PriorityBody::High => Self::High,
        }
    }
}

impl From<Todo> for TodoBody {
    fn from(todo: Todo) -> Self {
        let (status, completed_at) = match todo.status {
            Status::Open => (StatusBody::Open, None),
            Status::Completed { at } => (StatusBody::Completed, Some(at)),
        };
        let details = todo.details;
        Self {
            id: todo.id,
            title: details.title.as_str().to_owned(),
            notes: details.notes.map(|notes| notes.as_str().to_owned()),
            due_at: details.due_at.map(DueAt::get),
            priority: details.priority.into(),
            tags: details.tags.as_slice().to_vec(),
            status,
            completed_at,
            created_at: todo.created_at,
            updated_at: todo.updated_at,
            deleted_at: todo.deleted_at,
            version: todo.version,
        }
    }
}

/// The body of `POST /todos`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewTodoBody {
    title: String,
    notes: Option<String>,
    due_at: Option<String>,
    priority: Option<PriorityBody>,
    tags: Option<Vec<String>>,
}

impl NewTodoBody {
    /// # Errors
    /// 400 with every field that breaks a rule.
    pub(crate) fn parse(&self) -> Result<Details, Problem> {
        let mut errors = Vec::new();
        let title = check(&mut errors, "title", Title::parse(&self.title));
        let notes = self.notes.as_deref().map(|text| check(&mut errors, "notes", Notes::parse(text)));
        let due_at = self.due_at.as_deref().map(|text| check(&mut errors, "dueAt", DueAt::parse(text)));
        let tags = check(&mut errors, "tags", Tags::parse(self.tags.as_deref().unwrap_or(&[])));
        match (title, tags) {
            (Some(title), Some(tags)) if errors.is_empty() => Ok(Details {
                title,
                notes: notes.flatten(),
                due_at: due_at.flatten(),
                priority: self.priority.map_or(Priority::Normal, Priority::from),
                tags,
            }),
            _ => Err(Problem::invalid_fields(errors)),
        }
    }
}

/// The body of `PATCH /todos/{id}`: a JSON merge patch (RFC 7396), in which `null` removes a field.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct TodoPatch {
    #[serde(default)]
    title: PatchField<String>,
    #[serde(default)]
    notes: PatchField<String>,
    #[serde(default)]
    due_at: PatchField<String>,
    #[serde(default)]
    priority: PatchField<PriorityBody>,
    #[serde(default)]
    tags: PatchField<Vec<String>>,
}

impl TodoPatch {
    /// Applies the patch to `details`.
    ///
    /// # Errors
    /// 400 with every field that breaks a rule.
    pub(crate) fn apply(&self, details: Details) -> Result<Details, Problem> {
        let mut errors = Vec::new();
        let mut patched = details;
        match &self.title {
            PatchField::Absent => {}
            PatchField::Null => errors.push(FieldError { field: "title", message: "cannot be removed".into() }),
            PatchField::Value(text) => replace(&mut patched.title, check(&mut errors, "title", Title::parse(text))),
        }
        match &self.notes {
            PatchField::Absent => {}
            PatchField::Null => patched.notes = None,
            PatchField::Value(text) => patched.notes = check(&mut errors, "notes", Notes::parse(text)),
        }
        match &self.due_at {
            PatchField::Absent => {}
            PatchField::Null => patched.due_at = None,
            PatchField::Value(text) => patched.due_at = check(&mut errors, "dueAt", DueAt::parse(text)),
        }
        match self.priority {
            PatchField::Absent => {}
            PatchField::Null => patched.priority = Priority::Normal,
            PatchField::Value(priority) => patched.priority = priority.into(),
        }
        match &self.tags {
            PatchField::Absent => {}
            PatchField::Null => patched.tags = Tags::default(),
            PatchField::Value(texts) => replace(&mut patched.tags, check(&mut errors, "tags", Tags::parse(texts))),
        }
        if errors.is_empty() { Ok(patched) } else { Err(Problem::invalid_fields(errors)) }
    }
}

/// A field of a merge patch.
#[derive(Clone, Debug, Default)]
enum PatchField<T> {
    /// Not in the patch: unchanged.
    #[default]
    Absent,
    /// The field is `null`, which removes the value.
    Null,
    Value(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for PatchField<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Null, Self::Value))
    }
}

fn replace<T>(slot: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *slot = value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn details() -> Details {
        let body: NewTodoBody =
            serde_json::from_str(r#"{"title": "Buy milk", "notes": "Oat", "tags": ["shop"], "priority": "high"}"#)
                .unwrap();
        body.parse().unwrap()
    }

    fn patch(text: &str) -> TodoPatch {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn every_invalid_field_is_reported() {
        let body: NewTodoBody = serde_json::from_str(r#"{"title": "", "dueAt": "soon", "tags": ["a", "a"]}"#).unwrap();
        let problem = body.parse().unwrap_err();
        assert_eq!(problem.errors.iter().map(|error| error.field).collect::<Vec<_>>(), ["title", "dueAt", "tags"]);
    }

    #[test]
    fn an_unknown_field_is_rejected() {
        assert!(serde_json::from_str::<NewTodoBody>(r#"{"title": "x", "owner": "other"}"#).is_err());
        assert!(serde_json::from_str::<TodoPatch>(r#"{"version": 7}"#).is_err());
    }

    #[test]
    fn null_removes_a_field_and_an_absent_field_is_unchanged() {
        let patched = patch(r#"{"notes": null, "priority": null}"#).apply(details()).unwrap();
        assert_eq!(patched, Details { notes: None, priority: Priority::Normal, ..details() });
        assert_eq!(patch("{}").apply(details()).unwrap(), details());
        assert!(patch(r#"{"title": null}"#).apply(details()).is_err());
    }
}
