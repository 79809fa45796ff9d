//! The fields of a schema as text.

use serde_json::Value;

pub(super) struct Field {
    /// Its name; with dots where it is inside others.
    pub(super) path: String,
    /// Its allowed values as text.
    pub(super) kind: String,
    pub(super) description: String,
}

/// The fields of an object's schema, those of objects in it too, required ones first.
pub(super) fn list(schema: &Value) -> Vec<Field> {
    let required = names(&schema["required"]);
    let properties = schema["properties"].as_object();
    let optional = properties.into_iter().flatten().map(|(name, _)| name.as_str());
    let optional = optional.filter(|name| !required.contains(name));
    let mut fields = Vec::new();
    for name in required.iter().copied().chain(optional) {
        let property = &schema["properties"][name];
        let absent = if required.contains(&name) { "" } else { ", or absent" };
        let description = property["description"].as_str().unwrap_or_default().to_owned();
        fields.push(Field { path: name.to_owned(), kind: kind(property) + absent, description });
        fields
            .extend(list(property).into_iter().map(|inner| Field { path: format!("{name}.{}", inner.path), ..inner }));
    }
    fields
}

/// Whether a schema names a field.
pub(super) fn has(schema: &Value, path: &str) -> bool {
    let inner = |schema: &Value, name: &str| schema["properties"].get(name).cloned();
    path.split('.').try_fold(schema.clone(), |schema, name| inner(&schema, name)).is_some()
}

/// The allowed values as text.
fn kind(schema: &Value) -> String {
    let count = |keyword: &str| schema[keyword].as_u64();
    if let Some(values) = schema["enum"].as_array() {
        let values: Vec<String> = values.iter().map(|value| format!("`{}`", plain(value))).collect();
        return format!("one of {}", values.join(", "));
    }
    match (schema["type"].as_str(), schema["format"].as_str()) {
        (Some("string"), Some("uuid")) => "UUID".to_owned(),
        (Some("string"), Some("date-time")) => "RFC 3339 time".to_owned(),
        (Some("string"), Some("email")) => {
            format!("e-mail address{}", range(" of", count("minLength"), count("maxLength"), "characters"))
        }
        (Some("string"), _) => match schema["pattern"].as_str() {
            Some(pattern) => format!("text like `{}`", pattern.replace('|', "\\|")),
            None => format!("text{}", range(" of", count("minLength"), count("maxLength"), "characters")),
        },
        (Some("integer"), _) => format!("integer{}", range(",", count("minimum"), count("maximum"), "")),
        (Some("array"), _) => {
            let alike = if schema["uniqueItems"] == true { ", no two alike" } else { "" };
            let list = range(" of", count("minItems"), count("maxItems"), "values");
            format!("list{list}{alike}; each {}", kind(&schema["items"]))
        }
        (Some(other), _) => other.to_owned(),
        (None, _) => "anything".to_owned(),
    }
}

fn range(before: &str, least: Option<u64>, most: Option<u64>, unit: &str) -> String {
    let text = match (least, most) {
        (Some(least), Some(most)) => format!("{before} {least} to {most} {unit}"),
        (Some(least), None) => format!("{before} at least {least} {unit}"),
        (None, Some(most)) => format!("{before} at most {most} {unit}"),
        (None, None) => return String::new(),
    };
    text.trim_end().to_owned()
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn names(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_field_is_described_as_text() {
        let schema = json!({
            "type": "object",
            "required": ["title"],
            "properties": {
                "labels": {
                    "type": "array", "maxItems": 20, "uniqueItems": true,
                    "items": {"type": "string", "minLength": 1, "maxLength": 50}
                },
                "title": {"type": "string", "minLength": 1, "maxLength": 200, "description": "What to do."},
                "place": {"type": "object", "properties": {"floor": {"type": "integer", "minimum": 0}}}
            }
        });
        let described: Vec<(String, String)> =
            list(&schema).into_iter().map(|field| (field.path, field.kind)).collect();
        let expected = [
            ("title", "text of 1 to 200 characters"),
            ("labels", "list of at most 20 values, no two alike; each text of 1 to 50 characters, or absent"),
            ("place", "object, or absent"),
            ("place.floor", "integer, at least 0, or absent"),
        ];
        assert_eq!(described, expected.map(|(path, kind)| (path.to_owned(), kind.to_owned())));
        assert!(has(&schema, "place.floor") && !has(&schema, "place.room") && !has(&schema, "title.x"));
    }
}
