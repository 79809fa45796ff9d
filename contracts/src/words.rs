//! Texts for people: errors with their causes, differences, lists.

use std::error::Error;
use std::iter;

use serde_json::Value;

/// An error and its causes in one line.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    let chain = iter::successors(Some(error), |&error| error.source());
    chain.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// The first difference of two values: its JSON pointer and a description.
pub(crate) fn first_difference(file: &Value, typed: &Value) -> Option<(String, String)> {
    difference(file, typed, String::new())
}

fn difference(file: &Value, typed: &Value, pointer: String) -> Option<(String, String)> {
    match (file, typed) {
        (Value::Object(left), Value::Object(right)) => {
            let mut keys = left.keys().chain(right.keys().filter(|key| !left.contains_key(*key)));
            keys.find_map(|key| {
                let pointer = format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"));
                match (left.get(key), right.get(key)) {
                    (Some(left), Some(right)) => difference(left, right, pointer),
                    (Some(left), None) => {
                        Some((pointer, format!("the file has {}, the type has nothing", short(left))))
                    }
                    (None, right) => Some((pointer, format!("the type has {}, the file has nothing", short(right?)))),
                }
            })
        }
        (left, right) if left == right => None,
        (left, right) => Some((pointer, format!("the file has {}, the type has {}", short(left), short(right)))),
    }
}

/// A value in one line, shortened to 100 characters.
pub(crate) fn short(value: &Value) -> String {
    const MAX_CHARACTERS: usize = 100;
    let text = value.to_string();
    if text.chars().count() <= MAX_CHARACTERS {
        return text;
    }
    let cut: String = text.chars().take(MAX_CHARACTERS).collect();
    format!("{cut}…")
}

/// A schema, or the one of the same document that its `$ref` names.
pub(crate) fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    let target = schema["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
    target.and_then(|pointer| document.pointer(pointer)).unwrap_or(schema)
}

/// Words as a list in a sentence: `a, b and c`.
pub(crate) fn list(words: &[String]) -> String {
    match words {
        [] => "no service".to_owned(),
        [one] => one.clone(),
        [all @ .., last] => format!("{} and {last}", all.join(", ")),
    }
}
