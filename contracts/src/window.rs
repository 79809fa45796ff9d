//! Which event versions can still reach each subscriber, and whether it can read them.
//!
//! Not only what is published now: a message waits in a dead-letter queue until someone replays it, and the archive
//! can be replayed as long as it keeps.

use jiff::ToSpan;
use jiff::civil::Date;
use serde::Serialize;
use serde_json::Value;

use crate::compat::{self, Answer, Schema};
use crate::repository::retention::Archive;
use crate::repository::{EventName, Reader, Repository};

const SECONDS_A_DAY: u64 = 86_400;

/// One version that can reach one service.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// The subscribing service.
    pub service: String,
    /// The version, `<service>/<Event>/v<N>`.
    pub event: String,
    /// How it can come.
    pub comes: Comes,
    /// The jobs that read it.
    pub jobs: Vec<String>,
    /// Whether they can.
    pub outcome: Outcome,
    /// Whether a person has signed off that this does no harm.
    pub accepted: bool,
}

/// How a version can still reach a subscriber.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "from", rename_all = "kebab-case")]
pub enum Comes {
    /// It is published now.
    Published,
    /// It is no longer published and still kept.
    Kept {
        /// The day from which nobody published it.
        retired: Date,
        /// The last day on which it can come; none for an archive that keeps for ever.
        until: Option<Date>,
        /// What keeps it so long, such as `archive, 30 days`.
        by: String,
    },
}

/// Whether a service reads a version that can reach it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "verdict", rename_all = "kebab-case")]
pub enum Outcome {
    /// Every event of it is read: proven.
    Readable,
    /// No job of the service says that it reads it.
    Unread,
    /// A job refuses some event of it.
    Refused {
        /// The job.
        job: String,
        /// Why, in words.
        reason: String,
        /// Such an event.
        witness: Value,
    },
    /// Neither proven nor refuted, and nobody has signed it off.
    Unknown {
        /// The job.
        job: String,
        /// Why, in words.
        reason: String,
    },
}

impl Row {
    /// The row in a sentence.
    #[must_use]
    pub fn says(&self) -> String {
        let comes = match &self.comes {
            Comes::Published => "it is published now".to_owned(),
            Comes::Kept { until: Some(until), by, .. } => format!("it can come until {until} ({by})"),
            Comes::Kept { until: None, by, .. } => format!("it can always come ({by})"),
        };
        let read = match &self.outcome {
            Outcome::Readable => {
                let verb = if self.jobs.len() == 1 { "reads" } else { "read" };
                format!("{} {verb} {}", crate::words::list(&self.jobs), self.event)
            }
            Outcome::Unread => format!("no job of {} reads {}", self.service, self.event),
            Outcome::Refused { job, reason, .. } => format!("{job} cannot read every {}: {reason}", self.event),
            Outcome::Unknown { job, reason } => {
                format!("whether {job} reads every {} is not proven: {reason}", self.event)
            }
        };
        format!("{read}; {comes}")
    }

    /// Whether the service reads what can reach it.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.outcome == Outcome::Readable || self.accepted
    }
}

/// Every version that can reach each subscriber on a day, by service and event.
#[must_use]
pub fn of(repository: &Repository, today: Date) -> Vec<Row> {
    rows(repository, today, |_| true)
}

/// The versions alone that are no longer published.
pub(crate) fn kept(repository: &Repository, today: Date) -> Vec<Row> {
    rows(repository, today, |comes| *comes != Comes::Published)
}

fn rows(repository: &Repository, today: Date, wanted: impl Fn(&Comes) -> bool) -> Vec<Row> {
    let mut rows = Vec::new();
    for service in repository.services.keys() {
        for name in repository.schemas.keys().filter(|name| subscribes(repository, service, name)) {
            let Some(comes) = comes(repository, service, name, today).filter(&wanted) else { continue };
            let readers: Vec<&Reader> =
                repository.readers_of(name).filter(|reader| reader.service == *service).collect();
            rows.push(Row {
                service: service.clone(),
                event: name.to_string(),
                comes,
                outcome: outcome(repository, name, &readers, today),
                accepted: repository.exceptions.accepts("window-readable", &format!("{service} of {name}"), today),
                jobs: readers.into_iter().map(|reader| reader.job.clone()).collect(),
            });
        }
    }
    rows
}

/// Whether a service reads any version of an event: then older ones wait in its queue, and come from the archive.
fn subscribes(repository: &Repository, service: &str, name: &EventName) -> bool {
    let versions = repository.schemas.keys().filter(|other| other.service == name.service && other.event == name.event);
    versions.into_iter().any(|version| repository.readers_of(version).any(|reader| reader.service == service))
}

fn comes(repository: &Repository, service: &str, name: &EventName, today: Date) -> Option<Comes> {
    let release = repository.releases.get(name);
    let Some(retired) = release.and_then(|release| release.retired) else {
        return published_to(repository, service, name).then_some(Comes::Published);
    };
    let queue = repository.services.get(service).and_then(|service| service.queue_retention).unwrap_or(0);
    let queue_days = u32::try_from(queue.div_ceil(SECONDS_A_DAY)).unwrap_or(u32::MAX);
    let (days, by) = match repository.archive {
        Archive::ForEver => return Some(Comes::Kept { retired, until: None, by: "archive, for ever".into() }),
        Archive::Days(days) if days >= queue_days => (days, "archive"),
        Archive::Days(_) | Archive::None => (queue_days, "dead-letter queue"),
    };
    // A day that no calendar has is for ever.
    let until = retired.checked_add(i64::from(days).days()).ok();
    let kept = Comes::Kept { retired, until, by: format!("{by}, {days} days") };
    until.is_none_or(|until| until >= today).then_some(kept)
}

/// A draft or a version beside its successor reaches those alone who have a rule for it.
fn published_to(repository: &Repository, service: &str, name: &EventName) -> bool {
    let rules = repository.services.get(service).into_iter().flat_map(|service| &service.rules);
    let has_reader = repository.readers_of(name).any(|reader| reader.service == service);
    has_reader || rules.into_iter().any(|rule| rule.selects(&name.source(), &name.detail_type()))
}

fn outcome(repository: &Repository, name: &EventName, readers: &[&Reader], today: Date) -> Outcome {
    if readers.is_empty() {
        return Outcome::Unread;
    }
    let Some(Ok(writer)) = repository.schemas.get(name).map(|schema| Schema::parse(schema.clone())) else {
        return Outcome::Unread;
    };
    let outcomes = readers.iter().map(|reader| read_by(repository, &writer, reader, today));
    outcomes.into_iter().find(|outcome| *outcome != Outcome::Readable).unwrap_or(Outcome::Readable)
}

fn read_by(repository: &Repository, writer: &Schema, reader: &Reader, today: Date) -> Outcome {
    let job = reader.job.clone();
    let schema = match Schema::parse(reader.schema.clone()) {
        Ok(schema) => schema,
        Err(error) => return Outcome::Unknown { job, reason: crate::words::chain(&error) },
    };
    let signed_off = || repository.exceptions.accepts("reader-proven", &reader.subject(), today);
    match compat::reads(writer, &schema) {
        Answer::Always => Outcome::Readable,
        Answer::Unknown { .. } if signed_off() => Outcome::Readable,
        Answer::Unknown { reason, .. } => Outcome::Unknown { job, reason },
        Answer::Refuted { reason, witness, .. } => Outcome::Refused { job, reason, witness },
    }
}

/// The last day on which a version can still come to a service; none while it is published or kept for ever.
#[must_use]
pub fn last_day(repository: &Repository, service: &str, name: &EventName) -> Option<Date> {
    let release = repository.releases.get(name);
    release?.retired?;
    match comes(repository, service, name, Date::MIN)? {
        Comes::Kept { until, .. } => until,
        Comes::Published => None,
    }
}
