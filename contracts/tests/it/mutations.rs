//! The mutation test: for each event, many changes to type, schema, rule, permission, example and documentation, one at
//! a time. Each must be caught by the check that is there for it.
//!
//! Most changes are made in memory. What the Rust types say is changed twice: as the document that they give, for each
//! event, and for real, in a copy of the source ([`rust_types`]).

#![allow(clippy::print_stdout, reason = "the score is printed")]

mod changes;
mod kinds;
mod lost;
mod omissions;
mod rust_types;
mod smuggled;
mod smuggled_templates;

use std::collections::BTreeMap;
use std::num::NonZero;
use std::thread::{self, available_parallelism};

use contracts::check::{self, Failure, Finding};
use contracts::code::CodeSchemas;
use contracts::deploy;
use contracts::diff;
use contracts::proofs::Proofs;
use contracts::repository::tree::Tree;
use contracts::repository::{EventName, Repository};

use self::kinds::{BESIDE, HARMLESS, KINDS};
use self::lost::{LOST, UNCAUGHT};
use self::smuggled::{SMUGGLED, as_permitted_resource};
use self::smuggled_templates::TEMPLATES;
use crate::repository::{Subject, code, describe, here, today, tree};

/// What a mutation changes.
#[derive(Clone)]
pub(crate) struct Workspace {
    pub(crate) tree: Tree,
    /// What the code gives: its types, and what its jobs read.
    pub(crate) code: CodeSchemas,
}

impl Workspace {
    fn here() -> Self {
        Self { tree: tree(), code: code() }
    }
}

/// One kind of change, the check that must catch it, and the change; false where the event has nothing to change so.
pub(crate) type Kind = (&'static str, &'static str, fn(&mut Workspace, &EventName) -> bool);

/// Fewer kinds than this for an event would be no test.
const FEWEST_KINDS: usize = 15;

/// Fewer smuggled changes than this would leave out kinds that are known.
const FEWEST_SMUGGLED: usize = 200;

#[test]
#[ignore = "hundreds of changes, for a minute or two: cargo xtask test --only contracts runs it"]
fn each_change_of_a_contract_is_caught_by_the_check_for_it() {
    let whole = Workspace::here();
    let names: Vec<EventName> = Repository::new(whole.tree.clone(), None).schemas.into_keys().collect();
    let threads = available_parallelism().map_or(1, NonZero::get);
    let shares = names.chunks(names.len().div_ceil(threads));
    let shares: Vec<Tally> = thread::scope(|scope| {
        let running: Vec<_> = shares.map(|names| scope.spawn(|| try_each(&whole, names))).collect();
        running.into_iter().map(|share| share.join().unwrap()).collect()
    });
    let mut tally = Tally::default();
    for share in shares {
        tally.add(share);
    }
    tally.print(names.len());
    assert!(tally.missed.is_empty(), "survivors:\n{}", tally.missed.join("\n"));
}

/// Makes every kind of change to each of some events.
fn try_each(whole: &Workspace, names: &[EventName]) -> Tally {
    let proofs = Proofs::default();
    let mut tally = Tally::default();
    for name in names {
        let mut made = 0;
        for (kind, expected, change) in KINDS.into_iter().chain(BESIDE) {
            let mut workspace = whole.clone();
            if !change(&mut workspace, name) {
                continue;
            }
            made += 1;
            let row = tally.kinds.entry(kind).or_default();
            row.made += 1;
            match caught(workspace, expected, &proofs) {
                Ok(message) => (row.caught, row.message) = (row.caught + 1, message),
                Err(others) => tally.missed.push(format!("{name}: {kind}: {expected} did not catch it, {others}")),
            }
        }
        assert!(made >= FEWEST_KINDS, "{name}: {made} kinds of change apply, at least {FEWEST_KINDS} must");
    }
    tally
}

/// What became of the changes, by their kinds.
#[derive(Default)]
struct Tally {
    kinds: BTreeMap<&'static str, Row>,
    missed: Vec<String>,
}

#[derive(Default)]
struct Row {
    made: usize,
    caught: usize,
    /// What the check said last.
    message: String,
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.missed.extend(other.missed);
        for (kind, row) in other.kinds {
            let sum = self.kinds.entry(kind).or_default();
            *sum = Row { made: sum.made + row.made, caught: sum.caught + row.caught, message: row.message };
        }
    }

    fn print(&self, events: usize) {
        for (kind, Row { made, caught, message }) in &self.kinds {
            println!("{caught:>2} of {made:>2}  {kind}\n    {}", message.replace('\n', "\n    "));
        }
        let (made, caught) = self.kinds.values().fold((0, 0), |sum, row| (sum.0 + row.made, sum.1 + row.caught));
        println!("\nMutation score: {caught} of {made} changes caught, {} kinds, {events} events", self.kinds.len());
    }
}

#[test]
#[ignore = "dozens of changes, for a minute or two: cargo xtask test --only contracts runs it"]
fn each_smuggled_change_is_caught_by_check_and_diff_and_can_deploy() {
    let (whole, subject) = (Workspace::here(), Subject::find());
    let changes: Vec<Kind> = SMUGGLED.into_iter().chain(LOST).chain(TEMPLATES).collect();
    let threads = available_parallelism().map_or(1, NonZero::get);
    let shares = changes.chunks(changes.len().div_ceil(threads));
    let missed: Vec<String> = thread::scope(|scope| {
        let running: Vec<_> = shares.map(|share| scope.spawn(|| smuggle(&whole, &subject, share))).collect();
        running.into_iter().flat_map(|share| share.join().unwrap()).collect()
    });
    println!("\n{} of {} smuggled changes caught by three reports each", changes.len() - missed.len(), changes.len());
    assert!(missed.is_empty(), "survivors:\n{}", missed.join("\n"));
    assert!(changes.len() >= FEWEST_SMUGGLED);
}

/// Makes changes one by one; those that one of the three reports misses.
fn smuggle(whole: &Workspace, subject: &Subject, changes: &[Kind]) -> Vec<String> {
    let (proofs, base) = (Proofs::default(), Repository::new(whole.tree.clone(), None));
    let made = changes.iter().map(|(kind, expected, change)| {
        let mut workspace = whole.clone();
        assert!(change(&mut workspace, &subject.name), "{kind}: there is nothing to change");
        let head = Repository::new(workspace.tree, Some(workspace.code));
        let missing = missing_reports(&base, &head, expected, subject, &proofs);
        println!("{}  {kind}", if missing.is_empty() { "caught" } else { "MISSED" });
        (!missing.is_empty()).then(|| format!("{kind}: {}", missing.join(", ")))
    });
    made.flatten().collect()
}

/// The reports that do not name the check that must find a change.
fn missing_reports(
    base: &Repository,
    head: &Repository,
    expected: &str,
    subject: &Subject,
    proofs: &Proofs,
) -> Vec<String> {
    let failures = check::failed(&check::run_with(head, today(), proofs));
    let mut missing = Vec::new();
    if !failures.iter().any(|failure| failure.rule == expected) {
        let others: Vec<&str> = failures.iter().map(|failure| failure.rule).collect();
        missing.push(format!("{expected} did not catch it, but {others:?} did"));
    }
    let difference = diff::with_checks(base, head, today(), &failures, proofs);
    let is_named = difference.markdown().contains(&format!("the check `{expected}` does not hold"));
    if difference.verdict == diff::Verdict::Compatible || !is_named {
        missing.push("`diff` does not name it".to_owned());
    }
    let deployed = deploy::service_contracts(base);
    for service in [&subject.name.service, &subject.reader.service] {
        let decision = deploy::decide(head, &deployed, service, today(), &failures, proofs);
        if decision.allows() || !decision.describe(service, "prod").contains(&format!("{expected}: ")) {
            missing.push(format!("`can-deploy {service}` does not refuse it by name"));
        }
    }
    missing
}

#[test]
fn what_is_listed_as_not_catchable_is_caught_by_no_report() {
    let (whole, subject, proofs) = (Workspace::here(), Subject::find(), Proofs::default());
    for (kind, reason, change) in UNCAUGHT {
        let mut workspace = whole.clone();
        assert!(change(&mut workspace, &subject.name), "{kind}: there is nothing to change");
        let failures = check::failing(&Repository::new(workspace.tree, Some(workspace.code)), today(), &proofs);
        let found: Vec<&str> = failures.iter().map(|failure| failure.rule).collect();
        assert!(found.is_empty(), "{kind} is caught by {found:?}: list it with the kinds that must be");
        println!("not caught  {kind}: {reason}");
    }
}

#[test]
fn whatever_a_check_finds_is_in_the_difference_and_refuses_the_deployment() {
    let (base, proofs) = (here(), Proofs::default());
    let finding = |rule| vec![Failure { rule, finding: finding_of(rule) }];
    for (rule, verdict) in [
        ("files-readable", diff::Verdict::Incompatible),
        ("job-not-stopped", diff::Verdict::Incompatible),
        ("reader-proven", diff::Verdict::Unknown),
    ] {
        let difference = diff::with_checks(&base, &base, today(), &finding(rule), &proofs);
        assert_eq!((difference.verdict, difference.changes.len()), (verdict, 1), "{rule}");
        assert!(difference.markdown().contains(&format!("the check `{rule}` does not hold: it is wrong")), "{rule}");
        let service = base.services.keys().next().unwrap();
        let decision = deploy::decide(&base, &deploy::Services::new(), service, today(), &finding(rule), &proofs);
        assert!(
            !decision.allows() && decision.describe(service, "prod").contains(&format!("{rule}: it is wrong")),
            "{rule}"
        );
    }
    let difference = diff::with_checks(&base, &base, today(), &[], &proofs);
    assert_eq!(difference.verdict, diff::Verdict::Compatible);
}

fn finding_of(rule: &str) -> Finding {
    Finding {
        subject: rule.to_owned(),
        file: "a.json".to_owned(),
        pointer: None,
        problem: "it is wrong".to_owned(),
        advice: "correct it".to_owned(),
        witness: None,
        accepted: None,
    }
}

#[test]
fn a_rule_may_be_a_separate_resource_with_its_permission() {
    let name = Subject::find().name;
    let mut workspace = Workspace::here();
    assert!(as_permitted_resource(&mut workspace, &name));
    let checked = check::run(&Repository::new(workspace.tree, Some(workspace.code)), today());
    let found: Vec<String> = check::failures(&checked).map(|(rule, finding)| describe(rule, finding)).collect();
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn changes_that_no_check_catches_are_harmless() {
    let whole = Workspace::here();
    let name = Subject::find().name;
    println!("Survivors, each harmless:");
    for (kind, reason, change) in HARMLESS {
        let mut workspace = whole.clone();
        assert!(change(&mut workspace, &name), "{kind}");
        let checked = check::run(&Repository::new(workspace.tree, Some(workspace.code)), today());
        let found: Vec<&str> = check::failures(&checked).map(|(rule, _)| rule).collect();
        assert!(found.is_empty(), "{kind} is caught by {found:?}: list it with the kinds that must be");
        println!("  {kind}: {reason}");
    }
}

/// The message of the check that must catch a change, or the names of those that did instead.
fn caught(workspace: Workspace, expected: &str, proofs: &Proofs) -> Result<String, String> {
    let repository = Repository::new(workspace.tree, Some(workspace.code));
    let checked = check::run_with(&repository, today(), proofs);
    let found: Vec<(&str, String)> =
        check::failures(&checked).map(|(rule, finding)| (rule, describe(rule, finding))).collect();
    match found.iter().find(|(rule, _)| *rule == expected) {
        Some((_, message)) => Ok(message.clone()),
        None => Err(format!("but {:?} did", found.iter().map(|(rule, _)| *rule).collect::<Vec<_>>())),
    }
}
