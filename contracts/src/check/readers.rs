//! What the jobs read, compared with what is published and what their rules select.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Context, Finding};
use crate::compat::Answer;
use crate::repository::{EventName, Reader, Repository};
use crate::topology::{Rule, State};
use crate::window;
use crate::words;

pub(super) fn declared(context: &Context<'_>) -> Vec<Finding> {
    let repository = context.repository;
    let mut findings = Vec::new();
    for (service, rule) in repository.rules() {
        for name in repository.schemas.keys().filter(|name| selects(rule, name)) {
            let declares = |reader: &Reader| reader.service == service.name && reader.job == rule.job;
            if repository.readers_of(name).any(declares) {
                continue;
            }
            let problem =
                format!("the rule gives {} {name}, and the job does not declare what it reads of it", rule.job);
            let advice = format!(
                "give the job a reader type and run `cargo xtask schemas`, which writes services/{}/reads/{}/{}.json; or \
                 narrow the rule",
                service.name,
                rule.job,
                name.detail_type()
            );
            let finding = Finding::new(name, Repository::template_file(&service.name), problem, advice);
            findings.push(finding.at(&rule.pointer));
        }
    }
    findings
}

pub(super) fn has_rule(context: &Context<'_>) -> Vec<Finding> {
    context
        .repository
        .readers
        .iter()
        .filter_map(|reader| {
            let (problem, advice) = without_rule(context.repository, reader)?;
            Some(Finding::new(&reader.subject(), &reader.file, problem, advice))
        })
        .collect()
}

fn without_rule(repository: &Repository, reader: &Reader) -> Option<(String, String)> {
    let events = repository.events_of(reader);
    let [first, ..] = events[..] else {
        let problem = format!("{} reads {}, which no service publishes", reader.job, reader.detail_type);
        return Some((problem, "remove the reader, or correct its event's name".into()));
    };
    let file = Repository::template_file(&reader.service);
    let Some(service) = repository.services.get(&reader.service) else {
        let problem =
            format!("{} declares that it reads {first}, and there is no {file} to give it that event", reader.job);
        return Some((problem, "restore the template, or remove the reader".into()));
    };
    if !service.jobs.contains(&reader.job) {
        let problem = format!("{file} has no function with Handler: {}", reader.job);
        return Some((problem, "remove the reader, or add the function".into()));
    }
    // A retired event arrives only from dead-letter queues and the archive, which need no rule.
    let is_retired = |name: &EventName| repository.releases.get(name).is_some_and(|release| release.retired.is_some());
    let has_rule = |name: &EventName| repository.rules_of(reader).any(|rule| selects(rule, name));
    // Nor for a version next to the one that the service reads now: it stays for the messages in the queue.
    let is_succeeded = |name: &EventName| has_rule_for_another_version(repository, &reader.service, name);
    if events.iter().any(|name| is_retired(name) || has_rule(name) || is_succeeded(name)) {
        return None;
    }
    let problem = format!("{} declares that it reads {first}, and no rule gives it that event", reader.job);
    let advice = format!("give it a rule with source {} and detail-type {}", first.source(), first.detail_type());
    Some((problem, advice))
}

fn has_rule_for_another_version(repository: &Repository, service: &str, name: &EventName) -> bool {
    let versions = repository.published().map(|(other, _)| other);
    let mut versions = versions.filter(|other| is_version_of(other, name) && other.version > name.version);
    versions.any(|other| {
        let rules = repository.services.get(service).into_iter().flat_map(|service| &service.rules);
        rules.filter(|rule| rule.state == State::Enabled).any(|rule| selects(rule, other))
    })
}

pub(super) fn one_version(context: &Context<'_>) -> Vec<Finding> {
    let repository = context.repository;
    let mut findings = Vec::new();
    for service in repository.services.values() {
        for job in &service.jobs {
            let rules: Vec<&Rule> = service.rules.iter().filter(|rule| rule.job == *job).collect();
            let published = repository.published().map(|(name, _)| name);
            let got: Vec<&EventName> = published.filter(|name| rules.iter().any(|rule| selects(rule, name))).collect();
            let newer = got.iter().find(|name| got.iter().any(|other| is_version_of(other, name) && other < *name));
            if let Some(name) = newer {
                let problem = format!(
                    "{job} gets {name} and an older version of it, which are both published for the same change"
                );
                let advice = "let its rule name one version: both are published until all readers have moved";
                let file = Repository::template_file(&service.name);
                findings.push(Finding::new(&format!("{}/{job}", service.name), file, problem, advice));
            }
        }
    }
    findings
}

/// What the code reads, and the files that other checks believe.
pub(super) fn match_code(context: &Context<'_>) -> Vec<Finding> {
    let Some(code) = &context.repository.code else { return Vec::new() };
    let files = context.repository.readers.iter().filter(|reader| code.includes(&reader.service));
    let files: BTreeMap<&str, &Value> = files.map(|reader| (&*reader.file, &reader.schema)).collect();
    let mut findings = Vec::new();
    for (path, schema) in code.reads.iter().filter(|(path, _)| code.includes(service(path))) {
        let (problem, pointer) = match files.get(&**path) {
            None => ("the code reads this event, and the file is missing or unreadable".to_owned(), None),
            Some(file) => match words::first_difference(file, schema) {
                Some((pointer, difference)) => (format!("the code reads something else: {difference}"), Some(pointer)),
                None => continue,
            },
        };
        let finding =
            Finding::new(&subject(path), path, problem, "run `cargo xtask schemas`, and look at what it writes");
        findings.push(Finding { pointer, ..finding });
    }
    let unread = files.keys().filter(|path| !code.reads.contains_key(**path));
    findings.extend(unread.map(|path| {
        let problem = "no code reads this event: its job has no row in the list of consumed events";
        Finding::new(
            &subject(path),
            *path,
            problem,
            "add the row, or run `cargo xtask schemas`, which removes the file",
        )
    }));
    findings
}

/// `<service>/<job>` of a file in `services/<service>/reads/<job>/`.
fn subject(path: &str) -> String {
    format!("{}/{}", service(path), path.split('/').nth(3).unwrap_or_default())
}

fn service(path: &str) -> &str {
    path.split('/').nth(1).unwrap_or_default()
}

pub(super) fn refuted(context: &Context<'_>) -> Vec<Finding> {
    each_pair(context, |name, reader, answer| {
        let Answer::Refuted { pointer, reason, witness } = answer else { return None };
        let problem = format!("{} cannot read every {name}: {reason}", reader.subject());
        let advice =
            "accept more in the reader, or undo the change of the event: this event would end in its dead-letter queue";
        let finding = Finding::new(&reader.subject(), &reader.file, problem, advice).at(pointer.as_str());
        Some(finding.shown_by(witness.clone()))
    })
}

pub(super) fn unproven(context: &Context<'_>) -> Vec<Finding> {
    each_pair(context, |name, reader, answer| {
        let Answer::Unknown { pointer, reason } = answer else { return None };
        let schemas = [&reader.schema, context.repository.schemas.get(name)?];
        if schemas.iter().any(|document| context.proofs.schema(document).is_err()) {
            // Reported by the check `schema-valid`.
            return None;
        }
        let problem = format!("whether {} can read every {name} is not proven: {reason}", reader.subject());
        let advice = "write simpler schemas, or accept it in contracts/exceptions.yaml with a reason and a last day";
        Some(Finding::new(&reader.subject(), &reader.file, problem, advice).at(pointer.as_str()))
    })
}

pub(super) fn window(context: &Context<'_>) -> Vec<Finding> {
    let kept = window::kept_rows(context.repository, context.today).into_iter().filter(|row| !row.passes());
    kept.map(|row| {
        let file = format!("services/{}/reads", row.service);
        let advice =
            "keep the reader until then; if the service never subscribed to it, accept it in contracts/exceptions.yaml";
        Finding::new(&format!("{} of {}", row.service, row.event), file, row.describe(), advice)
    })
    .collect()
}

/// A released event is a contract with subscribers that come and go, of which the publisher knows none.
pub(super) fn event_read(context: &Context<'_>) -> Vec<Finding> {
    let repository = context.repository;
    let is_read = |name: &EventName| {
        let live = |rule: &Rule| rule.state == State::Enabled && selects(rule, name);
        let has_rule = repository.rules().any(|(_, rule)| live(rule));
        // Published together with its successor until all readers have moved, and then retired.
        has_rule || repository.services.keys().any(|service| has_rule_for_another_version(repository, service, name))
    };
    let unread =
        repository.published().map(|(name, _)| name).filter(|name| !context.is_released(name) && !is_read(name));
    unread
        .map(|name| {
            let advice = format!(
                "subscribe to it, remove it, or give a reason in contracts/exceptions.yaml (rule: event-has-reader, \
                 subject: {name}, reason, until)"
            );
            Finding::new(name, name.schema_file(), format!("no job reads {name}"), advice)
        })
        .collect()
}

fn each_pair(context: &Context<'_>, finding: impl Fn(&EventName, &Reader, &Answer) -> Option<Finding>) -> Vec<Finding> {
    context.reader_proofs.iter().filter_map(|(name, reader, answer)| finding(name, reader, answer)).collect()
}

/// Whether both are versions of one event of one publisher.
fn is_version_of(other: &EventName, name: &EventName) -> bool {
    other.service == name.service && other.event == name.event
}

fn selects(rule: &Rule, name: &EventName) -> bool {
    rule.selects(&name.source(), &name.detail_type())
}
