//! The fields of a schema, and a description of how they differ.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::words;

/// The deepest level of fields that is compared; our events have three levels.
const MAX_DEPTH: usize = 8;

/// Keywords with their description.
const BOUNDS: [(&str, &str); 13] = [
    ("format", "format"),
    ("pattern", "pattern"),
    ("minLength", "characters at least"),
    ("maxLength", "characters at most"),
    ("minimum", "at least"),
    ("maximum", "at most"),
    ("exclusiveMinimum", "more than"),
    ("exclusiveMaximum", "less than"),
    ("multipleOf", "a multiple of"),
    ("minItems", "items at least"),
    ("maxItems", "items at most"),
    ("uniqueItems", "no two alike"),
    ("additionalProperties", "other fields"),
];

/// One field of a schema.
#[derive(Clone, Debug, PartialEq)]
struct Field {
    description: String,
    schema: Value,
    need: Need,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Need {
    Required,
    Optional,
}

/// What differs between the fields of two schemas.
pub(super) fn changes(old: &Value, new: &Value) -> Vec<String> {
    let (old, new) = (fields_of(old), fields_of(new));
    let removed: Vec<&String> = old.keys().filter(|path| !new.contains_key(*path)).collect();
    let mut added: Vec<&String> = new.keys().filter(|path| !old.contains_key(*path)).collect();
    let mut changes = Vec::new();
    for path in removed {
        let twin =
            added.iter().position(|other| new[*other].schema == old[path].schema && parent(other) == parent(path));
        match twin.map(|at| added.remove(at)) {
            Some(twin) => {
                changes.push(format!(
                    "field `{path}` was renamed to `{twin}`, or replaced by it ({})",
                    new[twin].description
                ));
            }
            None => changes.push(format!("field `{path}` was removed ({})", old[path].description)),
        }
    }
    changes.extend(added.into_iter().map(|path| format!("field `{path}` was added ({})", new[path].description)));
    for (path, before) in &old {
        let Some(after) = new.get(path).filter(|after| *after != before) else { continue };
        changes.push(format!("field `{path}`: was {}, is {}", before.description, after.description));
    }
    changes
}

/// The names of the fields of an event's data.
pub(super) fn names(schema: &Value) -> Vec<String> {
    fields_of(schema).into_keys().filter_map(|path| path.strip_prefix("data.").map(str::to_owned)).collect()
}

fn fields_of(schema: &Value) -> BTreeMap<String, Field> {
    let mut fields = BTreeMap::new();
    collect(schema, schema, "", &mut fields, MAX_DEPTH);
    fields
}

fn collect(document: &Value, schema: &Value, path: &str, fields: &mut BTreeMap<String, Field>, depth: usize) {
    let schema = words::resolve(document, schema);
    if depth == 0 {
        return;
    }
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        let property = words::resolve(document, property);
        let is_required =
            schema["required"].as_array().is_some_and(|names| names.iter().any(|required| required == name));
        let need = if is_required { Need::Required } else { Need::Optional };
        fields
            .insert(path.clone(), Field { description: describe(property, need), schema: constraints(property), need });
        collect(document, property, &path, fields, depth - 1);
    }
    if let Some(items) = schema.get("items") {
        let items = words::resolve(document, items);
        let path = format!("{path}[]");
        if !items["type"].is_null() || items.get("properties").is_some() {
            fields.insert(
                path.clone(),
                Field {
                    description: describe(items, Need::Optional),
                    schema: constraints(items),
                    need: Need::Optional,
                },
            );
        }
        collect(document, items, &path, fields, depth - 1);
    }
}

/// The keywords that constrain the value itself, without those for its fields.
fn constraints(schema: &Value) -> Value {
    const ELSEWHERE: [&str; 8] =
        ["properties", "items", "required", "title", "description", "examples", "$comment", "$defs"];
    let Some(keywords) = schema.as_object() else { return schema.clone() };
    keywords
        .iter()
        .filter(|(name, _)| !ELSEWHERE.contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

fn describe(schema: &Value, need: Need) -> String {
    let kind = match (&schema["type"], schema.get("const"), schema.get("enum")) {
        (_, Some(value), _) => format!("always {value}"),
        (_, _, Some(Value::Array(values))) => {
            format!("one of {}", values.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
        }
        (Value::String(name), ..) => name.clone(),
        (Value::Array(names), ..) => names.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or "),
        _ => "any value".to_owned(),
    };
    let bounds =
        BOUNDS.iter().filter_map(|(keyword, means)| Some(format!("{means} {}", words::short(schema.get(keyword)?))));
    let need = if need == Need::Required { "required" } else { "optional" };
    [kind].into_iter().chain(bounds).chain([need.to_owned()]).collect::<Vec<_>>().join(", ")
}

fn parent(path: &str) -> &str {
    path.rsplit_once('.').map_or("", |(parent, _)| parent)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schema(properties: &Value, required: &[&str]) -> Value {
        json!({"type": "object", "properties": properties, "required": required})
    }

    #[test]
    fn a_renamed_field_is_recognized() {
        let old = schema(&json!({"completedAt": {"type": "string", "format": "date-time"}}), &["completedAt"]);
        let new = schema(&json!({"doneAt": {"type": "string", "format": "date-time"}}), &["doneAt"]);
        let changes = changes(&old, &new);
        assert_eq!(
            changes,
            ["field `completedAt` was renamed to `doneAt`, or replaced by it (string, format \"date-time\", required)"]
        );
    }

    #[test]
    fn bounds_and_needs_are_compared_field_by_field() {
        let old = schema(&json!({"a": {"type": "string", "maxLength": 200}, "b": {"type": "null"}}), &["a"]);
        let new = schema(&json!({"a": {"type": "string", "maxLength": 100}, "b": {"type": "null"}}), &["a", "b"]);
        assert_eq!(
            changes(&old, &new),
            [
                "field `a`: was string, characters at most 200, required, is string, characters at most 100, required",
                "field `b`: was null, optional, is null, required"
            ]
        );
    }

    #[test]
    fn a_change_of_descriptions_only_is_no_change() {
        let old = schema(&json!({"a": {"type": "string", "description": "x"}}), &[]);
        let new = schema(&json!({"a": {"type": "string", "description": "y"}}), &[]);
        assert!(changes(&old, &new).is_empty());
    }
}
