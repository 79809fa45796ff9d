//! The changes of files between the commands of the document.

use std::fs;

use contracts::repository::EventName;
use contracts::repository::tree::Tree;
use contracts::schemas;
use contracts::versions::{self, Versions};
use jiff::civil::date;
use serde_json::{Value, json};

use super::Copy;

const OLD: &str = "events/schemas/todos/TodoCompleted/v1.json";
const NEW: &str = "events/schemas/todos/TodoCompleted/v2.json";
const EXAMPLE: &str = "events/examples/todos/TodoCompleted/v1.json";
const SOURCES: &str = "services/todos/src";
const TEMPLATE: &str = "services/notifications/template.yaml";
const README: &str = "services/notifications/README.md";

/// Applies a change by its name.
pub(super) fn apply(copy: &Copy, step: &str) {
    match step {
        "rename in place" => {
            copy.change(OLD, renamed);
            copy.change(EXAMPLE, |text| text.replace("\"title\"", "\"summary\""));
        }
        "undo" => assert_eq!(copy.run("git checkout --quiet . && git checkout --quiet -b summary"), ""),
        "expand" => expand(copy),
        "commit" => copy.commit("true", "A second version of TodoCompleted"),
        "retire" => retire(copy),
        other => panic!("there is no step `{other}`"),
    }
}

impl Copy {
    fn text(&self, path: &str) -> String {
        fs::read_to_string(self.folder.path().join(path)).unwrap()
    }

    fn change(&self, path: &str, change: impl Fn(&str) -> String) {
        let text = self.text(path);
        let changed = change(&text);
        assert_ne!(text, changed, "{path}");
        self.put(path, &changed);
    }
}

/// The field `title` of the data is called `summary`.
fn renamed(text: &str) -> String {
    let mut schema: Value = serde_json::from_str(text).unwrap();
    let data = &mut schema["properties"]["data"];
    let field = data["properties"].as_object_mut().unwrap().remove("title").unwrap();
    data["properties"]["summary"] = field;
    for name in data["required"].as_array_mut().unwrap() {
        if name == "title" {
            *name = json!("summary");
        }
    }
    for example in schema.get_mut("examples").and_then(Value::as_array_mut).into_iter().flatten() {
        let title = example["data"].as_object_mut().unwrap().remove("title").unwrap();
        example["data"]["summary"] = title;
    }
    schemas::text(&schema)
}

fn second_version(text: &str) -> String {
    text.replace("TodoCompleted/v1", "TodoCompleted/v2")
        .replace("TodoCompleted.v1", "TodoCompleted.v2")
        .replace("TodoCompleted v1", "TodoCompleted v2")
}

/// The publisher publishes both versions; the subscriber's rules select the new one, and its old readers stay.
fn expand(copy: &Copy) {
    copy.put(NEW, &second_version(&renamed(&copy.text(OLD))));
    let example = second_version(&copy.text(EXAMPLE)).replace("\"title\"", "\"summary\"");
    copy.put(&EXAMPLE.replace("v1", "v2"), &example);
    let name = EventName::parse("todos/TodoCompleted/v2").unwrap().to_string();
    copy.change(versions::FILE, |text| {
        let mut versions = Versions::parse(text).unwrap();
        let schema: Value = serde_json::from_str(&copy.text(NEW)).unwrap();
        versions.release(&name, &schema, date(2026, 11, 21)).unwrap();
        versions.text()
    });
    copy.publish_both();
    for reader in copy.readers() {
        let second = copy.text(&reader).replace("\"title\"", "\"summary\"");
        copy.put(&reader.replace(".v1", ".v2"), &second_version(&second));
    }
    for file in [TEMPLATE, README] {
        copy.change(file, |text| text.replace("TodoCompleted.v1", "TodoCompleted.v2"));
    }
}

impl Copy {
    /// Has a source file of the publisher build the type of the second version next to the first.
    fn publish_both(&self) {
        let tree = Tree::read(self.folder.path()).unwrap();
        let first = "TodoCompletedV1 {";
        let (path, text) = tree.below(SOURCES).find(|(_, text)| text.contains(first)).unwrap();
        let line = text.lines().find(|line| line.contains(first)).unwrap();
        self.put(path, &text.replacen(line, &format!("{};\n{line}", line.replace("V1 {", "V2 {")), 1));
    }

    /// The files of what the subscriber reads of the first version.
    fn readers(&self) -> Vec<String> {
        let tree = Tree::read(self.folder.path()).unwrap();
        let paths = tree.below("services/notifications/reads").map(|(path, _)| path.to_owned());
        paths.filter(|path| path.ends_with("/TodoCompleted.v1.json")).collect()
    }
}

/// The publisher publishes only the second version.
fn retire(copy: &Copy) {
    copy.change(versions::FILE, |text| {
        let mut versions = Versions::parse(text).unwrap();
        versions.0.get_mut("todos/TodoCompleted/v1").unwrap().retired = Some(date(2026, 11, 21));
        versions.text()
    });
}
