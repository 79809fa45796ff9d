//! What a pull request is told.

#![allow(clippy::unwrap_used, reason = "parts of tests: they fail by panicking")]

use contracts::diff::{self, Verdict};
use contracts::repository::Repository;
use contracts::repository::tree::Tree;
use contracts::{versions, window};
use jiff::civil::date;
use serde_json::{Value, json};

use crate::repository::{here, root, today, tree};

const NAME: &str = "todos/TodoCompleted/v1";

fn changed(path: &str, change: impl Fn(&mut Value)) -> Repository {
    let mut tree: Tree = tree();
    let mut value: Value = serde_json::from_str(tree.text(path).unwrap()).unwrap();
    change(&mut value);
    tree.put(path, value.to_string());
    Repository::of(tree, None)
}

#[test]
fn nothing_changed_is_nothing_to_say() {
    let diff = diff::between(&here(), &here(), today());
    assert_eq!((diff.verdict, diff.changes.len()), (Verdict::Compatible, 0));
    assert!(diff.markdown().contains("Nothing that services promise each other has changed"));
}

#[test]
fn a_change_names_whom_it_hurts_and_the_way_out() {
    let head = changed(&format!("events/schemas/{NAME}.json"), |schema| {
        schema["properties"]["data"]["required"] = json!(["todoId", "ownerId", "completedAt"]);
    });
    let diff = diff::between(&here(), &head, today());
    assert_eq!(diff.verdict, Verdict::Incompatible);
    let change = &diff.changes[0];
    assert_eq!((&*change.subject, change.publisher.as_deref()), (NAME, Some("todos")));
    assert_eq!(change.hurts[0].reader, "notifications/todo-completed");
    assert!(change.hurts[0].witness.is_some() && change.way_out.as_ref().unwrap().starts_with("Expand and contract"));
    assert!(
        change.details[0].contains("`data.title`") && change.details[0].contains("optional"),
        "{:?}",
        change.details
    );
}

#[test]
fn a_reader_that_asks_for_less_hurts_nobody() {
    let head = changed("services/notifications/reads/todo-completed/TodoCompleted.v1.json", |schema| {
        schema["properties"]["data"]["required"] = json!(["todoId"]);
    });
    let diff = diff::between(&here(), &head, today());
    assert_eq!((diff.verdict, diff.changes.len()), (Verdict::Compatible, 1));
}

#[test]
fn a_service_that_may_no_longer_publish_hurts_its_readers() {
    let mut tree = tree();
    let path = "services/todos/template.yaml";
    let text = tree.text(path).unwrap().replace("Action: events:PutEvents", "Action: events:DescribeRule");
    tree.put(path, text);
    let diff = diff::between(&here(), &Repository::of(tree, None), today());
    assert_eq!(diff.verdict, Verdict::Incompatible);
    assert_eq!(diff.changes[0].subject, "todos");
}

#[test]
fn a_commit_is_read_as_its_files_are() {
    let tree = Tree::of_commit(&root(), "HEAD").unwrap();
    assert!(tree.text("services/todos/template.yaml").unwrap().contains("busline.todos"));
    let error = Tree::of_commit(&root(), "no-such-commit").unwrap_err();
    assert!(error.to_string().contains("no-such-commit"), "{error}");
}

#[test]
fn a_retired_version_must_be_read_until_nothing_keeps_it() {
    let retired = |reader: &str| {
        let mut tree = tree();
        let mut table: Value = serde_json::from_str(tree.text(versions::FILE).unwrap()).unwrap();
        table[NAME]["retired"] = json!("2026-12-01");
        tree.put(versions::FILE, table.to_string());
        tree.remove(reader);
        Repository::of(tree, None)
    };
    let with = retired("none");
    let rows = |repository: &Repository, day| -> Vec<window::Row> {
        window::of(repository, day).into_iter().filter(|row| row.event == NAME).collect()
    };
    let row = &rows(&with, date(2026, 12, 31))[0];
    assert!(row.holds() && row.says().contains("until 2026-12-31 (archive, 30 days)"), "{}", row.says());
    assert!(rows(&with, date(2027, 1, 1)).is_empty());
}

#[test]
fn a_day_of_retirement_is_neither_dated_back_nor_moved() {
    let with = |released: Value, retired: Value| {
        changed(versions::FILE, |table| {
            table[NAME]["released"] = released.clone();
            table[NAME]["retired"] = retired.clone();
        })
    };
    let (day, released) = (date(2026, 12, 1), || json!("2026-11-21"));
    let of = |base: &Repository, head: &Repository| {
        let diff = diff::between(base, head, day);
        diff.changes.into_iter().find(|change| change.subject == NAME)
    };
    let untrue = [
        (json!(null), json!("2026-11-30")),
        (json!("2026-11-25"), json!("2026-11-22")),
        (json!("2026-11-25"), json!("2026-11-30")),
    ];
    for (before, after) in untrue {
        let change = of(&with(released(), before), &with(released(), after)).unwrap();
        assert_eq!(change.verdict, Verdict::Incompatible, "{change:?}");
        assert!(change.way_out.unwrap().contains("how long old events must be read"));
    }
    assert_eq!(of(&with(released(), json!("2026-11-25")), &with(released(), json!("2026-11-25"))), None);
}

#[test]
fn a_released_version_is_never_a_draft_again() {
    let head =
        changed(versions::FILE, |table| table[NAME] = json!({"released": null, "retired": null, "sha256": null}));
    let diff = diff::between(&here(), &head, today());
    assert_eq!(diff.verdict, Verdict::Incompatible);
    assert!(diff.changes[0].what.contains("made a draft again"), "{:?}", diff.changes[0]);
}

#[test]
fn what_a_template_says_that_is_not_understood_may_hurt() {
    let mut tree = tree();
    let path = "services/todos/template.yaml";
    let deny = "- {Effect: Deny, Action: '*', Resource: '*'}\n              - Effect: Allow\n";
    let text = tree.text(path).unwrap().replacen("- Effect: Allow\n", deny, 1);
    tree.put(path, text);
    let diff = diff::between(&here(), &Repository::of(tree, None), today());
    assert_eq!((diff.verdict, diff.changes.len()), (Verdict::Unknown, 1));
    assert!(diff.changes[0].details[0].contains("not understood"), "{:?}", diff.changes[0]);
}
