//! Changing the event in a message: the new text, the difference, and what the event's schema has against it. Pure.

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

use crate::dlq::edit::layout::laid_out;
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
    /// JSON, as it was given.
    value: String,
}

impl FromStr for Change {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (path, value) = text.split_once('=').ok_or("a path and a value are wanted, such as $.detail.data.n=7")?;
        let parsed = JsonPath::parse(path).map_err(|error| format!("`{path}` is no JSONPath: {error}"))?;
        let is_json = serde_json::from_str::<&RawValue>(value).is_ok();
        let value = if is_json { value.trim().to_owned() } else { Value::String(value.to_owned()).to_string() };
        Ok(Self { path: parsed, given: path.to_owned(), value })
    }
}

/// The event of a message as it is written, to be changed.
///
/// # Errors
/// [`WrongUse`] when it holds none, or it is wrapped so that it cannot be put back as it was.
pub fn event(message: &Message) -> Result<String> {
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
    ensure!(serde_json::from_str::<&RawValue>(text).is_ok(), WrongUse("its event is no JSON".to_owned()));
    Ok(text.to_owned())
}

/// The event with fields set. One that is not there is added, if the object is there that it belongs to. All else stays as
/// it is written.
///
/// # Errors
/// [`WrongUse`] when a path leads nowhere.
pub fn set(event: &str, changes: &[Change]) -> Result<String> {
    let mut result = event.to_owned();
    for change in changes {
        let value: Value = serde_json::from_str(&result).context("the event is no JSON")?;
        let places: Vec<String> =
            change.path.query_located(&value).locations().map(NormalizedPath::to_json_pointer).collect();
        if places.is_empty() {
            result = added(&result, &value, change)?;
        }
        for pointer in places {
            let place = place(&result, &pointer).context("a place in the event")?;
            result.replace_range(place, &change.value);
        }
    }
    Ok(result)
}

/// The event with a field more, the last of its object.
fn added(text: &str, value: &Value, change: &Change) -> Result<String> {
    let nowhere = || {
        WrongUse(format!(
            "`{}` leads nowhere in the event, and is no field of an object in it that could be added",
            change.given
        ))
    };
    let (parent, name) = parent(&change.given).ok_or_else(nowhere)?;
    let parent = JsonPath::parse(parent).map_err(|_| nowhere())?;
    let located = parent.query_located(value);
    let objects = located.iter().filter(|node| node.node().is_object());
    let pointers: Vec<(String, bool)> = objects
        .map(|node| (node.location().to_json_pointer(), node.node().as_object().is_some_and(serde_json::Map::is_empty)))
        .collect();
    ensure!(!pointers.is_empty(), nowhere());
    let name = Value::String(name);
    let mut result = text.to_owned();
    for (pointer, is_empty) in pointers {
        let object = place(&result, &pointer).context("a place in the event")?;
        let comma = if is_empty { "" } else { "," };
        result.insert_str(object.end - 1, &format!("{comma}{name}:{}", change.value));
    }
    Ok(result)
}

/// A path to an object and the name of a field of it: `$.a.b` or `$.a['b']`.
fn parent(path: &str) -> Option<(&str, String)> {
    if let Some(quoted) = path.strip_suffix("']") {
        let (parent, name) = quoted.rsplit_once("['")?;
        return (!name.contains(['\'', '\\'])).then(|| (parent, name.to_owned()));
    }
    let (parent, name) = path.rsplit_once('.')?;
    let is_name = !name.is_empty() && !name.contains(['[', ']', '*', '?', '\'', '"', ' ']);
    (is_name && !parent.ends_with('.')).then(|| (parent, name.to_owned()))
}

/// Where in a JSON text the value is that a JSON pointer leads to.
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
    // It is a part of the text itself.
    let start = (value.as_ptr() as usize).checked_sub(text.as_ptr() as usize)?;
    Some(start..start + value.len())
}

/// The message's text with another event in it. All else stays as it is written.
///
/// # Errors
/// When the text is no failure record after all.
pub fn body(message: &Message, event: &str) -> Result<String> {
    if message.envelope != Envelope::LambdaDestination {
        return Ok(event.to_owned());
    }
    let mut record = message.body.clone();
    let place = place(&record, "/requestPayload").context("the message does not hold its event itself")?;
    record.replace_range(place, event);
    Ok(record)
}

/// What changes, as a diff of the two events; none when nothing does.
#[must_use]
pub fn difference(before: &str, after: &str) -> Option<String> {
    let (before, after) = (laid_out(before) + "\n", laid_out(after) + "\n");
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
    use crate::dlq::envelope::{self, Reading};
    use crate::dlq::message::Raw;

    #[test]
    fn a_field_is_set_and_all_else_stays_as_it_is_written() {
        let event = r#"{"z": 12345678901234567890123, "dec": 1.10, "a/b": {"x": [1, {"title" : "a, {b}"}]}, "a": 2}"#;
        let changed = set(event, &["$['a/b'].x[1].title=\"M: \\\" }\"".parse().unwrap()]).unwrap();
        assert_eq!(changed, event.replace(r#""a, {b}""#, r#""M: \" }""#));
        let diff = difference(event, &changed).unwrap();
        let lines = diff.lines().filter(|line| line.starts_with(['-', '+'])).count();
        assert_eq!(lines, 4, "two names and two lines: {diff}");
        assert_eq!(difference(event, &laid_out(event)), None);
        let large: Change = "$.a=98765432109876543210987".parse().unwrap();
        assert!(set(event, &[large]).unwrap().ends_with("98765432109876543210987}"));
    }

    #[test]
    fn an_edited_record_keeps_everything_but_its_event() {
        let record = |event: &str| {
            let context =
                r#""requestContext": {"functionArn": "arn:aws:lambda:eu-west-1:1:function:f", "condition": "c"}"#;
            format!(r#"{{"zeta": 1.00000000000000000001, {context}, "requestPayload": {event}, "alpha": 1}}"#)
        };
        let raw = Raw { body: record(r#"{"n": 1}"#), ..Raw::default() };
        let Reading::Whole(decoded) = envelope::read(&raw) else { panic!("it is whole") };
        let message = Message::new(raw, *decoded);
        assert_eq!(event(&message).unwrap(), r#"{"n": 1}"#);
        assert_eq!(body(&message, r#"{"n": 2}"#).unwrap(), record(r#"{"n": 2}"#));
    }

    #[test]
    fn a_value_that_is_no_json_is_text() {
        assert_eq!(set(r#"{"a":1}"#, &["$.a=not JSON".parse().unwrap()]).unwrap(), r#"{"a":"not JSON"}"#);
    }

    #[test]
    fn a_field_that_is_not_there_is_added_and_all_else_stays_as_it_is_written() {
        let event = r#"{"n": 1.10, "o": {}, "p": {"x": [1]} }"#;
        let add = |path: &str| set(event, &[path.parse().unwrap()]).unwrap();
        assert_eq!(add("$.new=true"), r#"{"n": 1.10, "o": {}, "p": {"x": [1]} ,"new":true}"#);
        assert_eq!(add("$.o.a=7"), r#"{"n": 1.10, "o": {"a":7}, "p": {"x": [1]} }"#);
        assert_eq!(add("$.p['a.b']=text"), r#"{"n": 1.10, "o": {}, "p": {"x": [1],"a.b":"text"} }"#);
    }

    #[test]
    fn a_path_that_leads_nowhere_is_refused() {
        for path in ["$.b.c=1", "$.a.b=1", "$.*.b=1", "$..b=1", "$.l[7]=1", "$.l[*].b=1"] {
            let error = set(r#"{"a":1,"l":[]}"#, &[path.parse().unwrap()]).unwrap_err();
            assert!(error.is::<WrongUse>() && error.to_string().contains("leads nowhere"), "{path}: {error}");
        }
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
