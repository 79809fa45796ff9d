//! To-do items on the wire, and their way into and out of the domain.

use events::todos::Priority;
use jiff::Timestamp;
use lambda_kit::problem::{FieldError, Problem};
use serde::{Deserialize, Deserializer, Serialize};
use uuid::Uuid;

use crate::domain::{Broken, Details, DueAt, Notes, Status, Tags, Title, Todo};

/// An item in a response.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TodoBody {
    pub(crate) id: Uuid,
    title: String,
    notes: Option<String>,
    due_at: Option<Timestamp>,
    priority: Priority,
    tags: Vec<String>,
    status: StatusBody,
    completed_at: Option<Timestamp>,
    created_at: Timestamp,
    updated_at: Timestamp,
    pub(crate) version: u64,
}

/// An item's status on the wire and in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum StatusBody {
    Open,
    Completed,
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
            priority: details.priority,
            tags: details.tags.as_slice().to_vec(),
            status,
            completed_at,
            created_at: todo.created_at,
            updated_at: todo.updated_at,
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
    priority: Option<Priority>,
    tags: Option<Vec<String>>,
}

impl NewTodoBody {
    /// 400 that names every field that breaks a rule.
    pub(crate) fn parse(&self) -> Result<Details, Problem> {
        let mut broken = Vec::new();
        let title = check(&mut broken, "title", Title::parse(&self.title));
        let notes = self.notes.as_deref().map(|text| check(&mut broken, "notes", Notes::parse(text)));
        let due_at = self.due_at.as_deref().map(|text| check(&mut broken, "dueAt", DueAt::parse(text)));
        let tags = check(&mut broken, "tags", Tags::parse(self.tags.as_deref().unwrap_or(&[])));
        match (title, tags) {
            (Some(title), Some(tags)) if broken.is_empty() => Ok(Details {
                title,
                notes: notes.flatten(),
                due_at: due_at.flatten(),
                priority: self.priority.unwrap_or(Priority::Normal),
                tags,
            }),
            _ => Err(Problem::invalid_fields(broken)),
        }
    }
}

/// The body of `PATCH /todos/{id}`: a JSON merge patch (RFC 7396), where `null` takes a field away.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct TodoPatch {
    #[serde(default)]
    title: Field<String>,
    #[serde(default)]
    notes: Field<String>,
    #[serde(default)]
    due_at: Field<String>,
    #[serde(default)]
    priority: Field<Priority>,
    #[serde(default)]
    tags: Field<Vec<String>>,
}

impl TodoPatch {
    /// `details` with the patch applied; 400 that names every field that breaks a rule.
    pub(crate) fn apply(&self, details: Details) -> Result<Details, Problem> {
        let mut broken = Vec::new();
        let mut patched = details;
        match &self.title {
            Field::Kept => {}
            Field::Removed => broken.push(FieldError { field: "title", message: "cannot be taken away".into() }),
            Field::Given(text) => replace(&mut patched.title, check(&mut broken, "title", Title::parse(text))),
        }
        match &self.notes {
            Field::Kept => {}
            Field::Removed => patched.notes = None,
            Field::Given(text) => patched.notes = check(&mut broken, "notes", Notes::parse(text)),
        }
        match &self.due_at {
            Field::Kept => {}
            Field::Removed => patched.due_at = None,
            Field::Given(text) => patched.due_at = check(&mut broken, "dueAt", DueAt::parse(text)),
        }
        match self.priority {
            Field::Kept => {}
            Field::Removed => patched.priority = Priority::Normal,
            Field::Given(priority) => patched.priority = priority,
        }
        match &self.tags {
            Field::Kept => {}
            Field::Removed => patched.tags = Tags::default(),
            Field::Given(texts) => replace(&mut patched.tags, check(&mut broken, "tags", Tags::parse(texts))),
        }
        if broken.is_empty() { Ok(patched) } else { Err(Problem::invalid_fields(broken)) }
    }
}

/// A field of a merge patch.
#[derive(Clone, Debug, Default)]
enum Field<T> {
    /// Not in the patch: stays as it is.
    #[default]
    Kept,
    /// `null`: taken away.
    Removed,
    Given(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Field<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Removed, Self::Given))
    }
}

fn check<T>(broken: &mut Vec<FieldError>, field: &'static str, parsed: Result<T, Broken>) -> Option<T> {
    parsed.map_err(|Broken(message)| broken.push(FieldError { field, message })).ok()
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
    fn every_broken_field_is_named() {
        let body: NewTodoBody = serde_json::from_str(r#"{"title": "", "dueAt": "soon", "tags": ["a", "a"]}"#).unwrap();
        let problem = body.parse().unwrap_err();
        assert_eq!(problem.errors.iter().map(|error| error.field).collect::<Vec<_>>(), ["title", "dueAt", "tags"]);
    }

    #[test]
    fn an_unknown_field_is_refused() {
        assert!(serde_json::from_str::<NewTodoBody>(r#"{"title": "x", "owner": "someone"}"#).is_err());
        assert!(serde_json::from_str::<TodoPatch>(r#"{"version": 7}"#).is_err());
    }

    #[test]
    fn null_takes_a_field_away_and_absence_leaves_it() {
        let patched = patch(r#"{"notes": null, "priority": null}"#).apply(details()).unwrap();
        assert_eq!(patched, Details { notes: None, priority: Priority::Normal, ..details() });
        assert_eq!(patch("{}").apply(details()).unwrap(), details());
        assert!(patch(r#"{"title": null}"#).apply(details()).is_err());
    }
}
