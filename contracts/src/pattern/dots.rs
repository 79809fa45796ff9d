//! Fields with dots in their names.
//!
//! "EventBridge uses dot (.) as the joining character": `{"a.b": 1}` is the same event as `{"a": {"b": 1}}`.
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern.html#eb-create-pattern-considerations>

use std::borrow::Cow;

use serde_json::{Map, Value};

/// The fields of an object, with each dotted name spread into objects; the object's own when it has none.
pub(super) fn fields(object: &Map<String, Value>) -> Cow<'_, Map<String, Value>> {
    if object.keys().any(|name| name.contains('.')) { Cow::Owned(spread_fields(object)) } else { Cow::Borrowed(object) }
}

/// A copy of a value, with each dotted name in it spread into objects.
pub(super) fn spread(value: &Value) -> Value {
    match value {
        Value::Array(elements) => elements.iter().map(spread).collect(),
        Value::Object(fields) => Value::Object(spread_fields(fields)),
        scalar => scalar.clone(),
    }
}

fn spread_fields(object: &Map<String, Value>) -> Map<String, Value> {
    let mut whole = Map::new();
    for (name, value) in object {
        let mut steps = name.split('.');
        let first = steps.next().unwrap_or_default();
        let nest = |inner: Value, step: &str| Value::Object([(step.to_owned(), inner)].into_iter().collect());
        add(&mut whole, first, steps.rev().fold(spread(value), nest));
    }
    whole
}

fn add(fields: &mut Map<String, Value>, name: &str, value: Value) {
    let value = match fields.remove(name) {
        Some(former) => merged(former, value),
        None => value,
    };
    fields.insert(name.to_owned(), value);
}

/// Both at the same path: objects become one, anything else stands side by side, as in an array.
fn merged(left: Value, right: Value) -> Value {
    match (left, right) {
        (Value::Object(mut left), Value::Object(right)) => {
            for (name, value) in right {
                add(&mut left, &name, value);
            }
            Value::Object(left)
        }
        (Value::Array(mut left), right) => {
            left.push(right);
            Value::Array(left)
        }
        (left, right) => Value::Array(vec![left, right]),
    }
}
