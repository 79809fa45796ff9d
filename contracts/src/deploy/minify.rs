//! A schema without what no verdict depends on.

use serde_json::Value;

use crate::compat::essence;

const ANNOTATIONS: [&str; 9] =
    ["$schema", "$id", "$comment", "title", "description", "examples", "default", "deprecated", "readOnly"];

/// Takes the annotations out of a schema and the schemas in it; a property may well be called `title`.
pub(super) fn schema(value: &Value) -> Value {
    essence::of(value, &mut |keyword| !ANNOTATIONS.contains(&keyword))
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
