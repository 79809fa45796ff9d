//! What changed in rules, permissions and retention periods.

use std::collections::BTreeMap;

use super::{BrokenReader, Change, Pair, ReaderVerdict, Verdict, keys};
use crate::repository::{EventName, Repository};
use crate::topology::{Grant, Rule, Service, State, Unclear};

pub(super) fn changes(pair: &Pair<'_>) -> Vec<Change> {
    let mut changes = Vec::new();
    let nothing = Service::default();
    for name in keys(&pair.base.services, &pair.head.services) {
        let of = |repository: &'_ Repository| repository.services.get(name).cloned();
        let (old, new) = (of(pair.base).unwrap_or_default(), of(pair.head).unwrap_or_else(|| nothing.clone()));
        changes.extend(rules(pair, name, &old, &new));
        changes.extend(grants(pair, name, &old, &new));
        changes.extend(unclear(name, &old, &new));
        if old.queue_retention != new.queue_retention && pair.base.services.contains_key(name) {
            let days = |service: &Service| service.queue_retention.unwrap_or(0) / 86_400;
            let what = format!("its queue keeps messages for {} days, before: {}", days(&new), days(&old));
            changes.push(Change::new(name, what));
        }
    }
    if pair.base.archive != pair.head.archive {
        let what = format!("the archive keeps events {}, before: {}", pair.head.archive, pair.base.archive);
        changes.push(Change::new("bus", what));
    }
    changes
}

fn rules(pair: &Pair<'_>, service: &str, old: &Service, new: &Service) -> Vec<Change> {
    let by_place = |service: &Service| -> BTreeMap<(String, String), Rule> {
        service.rules.iter().map(|rule| ((rule.job.clone(), rule.pointer.clone()), rule.clone())).collect()
    };
    let (old, new) = (by_place(old), by_place(new));
    keys(&old, &new)
        .into_iter()
        .filter_map(|place| {
            let (before, after) = (old.get(place), new.get(place));
            let subject = format!("{service}/{}", place.0);
            let (what, details) = match (before, after) {
                (None, Some(rule)) => {
                    (format!("a new rule gives {subject} events"), vec![format!("pattern {}", rule.pattern)])
                }
                (Some(rule), None) => {
                    (format!("a rule of {subject} was removed"), vec![format!("its pattern was {}", rule.pattern)])
                }
                (Some(before), Some(after)) => (format!("the rule of {subject} changed"), differences(before, after)?),
                (None, None) => return None,
            };
            let mut change = Change { details, readers: vec![subject.clone()], ..Change::new(&subject, what) };
            change.add_reader_verdicts(gained(pair, service, before, after));
            if change.verdict != Verdict::Compatible {
                change.solution =
                    Some("Select only publishers that the job can read, or accept more in the reader.".into());
            }
            Some(lost(pair, service, before, after, change))
        })
        .collect()
}

fn differences(before: &Rule, after: &Rule) -> Option<Vec<String>> {
    let mut differences = Vec::new();
    if before.pattern != after.pattern {
        differences.push(format!("pattern was {}, is {}", before.pattern, after.pattern));
    }
    if before.bus != after.bus {
        differences.push(format!("bus was {}, is {}", before.bus, after.bus));
    }
    if before.state != after.state {
        differences.push(if after.state == State::Disabled { "switched off" } else { "switched on" }.to_owned());
    }
    if before.input_settings != after.input_settings {
        differences
            .push(format!("the event is changed before the job gets it, by {}", after.input_settings.join(", ")));
    }
    if before.dead_letter_config != after.dead_letter_config {
        differences.push("the queue for events that it cannot deliver".to_owned());
    }
    (!differences.is_empty()).then_some(differences)
}

/// Whether a job can read the events that its rule selects now and did not select before.
fn gained<'a>(
    pair: &'a Pair<'_>,
    service: &'a str,
    before: Option<&'a Rule>,
    after: Option<&'a Rule>,
) -> impl Iterator<Item = ReaderVerdict> {
    let selects = |rule: Option<&Rule>, name: &EventName| {
        rule.is_some_and(|rule| rule.selects(&name.source(), &name.detail_type()))
    };
    let gained = pair.head.published().filter(move |(name, _)| selects(after, name) && !selects(before, name));
    gained.flat_map(move |(name, schema)| {
        let readers = pair.head.readers_of(name).filter(move |reader| reader.service == service);
        let readers = readers.filter(move |reader| after.is_some_and(|rule| rule.job == reader.job));
        readers.map(move |reader| pair.reader_verdict(schema, reader))
    })
}

/// The events that a job declares to read and would no longer get.
fn lost(pair: &Pair<'_>, service: &str, before: Option<&Rule>, after: Option<&Rule>, change: Change) -> Change {
    let delivers = |rule: Option<&Rule>, name: &EventName| {
        rule.is_some_and(|rule| rule.state == State::Enabled && rule.selects(&name.source(), &name.detail_type()))
    };
    let by_others = |name: &EventName, job: &str| {
        let rules = pair.head.services.get(service).into_iter().flat_map(|service| &service.rules);
        rules.filter(|rule| rule.job == job).any(|rule| delivers(Some(rule), name))
    };
    let Some(job) = before.map(|rule| rule.job.clone()) else { return change };
    let gets_newer = |name: &EventName| {
        let versions = pair.head.published().map(|(other, _)| other);
        let mut newer = versions
            .filter(|other| other.service == name.service && other.event == name.event && other.version > name.version);
        newer.any(|other| {
            let rules = pair.head.services.get(service).into_iter().flat_map(|service| &service.rules);
            rules.into_iter().any(|rule| delivers(Some(rule), other))
        })
    };
    let lost = pair.head.published().map(|(name, _)| name).filter(|name| {
        let reads = pair.head.readers_of(name).any(|reader| reader.service == service && reader.job == job);
        delivers(before, name) && !delivers(after, name) && reads && !by_others(name, &job) && !gets_newer(name)
    });
    let broken: Vec<BrokenReader> = lost
        .map(|name| {
            let reason = format!("it declares that it reads {name} and would no longer get it");
            BrokenReader { reader: format!("{service}/{job}"), reason, witness: None }
        })
        .collect();
    change.with_broken_readers(broken, "Restore the rule, or remove the reader too.".to_owned())
}

fn grants(pair: &Pair<'_>, service: &str, old: &Service, new: &Service) -> Option<Change> {
    let described = |grants: &[Grant]| grants.iter().map(describe_grant).collect::<Vec<_>>();
    let (before, after) = (described(&old.grants), described(&new.grants));
    if before == after {
        return None;
    }
    let mut change = Change::new(service, format!("what {service} may publish changed"));
    change
        .details
        .extend(before.iter().filter(|grant| !after.contains(grant)).map(|grant| format!("no longer: {grant}")));
    change.details.extend(after.iter().filter(|grant| !before.contains(grant)).map(|grant| format!("new: {grant}")));
    let may = |name: &EventName| new.grants.iter().any(|grant| grant.allows(&name.source(), &name.detail_type()));
    let silenced = pair.head.published().map(|(name, _)| name).filter(|name| name.service == service && !may(name));
    let broken =
        silenced.flat_map(|name| pair.head.readers_of(name).map(move |reader| (name, reader))).map(|(name, reader)| {
            let reason = format!("the bus would refuse {name}, and it would no longer get it");
            BrokenReader { reader: reader.subject(), reason, witness: None }
        });
    let broken: Vec<BrokenReader> = broken.collect();
    let publishes_for_others =
        new.grants.iter().any(|grant| grant.sources.as_deref() != Some(&[format!("busline.{service}")]));
    let mut change =
        change.with_broken_readers(broken, format!("Allow {service} to publish as busline.{service} again."));
    if publishes_for_others {
        change.verdict = Verdict::Incompatible;
        change.solution = Some(format!(
            "A service publishes only under its own source: Condition StringEquals events:source busline.{service}."
        ));
    }
    Some(change)
}

/// A part that is not understood may break any reader.
fn unclear(service: &str, old: &Service, new: &Service) -> Option<Change> {
    let known: Vec<&Unclear> = old.unclear_permissions.iter().chain(&old.unclear_rules).collect();
    let parts = new.unclear_permissions.iter().chain(&new.unclear_rules);
    let details: Vec<String> = parts
        .filter(|part| !known.contains(part))
        .map(|part| format!("not understood: {}; write it as {}", part.what, part.write))
        .collect();
    let what = "its template has parts that are not understood";
    (!details.is_empty()).then(|| Change { details, verdict: Verdict::Unknown, ..Change::new(service, what) })
}

fn describe_grant(grant: &Grant) -> String {
    let all = |values: &Option<Vec<String>>, any: &str| {
        values.as_ref().map_or_else(|| any.to_owned(), |values| values.join(", "))
    };
    let types = all(&grant.detail_types, "any detail-type");
    let jobs: Vec<String> = grant.jobs.iter().cloned().collect();
    format!("{} may publish {types} as {}", crate::words::list(&jobs), all(&grant.sources, "any source"))
}
