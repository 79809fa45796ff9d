//! Changing the event in a message: the new text, the difference, and what the event's schema has against it. Pure.

use std::fs;
use std::path::Path;
use std::str::FromStr;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use serde_json_path::{JsonPath, NormalizedPath};
use similar::TextDiff;

use crate::dlq::envelope::Envelope;
use crate::dlq::message::Message;
use crate::dlq::queue::WrongUse;

/// What is told of a schema's complaints.
const TOLD: usize = 5;

/// A field to set: `$.detail.data.title="…"`. The value is JSON; what is no JSON is text.
#[derive(Clone, Debug)]
pub struct Change {
    path: JsonPath,
    given: String,
    value: Value,
}

impl FromStr for Change {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (path, value) = text.split_once('=').ok_or("a path and a value are wanted, such as $.detail.data.n=7")?;
        let parsed = JsonPath::parse(path).map_err(|error| format!("`{path}` is no JSONPath: {error}"))?;
        let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()));
        Ok(Self { path: parsed, given: path.to_owned(), value })
    }
}

/// The event of a message, to be changed.
///
/// # Errors
/// [`WrongUse`] when it holds none, or it is wrapped so that it cannot be put back as it was.
pub fn event(message: &Message) -> Result<Value> {
    ensure!(
        !message.wrapped_by_sns,
        WrongUse("it is wrapped by SNS: `export` it, change the text, and `import` it".to_owned())
    );
    let kind = message.envelope;
    ensure!(
        !matches!(kind, Envelope::StreamPayload | Envelope::StreamMetadata),
        WrongUse(format!("a {kind} message does not hold its records: they are in S3 or in the stream"))
    );
    let text = message.origin.original.as_deref().unwrap_or(&message.body);
    serde_json::from_str(text).map_err(|_| WrongUse("its event is no JSON".to_owned()).into())
}

/// The event with fields set, which must be there already.
///
/// # Errors
/// [`WrongUse`] when a path leads nowhere.
pub fn set(event: &Value, changes: &[Change]) -> Result<Value> {
    let mut result = event.clone();
    for change in changes {
        let places: Vec<String> =
            change.path.query_located(&result).locations().map(NormalizedPath::to_json_pointer).collect();
        ensure!(!places.is_empty(), WrongUse(format!("`{}` leads nowhere in the event", change.given)));
        for place in places {
            *result.pointer_mut(&place).context("a place in the event")? = change.value.clone();
        }
    }
    Ok(result)
}

/// The message's text with another event in it.
///
/// # Errors
/// When the text is no failure record after all.
pub fn body(message: &Message, event: &Value) -> Result<String> {
    if message.envelope != Envelope::LambdaDestination {
        return Ok(event.to_string());
    }
    let mut record: Value = serde_json::from_str(&message.body).context("the message is no JSON")?;
    record["requestPayload"] = event.clone();
    Ok(record.to_string())
}

/// What changes, as a diff of the two events; none when nothing does.
#[must_use]
pub fn difference(before: &Value, after: &Value) -> Option<String> {
    let (before, after) = (format!("{before:#}\n"), format!("{after:#}\n"));
    let diff = TextDiff::from_lines(&before, &after).unified_diff().header("as it is", "as it will be").to_string();
    (before != after).then_some(diff)
}

/// Holds a Busline event against its schema, in the folder `schemas`. An event of somebody else has none there.
///
/// # Errors
/// [`WrongUse`] when it breaks the schema: what it breaks is named, without values.
pub fn check(event: &Value, schemas: &Path) -> Result<()> {
    let Some(name) = event["detail"]["metadata"]["schema"].as_str().filter(|name| is_plain(name)) else {
        return Ok(());
    };
    let Ok(text) = fs::read_to_string(schemas.join(format!("{name}.json"))) else {
        return Ok(());
    };
    let schema: Value = serde_json::from_str(&text).with_context(|| format!("the schema {name} is no JSON"))?;
    let schema = jsonschema::options().should_validate_formats(true).build(&schema);
    let schema = schema.map_err(|error| anyhow::anyhow!("the schema {name} cannot be used: {error}"))?;
    // The marks of earlier replays are the operator's, not the publisher's.
    let mut detail = event["detail"].clone();
    if let Some(metadata) = detail["metadata"].as_object_mut() {
        metadata.retain(|name, _| !["replayId", "replayAttempt"].contains(&name.as_str()));
    }
    let errors = schema.iter_errors(&detail).take(TOLD);
    let errors: Vec<String> = errors.map(|error| format!("`{}`: {}", error.instance_path(), error.masked())).collect();
    if errors.is_empty() {
        return Ok(());
    }
    bail!(WrongUse(format!("the event breaks its schema {name}: {}", errors.join("; "))))
}

/// A schema's name, and no way out of the folder.
fn is_plain(name: &str) -> bool {
    !name.split('/').any(|part| part.is_empty() || part.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_field_is_set_and_the_difference_shows_it_alone() {
        let event = json!({"detail": {"data": {"n": 1, "title": "a"}}});
        let changed = set(&event, &["$.detail.data.n=2".parse().unwrap()]).unwrap();
        assert_eq!(changed["detail"]["data"], json!({"n": 2, "title": "a"}));
        let diff = difference(&event, &changed).unwrap();
        let lines = diff.lines().filter(|line| line.starts_with(['-', '+'])).count();
        assert_eq!(lines, 4, "two names and two lines: {diff}");
        assert_eq!(difference(&event, &event), None);
    }

    #[test]
    fn a_value_that_is_no_json_is_text() {
        let event = json!({"a": 1});
        assert_eq!(set(&event, &["$.a=not JSON".parse().unwrap()]).unwrap(), json!({"a": "not JSON"}));
    }

    #[test]
    fn a_path_that_leads_nowhere_is_refused() {
        let error = set(&json!({"a": 1}), &["$.b=1".parse().unwrap()]).unwrap_err();
        assert!(error.is::<WrongUse>() && error.to_string().contains("$.b"), "{error}");
        assert!("no path".parse::<Change>().is_err());
    }

    #[test]
    fn an_event_that_breaks_its_schema_is_refused_without_its_values() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("todos/A")).unwrap();
        let schema = json!({"type": "object", "properties": {"data": {"properties": {"n": {"type": "integer"}}}}});
        fs::write(folder.path().join("todos/A/v1.json"), schema.to_string()).unwrap();
        let event = |n: Value| json!({"detail": {"metadata": {"schema": "todos/A/v1"}, "data": {"n": n}}});
        assert!(check(&event(json!(1)), folder.path()).is_ok());
        let error = check(&event(json!("secret")), folder.path()).unwrap_err().to_string();
        assert!(error.contains("/data/n") && !error.contains("secret"), "{error}");
        assert!(check(&json!({"detail": {"metadata": {"schema": "../../x"}}}), folder.path()).is_ok());
    }
}
