//! A schema without what no verdict depends on.

use serde_json::{Map, Value};

const ANNOTATIONS: [&str; 9] =
    ["$schema", "$id", "$comment", "title", "description", "examples", "default", "deprecated", "readOnly"];

/// Takes the annotations out of a schema and the schemas in it; a property may well be called `title`.
pub(super) fn schema(value: &Value) -> Value {
    match value {
        Value::Object(keywords) => {
            let kept = keywords.iter().filter(|(keyword, _)| !ANNOTATIONS.contains(&keyword.as_str()));
            Value::Object(kept.map(|(keyword, value)| (keyword.clone(), inside(keyword, value))).collect())
        }
        other => other.clone(),
    }
}

fn inside(keyword: &str, value: &Value) -> Value {
    match (keyword, value) {
        ("properties" | "patternProperties" | "$defs" | "definitions" | "dependentSchemas", Value::Object(schemas)) => {
            Value::Object(schemas.iter().map(|(name, value)| (name.clone(), schema(value))).collect::<Map<_, _>>())
        }
        ("allOf" | "anyOf" | "oneOf" | "prefixItems", Value::Array(schemas)) => schemas.iter().map(schema).collect(),
        ("const" | "enum" | "required" | "dependentRequired", value) => value.clone(),
        (_, value) => schema(value),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn annotations_go_and_what_bears_their_names_stays() {
        let whole = json!({
            "title": "T", "type": "object", "required": ["title"],
            "properties": {"title": {"type": "string", "description": "d", "const": "title"}},
            "anyOf": [{"description": "d", "items": {"default": 1, "type": "null"}}],
            "enum": [{"title": "kept"}],
        });
        let small = json!({
            "type": "object", "required": ["title"],
            "properties": {"title": {"type": "string", "const": "title"}},
            "anyOf": [{"items": {"type": "null"}}],
            "enum": [{"title": "kept"}],
        });
        assert_eq!(schema(&whole), small);
    }
}
