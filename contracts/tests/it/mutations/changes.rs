//! What a change does to the files and to what the Rust types say; false where it changes nothing.

#![allow(clippy::unwrap_used, reason = "parts of tests: they fail by panicking")]

use contracts::repository::EventName;
use contracts::versions;
use serde_json::{Value, json};

use super::Ground;

pub(super) fn in_text(ground: &mut Ground, path: &str, change: impl Fn(&str) -> String) -> bool {
    let Some(text) = ground.tree.text(path) else { return false };
    let changed = change(text);
    let differs = changed != text;
    ground.tree.put(path, changed);
    differs
}

fn in_json(ground: &mut Ground, path: &str, change: impl Fn(&mut Value) -> bool) -> bool {
    let Some(text) = ground.tree.text(path) else { return false };
    let mut value: Value = serde_json::from_str(text).unwrap();
    let changed = change(&mut value);
    ground.tree.put(path, format!("{value:#}\n"));
    changed
}

pub(super) fn in_schema(ground: &mut Ground, name: &EventName, change: impl Fn(&mut Value) -> bool) -> bool {
    in_json(ground, &name.schema_file(), change)
}

pub(super) fn in_example(ground: &mut Ground, name: &EventName, change: impl Fn(&mut Value) -> bool) -> bool {
    in_json(ground, &name.example_file(), change)
}

pub(super) fn in_versions(ground: &mut Ground, change: impl Fn(&mut Value) -> bool) -> bool {
    in_json(ground, versions::FILE, change)
}

pub(super) fn typed(
    ground: &mut Ground,
    name: &EventName,
    change: impl Fn(&mut contracts::repository::TypeDocument),
) -> bool {
    let found = ground.types.iter_mut().find(|typed| typed.schema == name.to_string());
    found.map(change).is_some()
}

pub(super) fn in_type(ground: &mut Ground, name: &EventName, change: impl Fn(&mut Value) -> bool) -> bool {
    let found = ground.types.iter_mut().find(|typed| typed.schema == name.to_string());
    found.is_some_and(|typed| change(&mut typed.document))
}

pub(super) fn without_type(ground: &mut Ground, name: &EventName) -> bool {
    let before = ground.types.len();
    ground.types.retain(|typed| typed.schema != name.to_string());
    ground.types.len() < before
}

/// A field that a reader of ours requires changes in type, file and release together, as if the version were released
/// anew.
pub(super) fn everywhere(ground: &mut Ground, name: &EventName, change: fn(&mut Value, &str) -> bool) -> bool {
    let Some(field) = read_field(ground, name) else { return false };
    let change = |schema: &mut Value| change(data(schema), &field);
    let done = in_type(ground, name, change) && in_schema(ground, name, change);
    let schema = serde_json::from_str(ground.tree.text(&name.schema_file()).unwrap()).unwrap();
    let hash = versions::hash(&schema);
    done && in_versions(ground, |versions| set(&mut versions[name.to_string()], "sha256", json!(hash)))
}

pub(super) fn reader_file(ground: &Ground, name: &EventName) -> Option<String> {
    let end = format!("/{}.json", name.detail_type());
    let mut files = ground.tree.below("services").map(|(path, _)| path);
    files.find(|path| path.contains("/reads/") && path.ends_with(&end)).map(str::to_owned)
}

/// The first field of its data that a reader requires.
fn read_field(ground: &Ground, name: &EventName) -> Option<String> {
    let reader: Value = serde_json::from_str(ground.tree.text(&reader_file(ground, name)?)?).unwrap();
    first(&reader["properties"]["data"])
}

/// As [`in_schema`]; false for a draft, whose schema may change.
pub(super) fn in_released(ground: &mut Ground, name: &EventName, change: fn(&mut Value) -> bool) -> bool {
    is_released(ground, name) && in_schema(ground, name, |schema| change(data(schema)))
}

pub(super) fn is_released(ground: &Ground, name: &EventName) -> bool {
    let versions: Value = serde_json::from_str(ground.tree.text(versions::FILE).unwrap()).unwrap();
    versions[name.to_string()]["released"].is_string()
}

pub(super) fn in_reader(ground: &mut Ground, name: &EventName, change: impl Fn(&mut Value) -> bool) -> bool {
    reader_file(ground, name).is_some_and(|file| in_json(ground, &file, change))
}

/// Where the first rule for an event is: its template and its pattern's text.
pub(super) fn rule(ground: &Ground, name: &EventName) -> Option<(String, String)> {
    let pattern = format!("{{source: [{}], detail-type: [{}]}}", name.source(), name.detail_type());
    let mut templates = ground.tree.below("services").filter(|(path, _)| path.ends_with("template.yaml"));
    templates.find(|(_, text)| text.contains(&pattern)).map(|(path, _)| (path.to_owned(), pattern))
}

pub(super) fn in_pattern(ground: &mut Ground, name: &EventName, change: impl Fn(&str) -> String) -> bool {
    let Some((path, pattern)) = rule(ground, name) else { return false };
    in_text(ground, &path, |text| text.replacen(&pattern, &change(&pattern), 1))
}

pub(super) fn before_pattern(ground: &mut Ground, name: &EventName, old: &str, new: &str) -> bool {
    let Some((path, pattern)) = rule(ground, name) else { return false };
    in_text(ground, &path, |text| {
        let (before, after) = text.split_once(&pattern).unwrap();
        let at = before.rfind(old).unwrap();
        format!("{}{new}{}{pattern}{after}", &before[..at], &before[at + old.len()..])
    })
}

pub(super) fn after_pattern(ground: &mut Ground, name: &EventName, old: &str, new: &str) -> bool {
    let Some((path, pattern)) = rule(ground, name) else { return false };
    in_text(ground, &path, |text| {
        let (before, after) = text.split_once(&pattern).unwrap();
        format!("{before}{pattern}{}", after.replacen(old, new, 1))
    })
}

pub(super) fn in_publisher(ground: &mut Ground, name: &EventName, old: &str, new: &str) -> bool {
    let path = format!("services/{}/template.yaml", name.service);
    in_text(ground, &path, |text| text.replacen(old, new, 1))
}

/// One more statement of the publisher's role.
pub(super) fn beside_statement(ground: &mut Ground, name: &EventName, statement: &str) -> bool {
    let old = "              - Effect: Allow\n                Action: events:PutEvents";
    in_publisher(ground, name, old, &format!("              - {statement}\n{old}"))
}

/// A second rule of the same function with the same pattern.
pub(super) fn doubled(ground: &mut Ground, name: &EventName) -> bool {
    let Some((path, pattern)) = rule(ground, name) else { return false };
    in_text(ground, &path, |text| {
        let (before, _) = text.split_once(&pattern).unwrap();
        let events = "      Events:\n";
        let at = before.rfind(events).unwrap() + events.len();
        let properties = format!("{{EventBusName: !Ref BusName, Pattern: {pattern}}}");
        let second = format!("        Second: {{Type: EventBridgeRule, Properties: {properties}}}\n");
        format!("{}{second}{}", &text[..at], &text[at..])
    })
}

/// Another function gets the publisher's role.
pub(super) fn lend_role(ground: &mut Ground, name: &EventName) -> bool {
    let path = format!("services/{}/template.yaml", name.service);
    in_text(ground, &path, |text| {
        let at = text.find("      Role: !GetAtt ").unwrap();
        let end = at + text[at..].find('\n').unwrap();
        format!("{}      Role: !GetAtt PublishRole.Arn{}", &text[..at], &text[end..])
    })
}

pub(super) fn without_examples(ground: &mut Ground, name: &EventName) -> bool {
    let start = name.example_file().replace(".json", ".");
    let files: Vec<String> =
        ground.tree.all().map(|(path, _)| path.to_owned()).filter(|path| path.starts_with(&start)).collect();
    files.iter().filter(|file| ground.tree.remove(file).is_some()).count() > 0
}

pub(super) fn unbuilt(ground: &mut Ground, name: &EventName) -> bool {
    let folder = format!("services/{}/src", name.service);
    let files: Vec<(String, String)> = ground
        .tree
        .below(&folder)
        .map(|(path, text)| (path.to_owned(), text.replace(&name.type_name(), "Nothing")))
        .collect();
    for (path, text) in files {
        ground.tree.put(&path, text);
    }
    true
}

/// Writes the documentation anew, as its command would.
pub(super) fn regenerated(ground: &mut Ground) -> bool {
    let contents = contracts::catalog::contents::Contents::of(ground.tree.all()).unwrap();
    let files = contracts::catalog::files(&contents);
    for (path, text) in files {
        ground.tree.put(&path, text);
    }
    true
}

pub(super) fn data(schema: &mut Value) -> &mut Value {
    &mut schema["properties"]["data"]
}

pub(super) fn set(object: &mut Value, key: &str, value: Value) -> bool {
    let changes = object[key] != value;
    object[key] = value;
    changes
}

/// The first required property.
fn first(object: &Value) -> Option<String> {
    object["required"].get(0).and_then(Value::as_str).map(str::to_owned)
}

pub(super) fn rename(object: &mut Value) -> bool {
    let Some(name) = object["required"].as_array().and_then(|names| names.last()?.as_str().map(str::to_owned)) else {
        return false;
    };
    rename_field(object, &name)
}

pub(super) fn rename_field(object: &mut Value, name: &str) -> bool {
    let new = format!("{name}X");
    let Some(property) = object["properties"].as_object_mut().and_then(|properties| properties.remove(name)) else {
        return false;
    };
    object["properties"][&new] = property;
    for required in object["required"].as_array_mut().unwrap() {
        if required == name {
            *required = json!(new);
        }
    }
    true
}

pub(super) fn remove(object: &mut Value) -> bool {
    let Some(name) = first(object) else { return false };
    object["properties"].as_object_mut().unwrap().remove(&name);
    object["required"].as_array_mut().unwrap().retain(|required| *required != name);
    true
}

pub(super) fn retype(object: &mut Value) -> bool {
    first(object).is_some_and(|name| retype_field(object, &name))
}

pub(super) fn retype_field(object: &mut Value, name: &str) -> bool {
    object["properties"][name] = json!({"type": "integer"});
    true
}

pub(super) fn relax(object: &mut Value) -> bool {
    first(object).is_some_and(|name| relax_field(object, &name))
}

pub(super) fn relax_field(object: &mut Value, name: &str) -> bool {
    object["required"].as_array_mut().unwrap().retain(|required| required != name);
    true
}

pub(super) fn loosen(object: &mut Value) -> bool {
    let mut properties = object["properties"].as_object_mut().into_iter().flatten();
    properties.any(|(_, property)| {
        let keywords = property.as_object_mut().unwrap();
        ["maxLength", "format", "maxItems"].iter().any(|keyword| keywords.remove(*keyword).is_some())
    })
}

pub(super) fn add(object: &mut Value, need: &str) -> bool {
    object["properties"]["newField"] = json!({"type": "string"});
    if need == "required" {
        object["required"].as_array_mut().unwrap().push(json!("newField"));
    }
    true
}

pub(super) fn open(object: &mut Value) -> bool {
    object.as_object_mut().unwrap().remove("additionalProperties").is_some()
}

pub(super) fn misname(schema: &mut Value) -> bool {
    set(&mut schema["properties"]["metadata"]["properties"]["schema"], "const", json!("other/Other/v1"))
}

/// Texts without a format, which are sent longer than three characters.
pub(super) fn shorten(object: &mut Value) -> bool {
    let mut properties = object["properties"].as_object_mut().into_iter().flatten();
    properties.any(|(_, property)| {
        let is_text = property["type"] == "string";
        if is_text {
            property["maxLength"] = json!(3);
        }
        is_text
    })
}

pub(super) fn remove_value(data: &mut Value) -> bool {
    let fields = data.as_object_mut().unwrap();
    let required = ["todoId", "userId"].iter().find(|name| fields.contains_key(**name)).copied();
    required.is_some_and(|name| fields.remove(name).is_some())
}
