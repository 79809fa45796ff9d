//! A schema without its annotations.

use serde_json::{Map, Value};

/// Keywords whose value is data: what looks like a keyword in it is none.
const DATA: [&str; 4] = ["const", "enum", "required", "dependentRequired"];

/// Keywords that hold schemas by a name of the author's choice, which may be that of a keyword.
const NAMED: [&str; 6] =
    ["properties", "patternProperties", "$defs", "definitions", "dependentSchemas", "dependencies"];

/// The keywords of a schema, and of the schemas in it, that `keeps` answers `true` for.
pub(crate) fn of(schema: &Value, keeps: &mut dyn FnMut(&str) -> bool) -> Value {
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
            Value::Object(parts.iter().map(|(name, part)| (name.clone(), of(part, keeps))).collect())
        }
        Value::Array(parts) => parts.iter().map(|part| of(part, keeps)).collect(),
        _ => of(value, keeps),
    }
}
