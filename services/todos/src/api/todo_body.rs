//! To-do items in requests and responses.

use jiff::Timestamp;
use lambda_kit::problem::{FieldError, Problem};
use serde::{Deserialize, Deserializer, Serialize};
use uuid::Uuid;

use crate::api::fields::check;
use crate::domain::todo::{Details, Status, Todo};
use crate::domain::values::{Due, DueAt, Notes, Priority, Tags, Title};

/// An item in a response.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TodoBody {
    pub(crate) id: Uuid,
    title: String,
    notes: Option<String>,
    due_at: Option<Timestamp>,
    /// The stored answers of earlier versions, which a repeated creation gets, are without it.
    #[serde(default)]
    all_day: bool,
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
        let details = &todo.details;
        Self {
            id: todo.id,
            title: details.title.as_str().to_owned(),
            notes: details.notes.as_ref().map(|notes| notes.as_str().to_owned()),
            due_at: details.due_at(),
            all_day: details.is_all_day(),
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
    /// Without it, the hash of the body is that of earlier versions.
    #[serde(skip_serializing_if = "Option::is_none")]
    all_day: Option<bool>,
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
        let due = self.due(&mut errors);
        let tags = check(&mut errors, "tags", Tags::parse(self.tags.as_deref().unwrap_or(&[])));
        match (title, tags) {
            (Some(title), Some(tags)) if errors.is_empty() => Ok(Details {
                title,
                notes: notes.flatten(),
                due,
                priority: self.priority.map_or(Priority::Normal, Priority::from),
                tags,
            }),
            _ => Err(Problem::invalid_fields(errors)),
        }
    }

    fn due(&self, errors: &mut Vec<FieldError>) -> Option<Due> {
        let at = match &self.due_at {
            None => None,
            Some(text) => Some(check(errors, "dueAt", DueAt::parse(text))?),
        };
        check(errors, "allDay", Due::new(at, self.all_day)).flatten()
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
    all_day: PatchField<bool>,
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
        patched.due = self.patched_due(&mut errors, patched.due);
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

    /// `dueAt` alone moves the item and keeps `allDay`; its removal removes both.
    fn patched_due(&self, errors: &mut Vec<FieldError>, due: Option<Due>) -> Option<Due> {
        let at = match &self.due_at {
            PatchField::Absent => due.map(|due| due.at),
            PatchField::Null => None,
            PatchField::Value(text) => Some(check(errors, "dueAt", DueAt::parse(text))?),
        };
        let all_day = match self.all_day {
            PatchField::Absent => at.and(due).map(|due| due.is_all_day),
            PatchField::Null => None,
            PatchField::Value(all_day) => Some(all_day),
        };
        check(errors, "allDay", Due::new(at, all_day)).flatten()
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

    #[test]
    fn a_patch_of_the_due_time_alone_keeps_all_day_and_its_removal_removes_it() {
        let due = |text: &str, is_all_day| Some(Due { at: DueAt::parse(text).unwrap(), is_all_day });
        let all_day = Details { due: due("2026-12-24T09:00:00Z", true), ..details() };
        for (body, expected) in [
            (r#"{"title": "Buy milk"}"#, due("2026-12-24T09:00:00Z", true)),
            (r#"{"dueAt": "2026-12-25T09:00:00Z"}"#, due("2026-12-25T09:00:00Z", true)),
            (r#"{"dueAt": "2026-12-25T17:00:00Z", "allDay": false}"#, due("2026-12-25T17:00:00Z", false)),
            (r#"{"allDay": null}"#, due("2026-12-24T09:00:00Z", false)),
            (r#"{"dueAt": null}"#, None),
            (r#"{"dueAt": null, "allDay": false}"#, None),
        ] {
            assert_eq!(patch(body).apply(all_day.clone()).unwrap().due, expected, "{body}");
        }
        for body in [r#"{"dueAt": null, "allDay": true}"#, r#"{"dueAt": "soon", "allDay": true}"#] {
            assert_eq!(patch(body).apply(all_day.clone()).unwrap_err().errors.len(), 1, "{body}");
        }
        assert_eq!(patch(r#"{"allDay": true}"#).apply(details()).unwrap_err().errors[0].field, "allDay");
    }

    #[test]
    fn a_body_without_all_day_has_the_hash_that_it_had_before_the_field() {
        let body: NewTodoBody = serde_json::from_str(r#"{"title": "Buy milk"}"#).unwrap();
        let hashed = r#"{"title":"Buy milk","notes":null,"dueAt":null,"priority":null,"tags":null}"#;
        assert_eq!(serde_json::to_string(&body).unwrap(), hashed);
    }
}
