//! Fields with dots in their names.
//!
//! "EventBridge uses dot (.) as the joining character": `{"a.b": 1}` is the same event as `{"a": {"b": 1}}`.
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern.html#eb-create-pattern-considerations>

use std::borrow::Cow;

use serde_json::{Map, Value};

/// The event with each dotted name spread into objects; itself when it has none.
pub(super) fn spread(event: &Value) -> Cow<'_, Value> {
    if is_dotted(event) { Cow::Owned(spread_out(event)) } else { Cow::Borrowed(event) }
}

fn is_dotted(value: &Value) -> bool {
    match value {
        Value::Object(fields) => fields.iter().any(|(name, value)| name.contains('.') || is_dotted(value)),
        Value::Array(elements) => elements.iter().any(is_dotted),
        _ => false,
    }
}

fn spread_out(value: &Value) -> Value {
    match value {
        Value::Array(elements) => elements.iter().map(spread_out).collect(),
        Value::Object(fields) => fields.iter().fold(Value::Object(Map::new()), |whole, (name, value)| {
            let nest = |inner: Value, step: &str| Value::Object(Map::from_iter([(step.to_owned(), inner)]));
            merged(whole, name.rsplit('.').fold(spread_out(value), nest))
        }),
        scalar => scalar.clone(),
    }
}

/// Both at the same path: objects become one, anything else stands side by side, as in an array.
fn merged(left: Value, right: Value) -> Value {
    match (left, right) {
        (Value::Object(mut left), Value::Object(right)) => {
            for (name, value) in right {
                let value = match left.remove(&name) {
                    Some(former) => merged(former, value),
                    None => value,
                };
                left.insert(name, value);
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
