//! What changed in the contracts between two states of the repository, as a person would put it.

mod events;
mod fields;
mod markdown;
mod readers;
mod templates;

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Serialize;
use serde_json::Value;

use crate::compat::{self, Answer, Schema};
use crate::repository::{EventName, Reader, Repository};
use crate::window;

/// All changes, the worst first.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Diff {
    /// The worst verdict of all changes.
    pub verdict: Verdict,
    /// What changed.
    pub changes: Vec<Change>,
}

/// Whether a change hurts someone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Nobody.
    Compatible,
    /// Neither proven nor refuted, and nobody has signed it off.
    Unknown,
    /// It does.
    Incompatible,
}

/// One change.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// What it is about: an event version, a job, a service.
    pub subject: String,
    /// What changed, in a sentence.
    pub what: String,
    /// The change in detail, field by field.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<String>,
    /// Whether it hurts someone.
    pub verdict: Verdict,
    /// Who publishes the event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub publisher: Option<String>,
    /// Which jobs read it.
    pub readers: Vec<String>,
    /// Whom it hurts, and how.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hurts: Vec<Hurt>,
    /// What to do instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub way_out: Option<String>,
}

/// Someone whom a change hurts.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Hurt {
    /// Service and job.
    pub reader: String,
    /// How, in words.
    pub reason: String,
    /// A `detail` that shows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub witness: Option<Value>,
}

/// Two states of the repository.
pub(crate) struct Pair<'a> {
    base: &'a Repository,
    head: &'a Repository,
    today: Date,
}

/// Compares two states of the repository.
#[must_use]
pub fn between(base: &Repository, head: &Repository, today: Date) -> Diff {
    let pair = Pair { base, head, today };
    let mut changes = events::changes(&pair);
    changes.extend(readers::changes(&pair));
    changes.extend(templates::changes(&pair));
    changes.sort_by_key(|change| std::cmp::Reverse(change.verdict));
    let verdict = changes.iter().map(|change| change.verdict).max().unwrap_or(Verdict::Compatible);
    Diff { verdict, changes }
}

impl Diff {
    /// As Markdown for a pull request.
    #[must_use]
    pub fn markdown(&self) -> String {
        markdown::of(self)
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
            hurts: Vec::new(),
            way_out: None,
        }
    }

    /// Of an event version: with its publisher and its readers before and after.
    fn of_event(pair: &Pair<'_>, name: &EventName, what: impl Into<String>) -> Self {
        let readers = pair.base.readers_of(name).chain(pair.head.readers_of(name)).map(Reader::subject);
        let mut readers: Vec<String> = readers.collect();
        readers.sort();
        readers.dedup();
        Self { publisher: Some(name.service.clone()), readers, ..Self::new(name, what) }
    }

    fn hurting(mut self, hurts: Vec<Hurt>, way_out: String) -> Self {
        if !hurts.is_empty() {
            (self.verdict, self.hurts, self.way_out) = (Verdict::Incompatible, hurts, Some(way_out));
        }
        self
    }
}

/// How one side reads what the other side emits.
struct Reading {
    verdict: Verdict,
    hurt: Option<Hurt>,
}

impl Pair<'_> {
    /// Whether a reader reads every event of a schema.
    fn reading(&self, writer: &Value, reader: &Reader) -> Reading {
        let of = |verdict, hurt: Hurt| Reading { verdict, hurt: Some(hurt) };
        let hurt = |reason: String, witness| Hurt { reader: reader.subject(), reason, witness };
        let (writer, schema) = match (Schema::parse(writer.clone()), Schema::parse(reader.schema.clone())) {
            (Ok(writer), Ok(schema)) => (writer, schema),
            (Err(error), _) | (_, Err(error)) => return of(Verdict::Unknown, hurt(crate::words::chain(&error), None)),
        };
        let signed_off = || self.head.exceptions.accepts("reader-proven", &reader.subject(), self.today);
        match compat::reads(&writer, &schema) {
            Answer::Always => Reading { verdict: Verdict::Compatible, hurt: None },
            Answer::Unknown { .. } if signed_off() => Reading { verdict: Verdict::Compatible, hurt: None },
            Answer::Unknown { reason, .. } => of(Verdict::Unknown, hurt(format!("not proven: {reason}"), None)),
            Answer::Refuted { reason, witness, .. } => of(Verdict::Incompatible, hurt(reason, Some(witness))),
        }
    }

    /// Whether events of a version can still come to a service, now or out of a queue or the archive.
    fn can_come(&self, service: &str, name: &EventName) -> bool {
        let Some(release) = self.head.releases.get(name) else { return self.head.schemas.contains_key(name) };
        release.retired.is_none() || window::last_day(self.head, service, name).is_none_or(|day| day >= self.today)
    }
}

/// The way in which one service alone cannot change an event, and several deployments can.
fn expand_and_contract(name: &EventName, readers: &[String]) -> String {
    let next = EventName { version: name.version + 1, ..name.clone() };
    let readers = if readers.is_empty() { "the readers".to_owned() } else { crate::words::list(readers) };
    format!(
        "Expand and contract. 1. Leave {name} as it was and add {next} beside it; {publisher} publishes both (dual publishing). \
         2. {readers}: read {next} and keep reading {name}, or turn the old into the new on the way in (an upcaster). \
         3. When all of them are deployed, retire {name}: {publisher} publishes {next} alone. \
         4. Take the readers of {name} out when `cargo ops contracts window` no longer lists it. `cargo ops contracts \
         can-deploy` says when each step may go.",
        publisher = name.service,
    )
}

/// Keys of either map, in order.
fn keys<'a, K: Ord + Clone, V>(left: &'a BTreeMap<K, V>, right: &'a BTreeMap<K, V>) -> Vec<&'a K> {
    let mut keys: Vec<&K> = left.keys().chain(right.keys()).collect();
    keys.sort();
    keys.dedup();
    keys
}
