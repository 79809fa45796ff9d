//! What the jobs read, held against what is published and what their rules let through.

use super::{Finding, Look};
use crate::compat::Answer;
use crate::repository::{EventName, Reader, Repository};
use crate::topology::{Rule, State};
use crate::window;

pub(super) fn declared(look: &Look<'_>) -> Vec<Finding> {
    let repository = look.repository;
    let mut findings = Vec::new();
    for (service, rule) in repository.rules() {
        for name in repository.schemas.keys().filter(|name| lets_through(rule, name)) {
            let declares = |reader: &Reader| reader.service == service.name && reader.job == rule.job;
            if repository.readers_of(name).any(declares) {
                continue;
            }
            let problem = format!("the rule gives {} {name}, and the job does not say what it reads of it", rule.job);
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

pub(super) fn has_rule(look: &Look<'_>) -> Vec<Finding> {
    look.repository
        .readers
        .iter()
        .filter_map(|reader| {
            let (problem, advice) = without_rule(look.repository, reader)?;
            Some(Finding::new(&reader.subject(), &reader.file, problem, advice))
        })
        .collect()
}

fn without_rule(repository: &Repository, reader: &Reader) -> Option<(String, String)> {
    let Some(name) = repository.event_of(reader) else {
        let problem = format!("{} reads {}, which nobody publishes", reader.job, reader.detail_type);
        return Some((problem, "take the reader out, or correct its event's name".into()));
    };
    let file = Repository::template_file(&reader.service);
    let Some(service) = repository.services.get(&reader.service) else {
        let problem =
            format!("{} declares that it reads {name}, and there is no {file} to give it that event", reader.job);
        return Some((problem, "bring the template back, or take the reader out".into()));
    };
    if !service.jobs.contains(&reader.job) {
        let problem = format!("{file} has no function whose Handler is {}", reader.job);
        return Some((problem, "take the reader out, or add the function".into()));
    }
    // A retired event comes from dead-letter queues and the archive alone, for which no rule is needed.
    let is_retired = repository.releases.get(&name).is_some_and(|release| release.retired.is_some());
    let has_rule = service.rules.iter().any(|rule| rule.job == reader.job && lets_through(rule, &name));
    // Nor for a version beside the one that the service reads now: it stays for what waits in the queue.
    let is_succeeded = has_rule_for_another_version(repository, &reader.service, &name);
    if is_retired || has_rule || is_succeeded {
        return None;
    }
    let problem = format!("{} declares that it reads {name}, and no rule gives it that event", reader.job);
    let advice = format!("give it a rule with source {} and detail-type {}", name.source(), name.detail_type());
    Some((problem, advice))
}

fn has_rule_for_another_version(repository: &Repository, service: &str, name: &EventName) -> bool {
    let versions = repository.published().map(|(other, _)| other);
    let mut versions = versions.filter(|other| other.event == name.event && other.version > name.version);
    versions.any(|other| {
        let rules = repository.services.get(service).into_iter().flat_map(|service| &service.rules);
        rules.filter(|rule| rule.state == State::Enabled).any(|rule| lets_through(rule, other))
    })
}

pub(super) fn one_version(look: &Look<'_>) -> Vec<Finding> {
    let repository = look.repository;
    let mut findings = Vec::new();
    for service in repository.services.values() {
        for job in &service.jobs {
            let rules: Vec<&Rule> = service.rules.iter().filter(|rule| rule.job == *job).collect();
            let published = repository.published().map(|(name, _)| name);
            let got: Vec<&EventName> =
                published.filter(|name| rules.iter().any(|rule| lets_through(rule, name))).collect();
            let twice = got.iter().find(|name| got.iter().any(|other| other.event == name.event && other < *name));
            if let Some(name) = twice {
                let problem =
                    format!("{job} gets {name} and an older version of it, which are published for one happening");
                let advice = "let its rule name one version: both are published until all readers have moved";
                let file = Repository::template_file(&service.name);
                findings.push(Finding::new(&format!("{}/{job}", service.name), file, problem, advice));
            }
        }
    }
    findings
}

pub(super) fn refuted(look: &Look<'_>) -> Vec<Finding> {
    each_pair(look, |name, reader, answer| {
        let Answer::Refuted { pointer, reason, witness } = answer else { return None };
        let problem = format!("{} cannot read every {name}: {reason}", reader.subject());
        let advice = "widen the reader, or undo the change of the event: this event would end in its dead-letter queue";
        let finding = Finding::new(&reader.subject(), &reader.file, problem, advice).at(pointer.as_str());
        Some(finding.shown_by(witness.clone()))
    })
}

pub(super) fn unproven(look: &Look<'_>) -> Vec<Finding> {
    each_pair(look, |name, reader, answer| {
        let Answer::Unknown { pointer, reason } = answer else { return None };
        let schemas = [&reader.schema, look.repository.schemas.get(name)?];
        if schemas.iter().any(|document| look.proofs.schema(document).is_err()) {
            // Said by the check `schema-valid`.
            return None;
        }
        let problem = format!("whether {} can read every {name} is not proven: {reason}", reader.subject());
        let advice =
            "write the schemas more simply, or sign it off in contracts/exceptions.yaml with a reason and a last day";
        Some(Finding::new(&reader.subject(), &reader.file, problem, advice).at(pointer.as_str()))
    })
}

pub(super) fn window(look: &Look<'_>) -> Vec<Finding> {
    let old = window::kept(look.repository, look.today).into_iter().filter(|row| !row.holds());
    old.map(|row| {
        let file = format!("services/{}/reads", row.service);
        let advice =
            "keep the reader until then; where the service never subscribed to it, say so in contracts/exceptions.yaml";
        Finding::new(&format!("{} of {}", row.service, row.event), file, row.says(), advice)
    })
    .collect()
}

pub(super) fn event_read(look: &Look<'_>) -> Vec<Finding> {
    let repository = look.repository;
    let is_read = |name: &EventName| {
        let live = |rule: &Rule| rule.state == State::Enabled && lets_through(rule, name);
        let has_rule = repository.rules().any(|(_, rule)| live(rule));
        // Published beside its successor until all have moved, and then retired.
        has_rule || repository.services.keys().any(|service| has_rule_for_another_version(repository, service, name))
    };
    let unread = repository.published().map(|(name, _)| name).filter(|name| !is_read(name));
    unread
        .map(|name| {
            let advice = format!(
                "subscribe to it, retire it, or say in contracts/exceptions.yaml why it is published (rule: event-has-reader, \
                 subject: {name}, reason, until)"
            );
            Finding::new(name, name.schema_file(), format!("nobody reads {name}"), advice)
        })
        .collect()
}

fn each_pair(look: &Look<'_>, finding: impl Fn(&EventName, &Reader, &Answer) -> Option<Finding>) -> Vec<Finding> {
    look.readings.iter().filter_map(|(name, reader, answer)| finding(name, reader, answer)).collect()
}

fn lets_through(rule: &Rule, name: &EventName) -> bool {
    rule.selects(&name.source(), &name.detail_type())
}
