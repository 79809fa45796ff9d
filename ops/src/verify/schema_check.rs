//! Checking an event against the schema of its consumer, and against that of the event version.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use jsonschema::Validator;
use serde_json::Value;

use crate::dlq::envelope::Envelope;
use crate::dlq::event;
use crate::dlq::message::Message;

/// The number of errors that are reported for one event.
const MAX_ERRORS: usize = 3;

/// The result of the schema check of a message. Each variant has an explanation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum SchemaCheck {
    /// The consumer can read the event.
    Readable(String),
    /// The consumer cannot read the event.
    Unreadable(String),
    /// There is no schema.
    Unknown(String),
    /// The message does not contain the event.
    NoEvent(String),
}

/// The schemas of a repository, each read once.
#[derive(Debug)]
pub(super) struct Schemas {
    repository: PathBuf,
    read: HashMap<PathBuf, Option<Validator>>,
}

impl Schemas {
    pub(super) fn new(repository: &Path) -> Self {
        Self { repository: repository.to_owned(), read: HashMap::new() }
    }

    /// Checks a message for a job of a service.
    pub(super) fn check(&mut self, message: &Message, service: Option<&str>, job: Option<&str>) -> SchemaCheck {
        let Some(given) = &message.event else {
            let why = message.problem.clone().unwrap_or_else(|| "the message does not contain it".to_owned());
            return SchemaCheck::NoEvent(why);
        };
        if message.envelope == Envelope::Unknown {
            return SchemaCheck::NoEvent("its shape is unknown".to_owned());
        }
        if let Some(records) = given["Records"].as_array() {
            return check_batch(records, event::inside(given).len());
        }
        let (Some(service), Some(job), Some(detail_type)) = (service, job, given["detail-type"].as_str()) else {
            return SchemaCheck::Unknown(
                "it is not an event of Busline, so there is no schema of its consumer".to_owned(),
            );
        };
        self.check_event(&self.repository.join("services").join(service).join("reads").join(job), detail_type, given)
    }

    fn check_event(&mut self, reads: &Path, detail_type: &str, event: &Value) -> SchemaCheck {
        let job = reads.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let Some(errors) = self.errors(&reads.join(format!("{detail_type}.json")), &event["detail"]) else {
            return match readable(reads) {
                Some(others) => SchemaCheck::Unreadable(format!("{job} reads {others} and not {detail_type}")),
                None => SchemaCheck::Unknown(format!("this repository has no schema of what {job} reads")),
            };
        };
        let published = self.published(event);
        if errors.is_empty() {
            return SchemaCheck::Readable(format!("it is what {job} reads of {detail_type}{published}"));
        }
        SchemaCheck::Unreadable(format!("{job} cannot read it: {}{published}", errors.join("; ")))
    }

    /// The result for the schema of the event's own version, in words.
    fn published(&mut self, event: &Value) -> String {
        let Some(name) = event["detail"]["metadata"]["schema"].as_str() else { return String::new() };
        if name.contains("..") {
            return String::new();
        }
        let path = self.repository.join("events/schemas").join(format!("{name}.json"));
        match self.errors(&path, &event["detail"]) {
            Some(errors) if errors.is_empty() => format!("; it is a valid {name}"),
            Some(errors) => format!("; it is not a valid {name} either: {}", errors.join("; ")),
            None => format!("; this repository has no schema {name}"),
        }
    }

    /// The errors of a value; `None` when there is no such schema.
    fn errors(&mut self, path: &Path, value: &Value) -> Option<Vec<String>> {
        let validator = self.read.entry(path.to_owned()).or_insert_with(|| validator(path)).as_ref()?;
        let errors = validator.iter_errors(value).take(MAX_ERRORS).map(|error| {
            // Without values, because this goes to terminals and reports. `show` prints them.
            format!("`{}`: {}", error.instance_path(), error.masked())
        });
        Some(errors.collect())
    }
}

/// A batch of a table's stream. The publisher reads outbox rows alone.
fn check_batch(records: &[Value], events: usize) -> SchemaCheck {
    let count = records.len();
    if events == count {
        return SchemaCheck::Readable(format!("all {count} records are rows of the outbox"));
    }
    SchemaCheck::Unreadable(format!("{} of {count} records contain no event", count - events))
}

fn validator(path: &Path) -> Option<Validator> {
    let schema: Value = serde_json::from_str(&fs::read_to_string(path).ok()?).ok()?;
    jsonschema::options().should_validate_formats(true).build(&schema).ok()
}

/// The events for which a job has schemas.
fn readable(reads: &Path) -> Option<String> {
    let entries = fs::read_dir(reads).ok()?;
    let names = entries.filter_map(|entry| Some(entry.ok()?.path().file_stem()?.to_string_lossy().into_owned()));
    let mut names: Vec<String> = names.collect();
    names.sort();
    (!names.is_empty()).then(|| names.join(", "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tempfile::TempDir;

    use super::*;
    use crate::dlq::envelope::{self, Reading};
    use crate::dlq::raw_message::RawMessage;

    /// What a check of an event to the job `index` of the service `search` finds.
    fn check(event: &Value) -> SchemaCheck {
        let record = json!({
            "requestContext": {"functionArn": "arn:aws:lambda:eu-west-1:1:function:f", "condition": "RetriesExhausted"},
            "requestPayload": event,
        });
        let raw = RawMessage { body: record.to_string(), ..RawMessage::default() };
        let Reading::Whole(decoded) = envelope::read(&raw) else { panic!("no object is named") };
        let repository = repository();
        Schemas::new(repository.path()).check(&Message::new(raw, *decoded), Some("search"), Some("index"))
    }

    /// A publisher's schema of an event, and what the job reads of it and of another event.
    fn repository() -> TempDir {
        let folder = TempDir::new().unwrap();
        let data = json!({
            "type": "object",
            "required": ["bookId", "ownerId"],
            "properties": {"bookId": {"type": "string", "format": "uuid"}, "ownerId": {"type": "string"}},
        });
        let schema = json!({"type": "object", "required": ["data"], "properties": {"data": data}});
        for path in [
            "events/schemas/books/BookAdded/v1.json",
            "services/search/reads/index/BookAdded.v1.json",
            "services/search/reads/index/BookRemoved.v1.json",
        ] {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, schema.to_string()).unwrap();
        }
        folder
    }

    fn event(detail_type: &str, data: &Value) -> Value {
        let metadata = json!({"schema": "books/BookAdded/v1"});
        json!({"source": "busline.books", "detail-type": detail_type, "detail": {"metadata": metadata, "data": data}})
    }

    fn book() -> Value {
        json!({"bookId": "0190a6b2-7c4e-7a10-8a53-3f6f1c2d4e5f", "ownerId": "ann"})
    }

    #[test]
    fn a_published_event_is_readable() {
        let SchemaCheck::Readable(why) = check(&event("BookAdded.v1", &book())) else { panic!("it can be read") };
        assert_eq!(why, "it is what index reads of BookAdded.v1; it is a valid books/BookAdded/v1");
    }

    #[test]
    fn a_version_without_a_consumer_schema_is_named() {
        let SchemaCheck::Unreadable(why) = check(&event("BookAdded.v9", &book())) else { panic!("it cannot be read") };
        assert_eq!(why, "index reads BookAdded.v1, BookRemoved.v1 and not BookAdded.v9");
    }

    #[test]
    fn schema_errors_do_not_quote_values() {
        let event = event("BookAdded.v1", &json!({"bookId": "private@example.com"}));
        let SchemaCheck::Unreadable(why) = check(&event) else { panic!("it cannot be read") };
        assert!(why.contains("\"ownerId\" is a required property") && why.contains("`/data/bookId`"), "{why}");
        assert!(!why.contains("private@example.com"), "{why}");
    }

    #[test]
    fn a_message_that_is_not_an_event_is_not_checked() {
        assert!(matches!(check(&json!({"hello": 1})), SchemaCheck::Unknown(_)));
    }
}
