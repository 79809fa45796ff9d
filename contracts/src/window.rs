//! Which event versions can still reach each subscriber, and whether it can read them.
//!
//! These are more than the published versions: a message stays in a dead-letter queue until an operator replays it, and
//! events of the archive can be replayed as long as it keeps them.

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
    /// The name of the subscribing service.
    pub service: String,
    /// The event version: `<service>/<Event>/v<N>`.
    pub event: String,
    /// How it can reach the service.
    #[serde(rename = "comes")]
    pub arrival: Arrival,
    /// The jobs that read it.
    pub jobs: Vec<String>,
    /// Whether the jobs can read every event of it.
    pub outcome: Outcome,
    /// Whether a reviewed exception accepts the row.
    pub accepted: bool,
}

/// How a version can still reach a subscriber.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "from", rename_all = "kebab-case")]
pub enum Arrival {
    /// It is published now.
    Published,
    /// It is no longer published, and a queue or the archive still keeps it.
    Kept {
        /// The first day on which no service published it.
        retired: Date,
        /// The last day on which it can arrive; none for an archive that keeps events forever.
        until: Option<Date>,
        /// What keeps it until then, such as `archive, 30 days`.
        by: String,
    },
}

/// Whether a service can read a version that can reach it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "verdict", rename_all = "kebab-case")]
pub enum Outcome {
    /// It can read every event: proven.
    Readable,
    /// No job of the service declares that it reads it.
    Unread,
    /// A job cannot read some event of it.
    Refused {
        /// The job that cannot read it.
        job: String,
        /// The reason as a sentence.
        reason: String,
        /// The `detail` of such an event.
        witness: Value,
    },
    /// Neither proven nor refuted, and no reviewed exception accepts it.
    Unknown {
        /// The job with the undecided schema.
        job: String,
        /// The reason as a sentence.
        reason: String,
    },
}

impl Row {
    /// The row as a sentence.
    #[must_use]
    pub fn describe(&self) -> String {
        let arrival = match &self.arrival {
            Arrival::Published => "it is published now".to_owned(),
            Arrival::Kept { until: Some(until), by, .. } => format!("it can arrive until {until} ({by})"),
            Arrival::Kept { until: None, by, .. } => format!("it can always arrive ({by})"),
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
        format!("{read}; {arrival}")
    }

    /// Whether the service can read the version, or an exception accepts that it cannot.
    #[must_use]
    pub fn passes(&self) -> bool {
        self.outcome == Outcome::Readable || self.accepted
    }
}

/// Every version that can reach each subscriber on a day, sorted by service and event.
#[must_use]
pub fn rows(repository: &Repository, today: Date) -> Vec<Row> {
    rows_where(repository, today, |_| true)
}

/// Only the versions that are no longer published.
pub(crate) fn kept_rows(repository: &Repository, today: Date) -> Vec<Row> {
    rows_where(repository, today, |arrival| *arrival != Arrival::Published)
}

fn rows_where(repository: &Repository, today: Date, is_wanted: impl Fn(&Arrival) -> bool) -> Vec<Row> {
    let mut rows = Vec::new();
    for service in repository.services.keys() {
        for name in repository.schemas.keys().filter(|name| subscribes(repository, service, name)) {
            let Some(arrival) = arrival(repository, service, name, today).filter(&is_wanted) else { continue };
            let readers: Vec<&Reader> =
                repository.readers_of(name).filter(|reader| reader.service == *service).collect();
            rows.push(Row {
                service: service.clone(),
                event: name.to_string(),
                arrival,
                outcome: outcome(repository, name, &readers, today),
                accepted: repository.exceptions.accepts("window-readable", &format!("{service} of {name}"), today),
                jobs: readers.into_iter().map(|reader| reader.job.clone()).collect(),
            });
        }
    }
    rows
}

/// Whether a service reads any version of an event: then older ones can be in its queue and in the archive.
fn subscribes(repository: &Repository, service: &str, name: &EventName) -> bool {
    let versions = repository.schemas.keys().filter(|other| other.service == name.service && other.event == name.event);
    versions.into_iter().any(|version| repository.readers_of(version).any(|reader| reader.service == service))
}

fn arrival(repository: &Repository, service: &str, name: &EventName, today: Date) -> Option<Arrival> {
    let release = repository.releases.get(name);
    let Some(retired) = release.and_then(|release| release.retired) else {
        return is_published_to(repository, service, name).then_some(Arrival::Published);
    };
    let queue = repository.services.get(service).and_then(|service| service.queue_retention).unwrap_or(0);
    let queue_days = u32::try_from(queue.div_ceil(SECONDS_A_DAY)).unwrap_or(u32::MAX);
    let (days, by) = match repository.archive {
        Archive::Forever => return Some(Arrival::Kept { retired, until: None, by: "archive, forever".into() }),
        Archive::Days(days) if days >= queue_days => (days, "archive"),
        Archive::Days(_) | Archive::None => (queue_days, "dead-letter queue"),
    };
    // A date beyond the calendar means forever.
    let until = retired.checked_add(i64::from(days).days()).ok();
    let kept = Arrival::Kept { retired, until, by: format!("{by}, {days} days") };
    until.is_none_or(|until| until >= today).then_some(kept)
}

/// A draft, or a version that is published next to its successor, reaches only the services with a rule for it.
fn is_published_to(repository: &Repository, service: &str, name: &EventName) -> bool {
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
    let outcomes = readers.iter().map(|reader| reader_outcome(repository, &writer, reader, today));
    outcomes.into_iter().find(|outcome| *outcome != Outcome::Readable).unwrap_or(Outcome::Readable)
}

fn reader_outcome(repository: &Repository, writer: &Schema, reader: &Reader, today: Date) -> Outcome {
    let job = reader.job.clone();
    let schema = match Schema::parse(reader.schema.clone()) {
        Ok(schema) => schema,
        Err(error) => return Outcome::Unknown { job, reason: crate::words::chain(&error) },
    };
    let is_accepted = || repository.exceptions.accepts("reader-proven", &reader.subject(), today);
    match compat::reads(writer, &schema) {
        Answer::Always => Outcome::Readable,
        Answer::Unknown { .. } if is_accepted() => Outcome::Readable,
        Answer::Unknown { reason, .. } => Outcome::Unknown { job, reason },
        Answer::Refuted { reason, witness, .. } => Outcome::Refused { job, reason, witness },
    }
}

/// The last day on which a version can still reach a service; none while it is published or kept forever.
#[must_use]
pub fn last_day(repository: &Repository, service: &str, name: &EventName) -> Option<Date> {
    let release = repository.releases.get(name);
    release?.retired?;
    match arrival(repository, service, name, Date::MIN)? {
        Arrival::Kept { until, .. } => until,
        Arrival::Published => None,
    }
}
