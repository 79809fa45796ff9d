//! What Anna changes, as files.

use std::fs;

use contracts::repository::EventName;
use contracts::schemas;
use contracts::versions::{self, Versions};
use jiff::civil::date;
use serde_json::{Value, json};

use super::Copy;

const OLD: &str = "events/schemas/todos/TodoCompleted/v1.json";
const NEW: &str = "events/schemas/todos/TodoCompleted/v2.json";
const EXAMPLE: &str = "events/examples/todos/TodoCompleted/v1.json";
const TEMPLATE: &str = "services/notifications/template.yaml";

/// Takes a step of the story by its name.
pub(super) fn take(copy: &Copy, step: &str) {
    match step {
        "rename in place" => {
            copy.change(OLD, renamed);
            copy.change(EXAMPLE, |text| text.replace("\"title\"", "\"summary\""));
        }
        "undo" => assert_eq!(copy.run("git checkout --quiet . && git checkout --quiet -b summary"), ""),
        "expand" => expand(copy),
        "commit" => copy.commit("true", "A second version of TodoCompleted"),
        "retire" => retire(copy),
        other => panic!("the story knows no step `{other}`"),
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
        .replace("todo-completed/", "todo-completed-v2/")
        .replace("todo-completed reads", "todo-completed-v2 reads")
}

/// The publisher publishes both versions; the subscriber's rules move to the new one, and its old readers stay.
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
    copy.change("services/todos/src/store/event.rs", |text| {
        let old = "row(change, cause, TodoCompletedV1 {";
        text.replacen(old, &format!("row(change, cause, TodoCompletedV2 {{ todo_id, owner_id, summary: title.clone(), completed_at: *at }});\n            {old}"), 1)
    });
    let reader = "services/notifications/reads/todo-completed/TodoCompleted.v1.json";
    let second = second_version(&renamed(&copy.text(reader)));
    copy.put("services/notifications/reads/todo-completed-v2/TodoCompleted.v2.json", &second);
    let agenda = "services/notifications/reads/update-agenda/TodoCompleted.v1.json";
    copy.put(&agenda.replace(".v1", ".v2"), &second_version(&renamed(&copy.text(agenda))));
    // It looks at the owner alone.
    let push = "services/notifications/reads/push-todos/TodoCompleted.v1.json";
    copy.put(&push.replace(".v1", ".v2"), &second_version(&copy.text(push)));
    copy.change(TEMPLATE, |text| {
        let start = text.find("  TodoCompleted:\n").unwrap();
        let end = start + text[start..].find("  TodoCompletedRole:").unwrap();
        let function = &text[start..end];
        let without_rule = {
            let events = function.find("      Events:\n").unwrap();
            let after = events + function[events..].find("      EventInvokeConfig:").unwrap();
            format!("{}{}", &function[..events], &function[after..])
        };
        let second = second_version(function)
            .replace("  TodoCompleted:", "  TodoCompletedV2:")
            .replace("notifications-todo-completed", "notifications-todo-completed-v2")
            .replace("Handler: todo-completed", "Handler: todo-completed-v2");
        let others = text[end..].replace("TodoCompleted.v1", "TodoCompleted.v2");
        format!("{}{without_rule}{second}{others}", &text[..start])
    });
}

/// The publisher publishes the second version alone.
fn retire(copy: &Copy) {
    copy.change(versions::FILE, |text| {
        let mut versions = Versions::parse(text).unwrap();
        versions.0.get_mut("todos/TodoCompleted/v1").unwrap().retired = Some(date(2026, 11, 21));
        versions.text()
    });
}
