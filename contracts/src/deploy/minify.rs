//! A schema without the annotations, on which no verdict depends.

use serde_json::Value;

use crate::compat::essence;

const ANNOTATIONS: [&str; 9] =
    ["$schema", "$id", "$comment", "title", "description", "examples", "default", "deprecated", "readOnly"];

/// Removes the annotations of a schema and of the schemas in it. A property that is called `title` stays.
pub(super) fn schema(value: &Value) -> Value {
    essence::with_keywords(value, &mut |keyword| !ANNOTATIONS.contains(&keyword))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn annotations_are_removed_and_properties_of_the_same_name_stay() {
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
