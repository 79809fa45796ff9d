//! Changing the event in a message: the new text, the difference, and the check against the event's schema.

pub mod layout;

use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;
use std::path::Path;
use std::str::FromStr;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use serde_json::value::RawValue;
use serde_json_path::{JsonPath, NormalizedPath};
use similar::TextDiff;

use crate::dlq::edit::layout::pretty;
use crate::dlq::envelope::Envelope;
use crate::dlq::message::Message;
use crate::error::UsageError;

/// The number of schema errors that are reported.
const MAX_ERRORS: usize = 5;

/// A field to set: `$.detail.data.title="…"`. The value is JSON; anything else is taken as a string.
#[derive(Clone, Debug)]
pub struct Change {
    path: JsonPath,
    path_text: String,
    /// The value as JSON.
    value: String,
}

impl FromStr for Change {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (path, value) = text.split_once('=').ok_or("give a path and a value, such as $.detail.data.n=7")?;
        let parsed = JsonPath::parse(path).map_err(|error| format!("`{path}` is not a JSONPath: {error}"))?;
        let is_json = serde_json::from_str::<&RawValue>(value).is_ok();
        let value = if is_json { value.trim().to_owned() } else { Value::String(value.to_owned()).to_string() };
        Ok(Self { path: parsed, path_text: path.to_owned(), value })
    }
}

/// The event of a message in its exact notation.
///
/// # Errors
/// [`UsageError`] when the message contains none, or its notification could not be restored.
pub fn event(message: &Message) -> Result<String> {
    ensure!(
        !message.wrapped_by_sns,
        UsageError(
            "the message is wrapped in an SNS notification: `export` it, change the text, and `import` it".to_owned()
        )
    );
    let kind = message.envelope;
    ensure!(
        !matches!(kind, Envelope::StreamPayload | Envelope::StreamMetadata),
        UsageError(format!("a {kind} message does not contain its records: they are in S3 or in the stream"))
    );
    let text = message.origin.original.as_deref().unwrap_or(&message.body);
    ensure!(serde_json::from_str::<&RawValue>(text).is_ok(), UsageError("its event is not JSON".to_owned()));
    Ok(text.to_owned())
}

/// Sets fields of an event. A missing field is added if its parent object exists. Everything else keeps its exact
/// notation.
///
/// # Errors
/// [`UsageError`] when a path does not exist.
pub fn set(event: &str, changes: &[Change]) -> Result<String> {
    let mut result = event.to_owned();
    for change in changes {
        let value: Value = serde_json::from_str(&result).context("the event is not JSON")?;
        let places: Vec<String> =
            change.path.query_located(&value).locations().map(NormalizedPath::to_json_pointer).collect();
        if places.is_empty() {
            result = add_field(&result, &value, change)?;
        }
        for pointer in places {
            let place = place(&result, &pointer).context("cannot locate the field in the event")?;
            result.replace_range(place, &change.value);
        }
    }
    Ok(result)
}

/// Adds a field at the end of its parent object.
fn add_field(text: &str, value: &Value, change: &Change) -> Result<String> {
    let not_found = || {
        UsageError(format!("the event has no field `{}`, and no object to which it could be added", change.path_text))
    };
    let (parent, name) = parent(&change.path_text).ok_or_else(not_found)?;
    let parent = JsonPath::parse(parent).map_err(|_| not_found())?;
    let located = parent.query_located(value);
    let objects = located.iter().filter(|node| node.node().is_object());
    let pointers: Vec<(String, bool)> = objects
        .map(|node| (node.location().to_json_pointer(), node.node().as_object().is_some_and(serde_json::Map::is_empty)))
        .collect();
    ensure!(!pointers.is_empty(), not_found());
    let name = Value::String(name);
    let mut result = text.to_owned();
    for (pointer, is_empty) in pointers {
        let object = place(&result, &pointer).context("cannot locate the field in the event")?;
        let comma = if is_empty { "" } else { "," };
        result.insert_str(object.end - 1, &format!("{comma}{name}:{}", change.value));
    }
    Ok(result)
}

/// Splits a path into that of the parent object and the field name: `$.a.b` or `$.a['b']`.
fn parent(path: &str) -> Option<(&str, String)> {
    if let Some(quoted) = path.strip_suffix("']") {
        let (parent, name) = quoted.rsplit_once("['")?;
        return (!name.contains(['\'', '\\'])).then(|| (parent, name.to_owned()));
    }
    let (parent, name) = path.rsplit_once('.')?;
    let is_name = !name.is_empty() && !name.contains(['[', ']', '*', '?', '\'', '"', ' ']);
    (is_name && !parent.ends_with('.')).then(|| (parent, name.to_owned()))
}

/// The range of a value in a JSON text, by its JSON pointer.
/// <https://datatracker.ietf.org/doc/html/rfc6901>
fn place(text: &str, pointer: &str) -> Option<Range<usize>> {
    let mut value: &str = serde_json::from_str::<&RawValue>(text).ok()?.get();
    for step in pointer.split('/').skip(1) {
        let step = step.replace("~1", "/").replace("~0", "~");
        value = if value.starts_with('[') {
            serde_json::from_str::<Vec<&RawValue>>(value).ok()?.get(step.parse::<usize>().ok()?)?.get()
        } else {
            serde_json::from_str::<BTreeMap<String, &RawValue>>(value).ok()?.get(&step)?.get()
        };
    }
    // The value borrows from the text.
    let start = (value.as_ptr() as usize).checked_sub(text.as_ptr() as usize)?;
    Some(start..start + value.len())
}

/// The message's body with another event. Everything else keeps its exact notation.
///
/// # Errors
/// When the body is not a failure record.
pub fn body(message: &Message, event: &str) -> Result<String> {
    if message.envelope != Envelope::LambdaDestination {
        return Ok(event.to_owned());
    }
    let mut record = message.body.clone();
    let place = place(&record, "/requestPayload").context("the message does not contain its event")?;
    record.replace_range(place, event);
    Ok(record)
}

/// The difference between two events; `None` when there is none.
#[must_use]
pub fn difference(before: &str, after: &str) -> Option<String> {
    let (before, after) = (pretty(before) + "\n", pretty(after) + "\n");
    let diff = TextDiff::from_lines(&before, &after).unified_diff().header("before", "after").to_string();
    (before != after).then_some(diff)
}

/// Checks a Busline event against its schema in the folder `schemas`. Other events have no schema and are accepted.
///
/// # Errors
/// [`UsageError`] when it violates the schema. The error quotes no values.
pub fn check(event: &Value, schemas: &Path) -> Result<()> {
    let Some(name) = event["detail"]["metadata"]["schema"].as_str().filter(|name| is_plain(name)) else {
        return Ok(());
    };
    let Ok(text) = fs::read_to_string(schemas.join(format!("{name}.json"))) else {
        return Ok(());
    };
    let schema: Value = serde_json::from_str(&text).with_context(|| format!("the schema {name} is not JSON"))?;
    let schema = jsonschema::options().should_validate_formats(true).build(&schema);
    let schema = schema.map_err(|error| anyhow::anyhow!("the schema {name} cannot be used: {error}"))?;
    // Replay metadata is added by the operator and is not part of the publisher's schema.
    let mut detail = event["detail"].clone();
    if let Some(metadata) = detail["metadata"].as_object_mut() {
        metadata.retain(|name, _| !["replayId", "replayAttempt", "replayKey"].contains(&name.as_str()));
    }
    let errors = schema.iter_errors(&detail).take(MAX_ERRORS);
    let errors: Vec<String> = errors.map(|error| format!("`{}`: {}", error.instance_path(), error.masked())).collect();
    if errors.is_empty() {
        return Ok(());
    }
    bail!(UsageError(format!("the event violates its schema {name}: {}", errors.join("; "))))
}

/// Whether a schema's name stays within the folder.
fn is_plain(name: &str) -> bool {
    !name.split('/').any(|part| part.is_empty() || part.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::dlq::envelope::{self, Reading};
    use crate::dlq::raw_message::RawMessage;

    #[test]
    fn setting_a_field_keeps_the_notation_of_all_others() {
        let event = r#"{"z": 12345678901234567890123, "dec": 1.10, "a/b": {"x": [1, {"title" : "a, {b}"}]}, "a": 2}"#;
        let changed = set(event, &["$['a/b'].x[1].title=\"M: \\\" }\"".parse().unwrap()]).unwrap();
        assert_eq!(changed, event.replace(r#""a, {b}""#, r#""M: \" }""#));
        let diff = difference(event, &changed).unwrap();
        let lines = diff.lines().filter(|line| line.starts_with(['-', '+'])).count();
        assert_eq!(lines, 4, "two names and two lines: {diff}");
        assert_eq!(difference(event, &pretty(event)), None);
        let large: Change = "$.a=98765432109876543210987".parse().unwrap();
        assert!(set(event, &[large]).unwrap().ends_with("98765432109876543210987}"));
    }

    #[test]
    fn editing_a_record_changes_only_its_event() {
        let record = |event: &str| {
            let context =
                r#""requestContext": {"functionArn": "arn:aws:lambda:eu-west-1:1:function:f", "condition": "c"}"#;
            format!(r#"{{"zeta": 1.00000000000000000001, {context}, "requestPayload": {event}, "alpha": 1}}"#)
        };
        let raw = RawMessage { body: record(r#"{"n": 1}"#), ..RawMessage::default() };
        let Reading::Whole(decoded) = envelope::read(&raw) else { panic!("the message names no object") };
        let message = Message::new(raw, *decoded);
        assert_eq!(event(&message).unwrap(), r#"{"n": 1}"#);
        assert_eq!(body(&message, r#"{"n": 2}"#).unwrap(), record(r#"{"n": 2}"#));
    }

    #[test]
    fn a_value_that_is_not_json_is_set_as_a_string() {
        assert_eq!(set(r#"{"a":1}"#, &["$.a=not JSON".parse().unwrap()]).unwrap(), r#"{"a":"not JSON"}"#);
    }

    #[test]
    fn a_missing_field_is_added_and_all_others_keep_their_notation() {
        let event = r#"{"n": 1.10, "o": {}, "p": {"x": [1]} }"#;
        let add = |path: &str| set(event, &[path.parse().unwrap()]).unwrap();
        assert_eq!(add("$.new=true"), r#"{"n": 1.10, "o": {}, "p": {"x": [1]} ,"new":true}"#);
        assert_eq!(add("$.o.a=7"), r#"{"n": 1.10, "o": {"a":7}, "p": {"x": [1]} }"#);
        assert_eq!(add("$.p['a.b']=text"), r#"{"n": 1.10, "o": {}, "p": {"x": [1],"a.b":"text"} }"#);
    }

    #[test]
    fn a_path_without_a_parent_object_is_refused() {
        for path in ["$.b.c=1", "$.a.b=1", "$.*.b=1", "$..b=1", "$.l[7]=1", "$.l[*].b=1"] {
            let error = set(r#"{"a":1,"l":[]}"#, &[path.parse().unwrap()]).unwrap_err();
            assert!(
                error.is::<UsageError>() && error.to_string().contains("the event has no field"),
                "{path}: {error}"
            );
        }
        assert!("no path".parse::<Change>().is_err());
    }

    #[test]
    fn a_schema_violation_is_reported_without_values() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("orders/A")).unwrap();
        let schema = json!({"type": "object", "properties": {"data": {"properties": {"n": {"type": "integer"}}}}});
        fs::write(folder.path().join("orders/A/v1.json"), schema.to_string()).unwrap();
        let event = |n: Value| json!({"detail": {"metadata": {"schema": "orders/A/v1"}, "data": {"n": n}}});
        assert!(check(&event(json!(1)), folder.path()).is_ok());
        let error = check(&event(json!("secret")), folder.path()).unwrap_err().to_string();
        assert!(error.contains("/data/n") && !error.contains("secret"), "{error}");
        assert!(check(&json!({"detail": {"metadata": {"schema": "../../x"}}}), folder.path()).is_ok());
    }
}
