//! What changed in the contracts between two states of the repository, and which readers a change breaks.

mod events;
mod fields;
mod markdown;
mod readers;
mod templates;

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Serialize;
use serde_json::Value;

use crate::check::{self, Failure};
use crate::compat::Answer;
use crate::proofs::Proofs;
use crate::repository::{EventName, Reader, Repository};
use crate::window;

/// The checks that report what is neither proven nor refuted.
const UNPROVEN: [&str; 1] = ["reader-proven"];

/// All changes; incompatible ones come first.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Diff {
    /// The worst verdict of all changes.
    pub verdict: Verdict,
    /// The changes, the worst verdict first.
    pub changes: Vec<Change>,
    /// The checks that were not run because the code was left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub skipped: Vec<&'static str>,
}

/// Whether a change breaks a reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It breaks none: proven.
    Compatible,
    /// Neither proven nor refuted, and no reviewed exception accepts it.
    Unknown,
    /// It breaks at least one.
    Incompatible,
}

/// One change of a contract.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// The event version, the job or the service that changed.
    pub subject: String,
    /// What changed, in a sentence.
    pub what: String,
    /// The change in detail, field by field.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<String>,
    /// Whether it breaks a reader.
    pub verdict: Verdict,
    /// The service that publishes the event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub publisher: Option<String>,
    /// The jobs that read the event, as `<service>/<job>`.
    pub readers: Vec<String>,
    /// The readers that it breaks.
    #[serde(rename = "hurts", skip_serializing_if = "Vec::is_empty")]
    pub broken_readers: Vec<BrokenReader>,
    /// What to do instead.
    #[serde(rename = "way_out", skip_serializing_if = "Option::is_none")]
    pub solution: Option<String>,
}

/// A reader that a change breaks.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BrokenReader {
    /// The reading job: `<service>/<job>`.
    pub reader: String,
    /// What it cannot read, or no longer gets.
    pub reason: String,
    /// An event's `detail` that shows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub witness: Option<Value>,
}

/// Two states of the repository.
pub(crate) struct Pair<'a> {
    base: &'a Repository,
    head: &'a Repository,
    today: Date,
    proofs: &'a Proofs,
}

/// Compares two states of the repository.
#[must_use]
pub fn between(base: &Repository, head: &Repository, today: Date) -> Diff {
    between_with(base, head, today, &Proofs::default())
}

fn between_with(base: &Repository, head: &Repository, today: Date, proofs: &Proofs) -> Diff {
    let pair = Pair { base, head, today, proofs };
    let mut changes = events::changes(&pair);
    changes.extend(readers::changes(&pair));
    changes.extend(templates::changes(&pair));
    changes.sort_by_key(|change| std::cmp::Reverse(change.verdict));
    let verdict = changes.iter().map(|change| change.verdict).max().unwrap_or(Verdict::Compatible);
    Diff { verdict, changes, skipped: Vec::new() }
}

/// Compares two states as [`between`] does, with the proofs of the checks of the new one, and adds what they found.
#[must_use]
pub fn with_checks(base: &Repository, head: &Repository, today: Date, failures: &[Failure], proofs: &Proofs) -> Diff {
    let mut diff = between_with(base, head, today, proofs);
    diff.changes.extend(failures.iter().cloned().map(Change::failing));
    diff.changes.sort_by_key(|change| std::cmp::Reverse(change.verdict));
    diff.verdict = diff.changes.iter().map(|change| change.verdict).max().unwrap_or(Verdict::Compatible);
    diff.skipped = check::skipped(head);
    diff
}

impl Diff {
    /// The difference as Markdown for a pull request.
    #[must_use]
    pub fn markdown(&self) -> String {
        markdown::write(self)
    }
}

impl Change {
    fn new(subject: &(impl ToString + ?Sized), what: impl Into<String>) -> Self {
        Self {
            subject: subject.to_string(),
            what: what.into(),
            details: Vec::new(),
            verdict: Verdict::Compatible,
            publisher: None,
            readers: Vec::new(),
            broken_readers: Vec::new(),
            solution: None,
        }
    }

    /// A change of an event version, with its publisher and its readers before and after.
    fn for_event(pair: &Pair<'_>, name: &EventName, what: impl Into<String>) -> Self {
        let readers = pair.base.readers_of(name).chain(pair.head.readers_of(name)).map(Reader::subject);
        let mut readers: Vec<String> = readers.collect();
        readers.sort();
        readers.dedup();
        Self { publisher: Some(name.service.clone()), readers, ..Self::new(name, what) }
    }

    /// A finding of a check: nothing is proven about a tree that does not hold.
    fn failing(failure: Failure) -> Self {
        let Failure { rule, finding } = failure;
        let place = format!("in {} {}", finding.file, finding.pointer.unwrap_or_default());
        let verdict = if UNPROVEN.contains(&rule) { Verdict::Unknown } else { Verdict::Incompatible };
        Self {
            verdict,
            details: vec![place.trim_end().to_owned()],
            solution: Some(finding.advice),
            ..Self::new(&finding.subject, format!("the check `{rule}` does not hold: {}", finding.problem))
        }
    }

    fn with_broken_readers(mut self, broken_readers: Vec<BrokenReader>, solution: String) -> Self {
        if !broken_readers.is_empty() {
            (self.verdict, self.solution) = (Verdict::Incompatible, Some(solution));
            self.broken_readers.extend(broken_readers);
        }
        self
    }
}

impl Change {
    /// Takes the worst of several verdicts, and each broken reader once.
    fn add_reader_verdicts(&mut self, verdicts: impl Iterator<Item = ReaderVerdict>) {
        for ReaderVerdict { verdict, broken } in verdicts {
            self.verdict = self.verdict.max(verdict);
            let is_known =
                |broken: &BrokenReader| self.broken_readers.iter().any(|known| known.reader == broken.reader);
            let new = broken.filter(|broken| !is_known(broken));
            self.broken_readers.extend(new);
        }
    }
}

/// Whether a reader can read what a publisher sends.
struct ReaderVerdict {
    verdict: Verdict,
    broken: Option<BrokenReader>,
}

impl Pair<'_> {
    /// Whether a reader can read every event of a schema.
    fn reader_verdict(&self, writer: &Value, reader: &Reader) -> ReaderVerdict {
        let broken = |verdict, reason: String, witness| {
            let broken = BrokenReader { reader: reader.subject(), reason, witness };
            ReaderVerdict { verdict, broken: Some(broken) }
        };
        let compatible = ReaderVerdict { verdict: Verdict::Compatible, broken: None };
        let schemas = [self.proofs.schema(writer), self.proofs.schema(&reader.schema)];
        if let Some(error) = schemas.iter().find_map(|schema| schema.as_ref().as_ref().err()) {
            return broken(Verdict::Unknown, crate::words::chain(error), None);
        }
        let is_accepted = || self.head.exceptions.accepts("reader-proven", &reader.subject(), self.today);
        match self.proofs.reads(writer, &reader.schema) {
            Answer::Always => compatible,
            Answer::Unknown { .. } if is_accepted() => compatible,
            Answer::Unknown { reason, .. } => broken(Verdict::Unknown, format!("not proven: {reason}"), None),
            Answer::Refuted { reason, witness, .. } => broken(Verdict::Incompatible, reason, Some(witness)),
        }
    }

    /// Whether events of a version can still reach a service, now or from a queue or the archive.
    fn can_arrive(&self, service: &str, name: &EventName) -> bool {
        let Some(release) = self.head.releases.get(name) else { return self.head.schemas.contains_key(name) };
        release.retired.is_none() || window::last_day(self.head, service, name).is_none_or(|day| day >= self.today)
    }
}

/// How to change an event in several deployments that break no reader.
fn expand_and_contract(name: &EventName, readers: &[String]) -> String {
    let next = EventName { version: name.version + 1, ..name.clone() };
    let readers = if readers.is_empty() { "the readers".to_owned() } else { crate::words::list(readers) };
    format!(
        "Expand and contract. 1. Keep {name} as it was and add {next}; {publisher} publishes both (dual publishing). \
         2. {readers}: read {next} and keep reading {name}, or convert old events to the new version (an upcaster). \
         3. When all of them are deployed, retire {name}: {publisher} publishes only {next}. \
         4. Remove the readers of {name} when `cargo ops contracts window` no longer lists it. `cargo ops contracts \
         can-deploy` tells when each step can be deployed.",
        publisher = name.service,
    )
}

/// The keys of both maps, sorted.
fn keys<'a, K: Ord + Clone, V>(left: &'a BTreeMap<K, V>, right: &'a BTreeMap<K, V>) -> Vec<&'a K> {
    let mut keys: Vec<&K> = left.keys().chain(right.keys()).collect();
    keys.sort();
    keys.dedup();
    keys
}
