//! A schema without its annotations.

use serde_json::{Map, Value};

/// Keywords with data as their value, which holds no keywords.
const DATA: [&str; 4] = ["const", "enum", "required", "dependentRequired"];

/// Keywords that hold schemas by names, which can be equal to a keyword.
const NAMED: [&str; 6] =
    ["properties", "patternProperties", "$defs", "definitions", "dependentSchemas", "dependencies"];

/// A schema with only those keywords, in it and in the schemas below, for which `keeps` returns `true`.
pub(crate) fn with_keywords(schema: &Value, keeps: &mut dyn FnMut(&str) -> bool) -> Value {
    let Value::Object(map) = schema else { return schema.clone() };
    let mut kept = Map::new();
    for (keyword, value) in map {
        if keeps(keyword) {
            kept.insert(keyword.clone(), inside(keyword, value, keeps));
        }
    }
    Value::Object(kept)
}

fn inside(keyword: &str, value: &Value, keeps: &mut dyn FnMut(&str) -> bool) -> Value {
    match value {
        _ if DATA.contains(&keyword) => value.clone(),
        Value::Object(parts) if NAMED.contains(&keyword) => {
            Value::Object(parts.iter().map(|(name, part)| (name.clone(), with_keywords(part, keeps))).collect())
        }
        Value::Array(parts) => parts.iter().map(|part| with_keywords(part, keeps)).collect(),
        _ => with_keywords(value, keeps),
    }
}
