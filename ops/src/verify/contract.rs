//! Whether today's job can read an event: the schema of what it reads, and that of the event's version.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use jsonschema::Validator;
use serde_json::Value;

use crate::dlq::envelope::Envelope;
use crate::dlq::event;
use crate::dlq::message::Message;

/// Errors that are told of one event.
const TOLD: usize = 3;

/// What the schemas say of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Contract {
    /// The job's reader takes it.
    Readable(String),
    /// It does not, and why.
    Unreadable(String),
    /// No schema says anything, and why.
    Unknown(String),
    /// The message does not hold what would be sent.
    NoEvent(String),
}

/// The schemas of a repository, each read once.
#[derive(Debug)]
pub(super) struct Schemas {
    repository: PathBuf,
    read: HashMap<PathBuf, Option<Validator>>,
}

impl Schemas {
    pub(super) fn of(repository: &Path) -> Self {
        Self { repository: repository.to_owned(), read: HashMap::new() }
    }

    /// Judges a message for a job of a service.
    pub(super) fn judge(&mut self, message: &Message, service: Option<&str>, job: Option<&str>) -> Contract {
        let Some(given) = &message.event else {
            let why = message.problem.clone().unwrap_or_else(|| "the message does not hold it".to_owned());
            return Contract::NoEvent(why);
        };
        if message.envelope == Envelope::Unknown {
            return Contract::NoEvent("nobody knows this shape".to_owned());
        }
        if let Some(records) = given["Records"].as_array() {
            return judge_batch(records, event::inside(given).len());
        }
        let (Some(service), Some(job), Some(detail_type)) = (service, job, given["detail-type"].as_str()) else {
            return Contract::Unknown(
                "it is no event of Busline, so that no schema says what its job reads".to_owned(),
            );
        };
        self.judge_event(&self.repository.join("services").join(service).join("reads").join(job), detail_type, given)
    }

    fn judge_event(&mut self, reads: &Path, detail_type: &str, event: &Value) -> Contract {
        let job = reads.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let Some(errors) = self.errors(&reads.join(format!("{detail_type}.json")), &event["detail"]) else {
            return match readable(reads) {
                Some(others) => Contract::Unreadable(format!("{job} reads {others} and not {detail_type}")),
                None => Contract::Unknown(format!("there is no schema of what {job} reads in this checkout")),
            };
        };
        let published = self.published(event);
        if errors.is_empty() {
            return Contract::Readable(format!("it is what {job} reads of {detail_type}{published}"));
        }
        Contract::Unreadable(format!("{job} cannot read it: {}{published}", errors.join("; ")))
    }

    /// What the event's own version says of it.
    fn published(&mut self, event: &Value) -> String {
        let Some(name) = event["detail"]["metadata"]["schema"].as_str() else { return String::new() };
        if name.contains("..") {
            return String::new();
        }
        let path = self.repository.join("events/schemas").join(format!("{name}.json"));
        match self.errors(&path, &event["detail"]) {
            Some(errors) if errors.is_empty() => format!("; it is a valid {name}"),
            Some(errors) => format!("; nor is it a valid {name}: {}", errors.join("; ")),
            None => format!("; {name} is no version that this checkout knows"),
        }
    }

    /// What a schema has against a value; none when there is no such schema.
    fn errors(&mut self, path: &Path, value: &Value) -> Option<Vec<String>> {
        let validator = self.read.entry(path.to_owned()).or_insert_with(|| validator(path)).as_ref()?;
        let told = validator.iter_errors(value).take(TOLD).map(|error| {
            // Values are left out: this goes to terminals and reports, and `show` has them.
            format!("`{}`: {}", error.instance_path(), error.masked())
        });
        Some(told.collect())
    }
}

/// A batch of a table's stream: the publisher reads outbox rows and nothing else.
fn judge_batch(records: &[Value], events: usize) -> Contract {
    let count = records.len();
    if events == count {
        return Contract::Readable(format!("all {count} records are rows of the outbox"));
    }
    Contract::Unreadable(format!("{} of {count} records hold no event", count - events))
}

fn validator(path: &Path) -> Option<Validator> {
    let schema: Value = serde_json::from_str(&fs::read_to_string(path).ok()?).ok()?;
    jsonschema::options().should_validate_formats(true).build(&schema).ok()
}

/// The events that a job reads, by its folder of schemas.
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

    use super::*;
    use crate::dlq::envelope::{self, Reading};
    use crate::dlq::message::Raw;

    fn judged(event: &Value) -> Contract {
        let record = json!({
            "requestContext": {"functionArn": "arn:aws:lambda:eu-west-1:1:function:f", "condition": "RetriesExhausted"},
            "requestPayload": event,
        });
        let raw = Raw { body: record.to_string(), ..Raw::default() };
        let Reading::Whole(decoded) = envelope::read(&raw) else { panic!("no object is named") };
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        Schemas::of(&repository).judge(&Message::new(raw, *decoded), Some("notifications"), Some("todo-created"))
    }

    fn event(detail_type: &str) -> Value {
        let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("../events/schemas/todos/TodoCreated/v1.json");
        let schema: Value = serde_json::from_str(&fs::read_to_string(schema).unwrap()).unwrap();
        json!({"source": "busline.todos", "detail-type": detail_type, "detail": schema["examples"][0]})
    }

    #[test]
    fn an_event_as_it_is_published_can_be_read() {
        let Contract::Readable(why) = judged(&event("TodoCreated.v1")) else { panic!("it can be read") };
        assert_eq!(why, "it is what todo-created reads of TodoCreated.v1; it is a valid todos/TodoCreated/v1");
    }

    #[test]
    fn a_version_that_the_job_does_not_read_is_named() {
        let Contract::Unreadable(why) = judged(&event("TodoCreated.v9")) else { panic!("it cannot be read") };
        assert_eq!(why, "todo-created reads TodoCreated.v1 and not TodoCreated.v9");
    }

    #[test]
    fn what_is_missing_is_told_without_what_is_there() {
        let mut event = event("TodoCreated.v1");
        event["detail"]["data"] = json!({"todoId": "someone@example.com", "title": "x"});
        let Contract::Unreadable(why) = judged(&event) else { panic!("it cannot be read") };
        assert!(why.contains("\"ownerId\" is a required property") && why.contains("`/data/todoId`"), "{why}");
        assert!(!why.contains("someone@example.com"), "{why}");
    }

    #[test]
    fn a_strangers_message_is_not_judged() {
        assert!(matches!(judged(&json!({"hello": 1})), Contract::Unknown(_)));
    }
}
