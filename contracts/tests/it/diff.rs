//! The difference that a pull request shows.

#![allow(clippy::unwrap_used, reason = "parts of tests: they fail by panicking")]

use contracts::diff::{self, Verdict};
use contracts::repository::Repository;
use contracts::repository::tree::Tree;
use contracts::{versions, window};
use jiff::civil::date;
use serde_json::{Value, json};

use crate::repository::{Subject, changed, here, relax, root, today, tree};
use crate::templates::{add_statement, edit_pattern, edit_statement};

#[test]
fn equal_repositories_have_no_changes() {
    let diff = diff::between(&here(), &here(), today());
    assert_eq!((diff.verdict, diff.changes.len()), (Verdict::Compatible, 0));
    assert!(diff.markdown().contains("No contract between services has changed"));
}

#[test]
fn a_change_names_the_readers_that_break_and_the_solution() {
    let subject = Subject::find();
    let head = changed(&subject.name.schema_file(), |schema| relax(schema, &subject.field));
    let diff = diff::between(&here(), &head, today());
    assert_eq!(diff.verdict, Verdict::Incompatible);
    let change = &diff.changes[0];
    let publisher = Some(subject.name.service.as_str());
    assert_eq!((&*change.subject, change.publisher.as_deref()), (&*subject.name.to_string(), publisher));
    let hurt = change.broken_readers.iter().find(|hurt| hurt.reader == subject.reader.subject()).unwrap();
    assert!(hurt.witness.is_some() && change.solution.as_ref().unwrap().starts_with("Expand and contract"));
    let field = format!("`data.{}`", subject.field);
    assert!(change.details[0].contains(&field) && change.details[0].contains("optional"), "{:?}", change.details);
}

#[test]
fn a_reader_that_requires_less_breaks_nothing() {
    let subject = Subject::find();
    let head = changed(&subject.reader.file, |schema| relax(schema, &subject.field));
    let diff = diff::between(&here(), &head, today());
    assert_eq!((diff.verdict, diff.changes.len()), (Verdict::Compatible, 1));
}

#[test]
fn a_service_that_may_no_longer_publish_breaks_its_readers() {
    let service = Subject::find().name.service;
    let mut tree = tree();
    assert!(edit_statement(&mut tree, &service, |statement| statement["Action"] = json!("events:DescribeRule")));
    let diff = diff::between(&here(), &Repository::new(tree, None), today());
    assert_eq!(diff.verdict, Verdict::Incompatible);
    assert_eq!(diff.changes[0].subject, service);
}

#[test]
fn a_rule_that_no_longer_selects_an_event_breaks_its_job() {
    let Subject { name, .. } = Subject::find();
    let mut tree = tree();
    assert!(edit_pattern(&mut tree, &name, |pattern| pattern["source"] = json!(["busline.other"])));
    let diff = diff::between(&here(), &Repository::new(tree, None), today());
    assert_eq!(diff.verdict, Verdict::Incompatible);
    assert!(diff.changes[0].broken_readers[0].reason.contains(&name.to_string()), "{:?}", diff.changes[0]);
}

#[test]
fn a_commit_is_read_as_its_files_are() {
    let tree = Tree::from_commit(&root(), "HEAD").unwrap();
    let file = Repository::template_file(&Subject::find().name.service);
    assert!(tree.text(&file).unwrap().contains("events:source: busline."));
    assert!(tree.template(&file).is_ok(), "included files are read from the same commit");
    let error = Tree::from_commit(&root(), "no-such-commit").unwrap_err();
    assert!(error.to_string().contains("no-such-commit"), "{error}");
}

#[test]
fn a_retired_version_is_read_until_nothing_keeps_it() {
    let name = Subject::find().name.to_string();
    let retired = |reader: &str| {
        let mut tree = tree();
        let mut table: Value = serde_json::from_str(tree.text(versions::FILE).unwrap()).unwrap();
        table[&name]["retired"] = json!("2026-12-01");
        tree.put(versions::FILE, table.to_string());
        tree.remove(reader);
        Repository::new(tree, None)
    };
    let with = retired("none");
    let rows = |repository: &Repository, day| -> Vec<window::Row> {
        window::rows(repository, day).into_iter().filter(|row| row.event == name).collect()
    };
    let row = &rows(&with, date(2026, 12, 31))[0];
    assert!(row.passes() && row.describe().contains("until 2026-12-31 (archive, 30 days)"), "{}", row.describe());
    assert!(rows(&with, date(2027, 1, 1)).is_empty());
}

#[test]
fn a_date_of_retirement_is_neither_in_the_past_nor_changed() {
    let name = Subject::find().name.to_string();
    let with = |released: Value, retired: Value| {
        changed(versions::FILE, |table| {
            table[&name]["released"] = released;
            table[&name]["retired"] = retired;
        })
    };
    let (day, released) = (date(2026, 12, 1), || json!("2026-11-21"));
    let of = |base: &Repository, head: &Repository| {
        let diff = diff::between(base, head, day);
        diff.changes.into_iter().find(|change| change.subject == name)
    };
    let untrue = [
        (json!(null), json!("2026-11-30")),
        (json!("2026-11-25"), json!("2026-11-22")),
        (json!("2026-11-25"), json!("2026-11-30")),
    ];
    for (before, after) in untrue {
        let change = of(&with(released(), before), &with(released(), after)).unwrap();
        assert_eq!(change.verdict, Verdict::Incompatible, "{change:?}");
        assert!(change.solution.unwrap().contains("how long old events must be read"));
    }
    assert_eq!(of(&with(released(), json!("2026-11-25")), &with(released(), json!("2026-11-25"))), None);
}

#[test]
fn a_released_version_never_becomes_a_draft_again() {
    let name = Subject::find().name.to_string();
    let head =
        changed(versions::FILE, |table| table[&name] = json!({"released": null, "retired": null, "sha256": null}));
    let diff = diff::between(&here(), &head, today());
    assert_eq!(diff.verdict, Verdict::Incompatible);
    assert!(diff.changes[0].what.contains("made a draft again"), "{:?}", diff.changes[0]);
}

#[test]
fn a_part_of_a_template_that_is_not_understood_may_break_readers() {
    let mut tree = tree();
    let deny = json!({"Effect": "Deny", "Action": "*", "Resource": "*"});
    assert!(add_statement(&mut tree, &Subject::find().name.service, deny));
    let diff = diff::between(&here(), &Repository::new(tree, None), today());
    assert_eq!((diff.verdict, diff.changes.len()), (Verdict::Unknown, 1));
    assert!(diff.changes[0].details[0].contains("not understood"), "{:?}", diff.changes[0]);
}
