//! What a change does to the files and to what the Rust types say; false where it changes nothing.

#![allow(clippy::unwrap_used, reason = "parts of tests: they fail by panicking")]

use std::collections::BTreeSet;

use contracts::repository::{EventName, Repository};
use contracts::topology::Rule;
use contracts::versions;
use serde_json::{Value, json};

use super::Workspace;
use crate::repository::today;
use crate::templates::{add_resource, edit_events, edit_pattern, rule};

pub(super) fn in_text(workspace: &mut Workspace, path: &str, change: impl Fn(&str) -> String) -> bool {
    let Some(text) = workspace.tree.text(path) else { return false };
    let changed = change(text);
    let differs = changed != text;
    workspace.tree.put(path, changed);
    differs
}

/// Changes every file with a path that begins so.
pub(super) fn in_texts(workspace: &mut Workspace, starts: &[String], change: impl Fn(&str) -> String) {
    let files = workspace.tree.all().filter(|(path, _)| starts.iter().any(|start| path.starts_with(start)));
    let files: Vec<(String, String)> = files.map(|(path, text)| (path.to_owned(), change(text))).collect();
    for (path, text) in files {
        workspace.tree.put(&path, text);
    }
}

fn in_json(workspace: &mut Workspace, path: &str, change: impl Fn(&mut Value) -> bool) -> bool {
    let Some(text) = workspace.tree.text(path) else { return false };
    let mut value: Value = serde_json::from_str(text).unwrap();
    let changed = change(&mut value);
    workspace.tree.put(path, format!("{value:#}\n"));
    changed
}

pub(super) fn in_schema(workspace: &mut Workspace, name: &EventName, change: impl Fn(&mut Value) -> bool) -> bool {
    in_json(workspace, &name.schema_file(), change)
}

pub(super) fn in_example(workspace: &mut Workspace, name: &EventName, change: impl Fn(&mut Value) -> bool) -> bool {
    in_json(workspace, &name.example_file(), change)
}

pub(super) fn in_versions(workspace: &mut Workspace, change: impl Fn(&mut Value) -> bool) -> bool {
    in_json(workspace, versions::FILE, change)
}

pub(super) fn typed(
    workspace: &mut Workspace,
    name: &EventName,
    change: impl Fn(&mut contracts::code::TypeDocument),
) -> bool {
    let found = workspace.code.types.iter_mut().find(|typed| typed.schema == name.to_string());
    found.map(change).is_some()
}

pub(super) fn in_type(workspace: &mut Workspace, name: &EventName, change: impl Fn(&mut Value) -> bool) -> bool {
    let found = workspace.code.types.iter_mut().find(|typed| typed.schema == name.to_string());
    found.is_some_and(|typed| change(&mut typed.document))
}

pub(super) fn without_type(workspace: &mut Workspace, name: &EventName) -> bool {
    let before = workspace.code.types.len();
    workspace.code.types.retain(|typed| typed.schema != name.to_string());
    workspace.code.types.len() < before
}

/// A field that a reader of ours requires changes in type, file and release together, as if the version were released
/// again.
pub(super) fn everywhere(workspace: &mut Workspace, name: &EventName, change: fn(&mut Value, &str) -> bool) -> bool {
    let Some(field) = read_field(workspace, name) else { return false };
    let change = |schema: &mut Value| change(data(schema), &field);
    let done = in_type(workspace, name, change) && in_schema(workspace, name, change);
    let schema = serde_json::from_str(workspace.tree.text(&name.schema_file()).unwrap()).unwrap();
    let hash = versions::hash(&schema);
    done && in_versions(workspace, |versions| set(&mut versions[name.to_string()], "sha256", json!(hash)))
}

/// How a rule selects an event version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Selection {
    /// It selects no other version.
    Only,
    /// It selects versions of other events too, by separate alternatives.
    AmongOthers,
    /// It selects the same event of other publishers too, by the same alternative.
    OfSeveralPublishers,
}

/// How the rules that select an event version do so, each way once.
pub(super) fn selections(workspace: &Workspace, name: &EventName) -> Vec<Selection> {
    let repository = Repository::new(workspace.tree.clone(), None);
    let selected = |name: &EventName, rule: &Rule| rule.selects(&name.source(), &name.detail_type());
    let rules = repository.rules().map(|(_, rule)| rule).filter(|rule| selected(name, rule));
    let ways: BTreeSet<Selection> = rules
        .map(|rule| {
            let others = repository.published().map(|(other, _)| other).filter(|other| *other != name);
            let others: Vec<&EventName> = others.filter(|other| selected(other, rule)).collect();
            match others.iter().map(|other| other.event == name.event).max() {
                None => Selection::Only,
                Some(false) => Selection::AmongOthers,
                Some(true) => Selection::OfSeveralPublishers,
            }
        })
        .collect();
    ways.into_iter().collect()
}

/// The version is retired on the day of the checks.
pub(super) fn retired(workspace: &mut Workspace, name: &EventName) -> bool {
    in_versions(workspace, |versions| set(&mut versions[name.to_string()], "retired", json!(today())))
}

/// A reader of an event of any publisher.
pub(super) fn reader_file(workspace: &Workspace, name: &EventName) -> Option<String> {
    let end = format!("/{}.json", name.detail_type());
    let mut files = workspace.tree.below("services").map(|(path, _)| path);
    files.find(|path| path.contains("/reads/") && path.ends_with(&end)).map(str::to_owned)
}

/// The first field of its data that a reader requires.
fn read_field(workspace: &Workspace, name: &EventName) -> Option<String> {
    let reader: Value = serde_json::from_str(workspace.tree.text(&reader_file(workspace, name)?)?).unwrap();
    first(&reader["properties"]["data"])
}

/// Like [`in_schema`]; false for a draft, which may change.
pub(super) fn in_released(workspace: &mut Workspace, name: &EventName, change: fn(&mut Value) -> bool) -> bool {
    is_released(workspace, name) && in_schema(workspace, name, |schema| change(data(schema)))
}

pub(super) fn is_released(workspace: &Workspace, name: &EventName) -> bool {
    let versions: Value = serde_json::from_str(workspace.tree.text(versions::FILE).unwrap()).unwrap();
    versions[name.to_string()]["released"].is_string()
}

pub(super) fn in_reader(workspace: &mut Workspace, name: &EventName, change: impl Fn(&mut Value) -> bool) -> bool {
    reader_file(workspace, name).is_some_and(|file| in_json(workspace, &file, change))
}

/// What the code of a reader gives.
pub(super) fn in_read_code(workspace: &mut Workspace, name: &EventName, change: impl Fn(&mut Value) -> bool) -> bool {
    let Some(file) = reader_file(workspace, name) else { return false };
    workspace.code.reads.get_mut(&file).is_some_and(change)
}

/// A second rule of the same function with the same pattern.
pub(super) fn duplicate_rule(workspace: &mut Workspace, name: &EventName) -> bool {
    edit_events(&mut workspace.tree, name, |events, rule| events["Second"] = events[rule].clone())
}

/// A queue as a second target of events that a function gets.
pub(super) fn to_queue(workspace: &mut Workspace, name: &EventName) -> bool {
    let Some(place) = rule(&workspace.tree, name) else { return false };
    let pattern = json!({"source": [name.source()], "detail-type": [name.detail_type()]});
    let target = json!({"Id": "q", "Arn": {"Fn::GetAtt": "Dlq.Arn"}});
    let rule = json!({"Type": "AWS::Events::Rule", "Properties": {"EventPattern": pattern, "Targets": [target]}});
    add_resource(&mut workspace.tree, &place.service, rule)
}

/// Another service publishes the event too, without a field that a reader requires, and the reader's rule selects the
/// events of all publishers.
pub(super) fn second_publisher(workspace: &mut Workspace, name: &EventName) -> bool {
    let Some(place) = rule(&workspace.tree, name) else { return false };
    let file = format!("services/{}/reads/{}/{}.json", place.service, place.job, name.detail_type());
    let Some(mut reader) = parsed(workspace, &file) else { return false };
    let Some(field) = first(&reader["properties"]["data"]) else { return false };
    reader["properties"]["metadata"]["properties"]["schema"] = json!({"type": "string"});
    let other = EventName { service: "other".to_owned(), ..name.clone() };
    let Some(mut schema) = parsed(workspace, &name.schema_file()) else { return false };
    schema["properties"]["metadata"]["properties"]["schema"]["const"] = json!(other.to_string());
    relax_field(data(&mut schema), &field);
    workspace.tree.put(&file, reader.to_string());
    workspace.tree.put(&other.schema_file(), schema.to_string());
    edit_pattern(&mut workspace.tree, name, |pattern| pattern["source"] = json!([{"prefix": "busline."}]))
}

fn parsed(workspace: &Workspace, path: &str) -> Option<Value> {
    Some(serde_json::from_str(workspace.tree.text(path)?).unwrap())
}

pub(super) fn without_examples(workspace: &mut Workspace, name: &EventName) -> bool {
    let start = name.example_file().replace(".json", ".");
    let files: Vec<String> =
        workspace.tree.all().map(|(path, _)| path.to_owned()).filter(|path| path.starts_with(&start)).collect();
    files.iter().filter(|file| workspace.tree.remove(file).is_some()).count() > 0
}

pub(super) fn unbuilt(workspace: &mut Workspace, name: &EventName) -> bool {
    let folder = format!("services/{}/src/", name.service);
    in_texts(workspace, &[folder], |text| text.replace(&name.type_name(), "Nothing"));
    true
}

/// Generates the documentation again, as its command would.
pub(super) fn regenerated(workspace: &mut Workspace) -> bool {
    let repository = contracts::repository::Repository::new(workspace.tree.clone(), None);
    let contents = contracts::catalog::contents::Contents::from_repository(&repository).unwrap();
    let files = contracts::catalog::files(&contents);
    for (path, text) in files {
        workspace.tree.put(&path, text);
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

pub(super) fn name_another_schema(schema: &mut Value) -> bool {
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
