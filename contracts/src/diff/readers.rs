//! What changed in what the jobs read.

use std::collections::BTreeMap;

use super::{BrokenReader, Change, Pair, Verdict, fields, keys};
use crate::repository::{EventName, Reader, Repository};

pub(super) fn changes(pair: &Pair<'_>) -> Vec<Change> {
    let (base, head) = (by_file(pair.base), by_file(pair.head));
    let all = keys(&base, &head).into_iter();
    all.filter_map(|file| match (base.get(file), head.get(file)) {
        (None, Some(new)) => Some(added(pair, new)),
        (Some(old), None) => Some(removed(pair, old)),
        (Some(old), Some(new)) => changed(pair, old, new),
        (None, None) => None,
    })
    .collect()
}

fn by_file(repository: &Repository) -> BTreeMap<&str, &Reader> {
    repository.readers.iter().map(|reader| (reader.file.as_str(), reader)).collect()
}

fn added(pair: &Pair<'_>, reader: &Reader) -> Change {
    let mut change = about(pair, reader, format!("{} now reads {}", reader.subject(), reader.detail_type));
    change.details = vec![format!("it uses {} in addition to the envelope", fields::names(&reader.schema).join(", "))];
    judge(pair, reader, change)
}

fn changed(pair: &Pair<'_>, old: &Reader, new: &Reader) -> Option<Change> {
    let details = fields::changes(&old.schema, &new.schema);
    if details.is_empty() && crate::deploy::same_meaning(&old.schema, &new.schema) {
        return None;
    }
    let what = format!("what {} reads of {} changed", new.subject(), new.detail_type);
    Some(judge(pair, new, Change { details, ..about(pair, new, what) }))
}

/// Whether a reader can read what was published until now and what will be, of each publisher that its rule selects.
fn judge(pair: &Pair<'_>, reader: &Reader, mut change: Change) -> Change {
    let events = events(pair, reader);
    for name in &events {
        let written = [pair.base.schemas.get(name), pair.head.schemas.get(name)].into_iter().flatten();
        let worst = written.map(|schema| pair.reader_verdict(schema, reader)).max_by_key(|verdict| verdict.verdict);
        let Some(worst) = worst else { continue };
        change.verdict = change.verdict.max(worst.verdict);
        change.broken_readers.extend(worst.broken.map(|broken| match events.len() {
            1 => broken,
            _ => BrokenReader { reason: format!("of {name}: {}", broken.reason), ..broken },
        }));
    }
    if change.verdict != Verdict::Compatible {
        let publishers: Vec<String> = events.iter().map(|name| name.service.clone()).collect();
        change.solution = Some(format!(
            "Require no more of {} than {publisher} guarantees: make the field optional in the reader, or use a default. If the \
             job needs the field, let {publisher} add it first, in a new version, and read both versions.",
            crate::words::list(&events.iter().map(ToString::to_string).collect::<Vec<_>>()),
            publisher = crate::words::list(&publishers)
        ));
    }
    change
}

fn removed(pair: &Pair<'_>, reader: &Reader) -> Change {
    let mut change = about(pair, reader, format!("{} no longer reads {}", reader.subject(), reader.detail_type));
    let events = events(pair, reader);
    let lost = events.iter().filter(|name| pair.can_arrive(&reader.service, name) && !still_reads(pair, reader, name));
    let lost: Vec<&EventName> = lost.collect();
    let (other_version_read, dropped): (Vec<&EventName>, Vec<&EventName>) = lost.into_iter().partition(|name| {
        let mut versions = pair.head.schemas.keys().filter(|o| o.event == name.event && o.service == name.service);
        versions.any(|other| still_reads(pair, reader, other))
    });
    if !dropped.is_empty() {
        let note = "messages of it in the service's dead-letter queue can no longer be replayed: empty the queue first";
        change.details.push(note.to_owned());
    }
    let Some(name) = other_version_read.first() else { return change };
    let reason = format!("events of {name} can still arrive from its dead-letter queue or the archive");
    let broken = BrokenReader { reader: reader.subject(), reason, witness: None };
    let solution = format!("Keep the reader of {name} until `cargo ops contracts window` no longer lists it.");
    change.with_broken_readers(vec![broken], solution)
}

/// Whether any job of a reader's service reads an event version in the new state.
fn still_reads(pair: &Pair<'_>, reader: &Reader, name: &EventName) -> bool {
    pair.head.readers_of(name).any(|other| other.service == reader.service)
}

fn about(pair: &Pair<'_>, reader: &Reader, what: String) -> Change {
    let events = events(pair, reader);
    let Some(first) = events.first() else { return Change::new(&reader.subject(), what) };
    let mut change = Change { subject: reader.subject(), ..Change::for_event(pair, first, what) };
    let publishers: Vec<String> = events.iter().map(|name| name.service.clone()).collect();
    change.publisher = Some(crate::words::list(&publishers));
    change
}

/// The event versions that a reader gets in the new state, or got in the old one.
fn events(pair: &Pair<'_>, reader: &Reader) -> Vec<EventName> {
    let named =
        |repository: &Repository| -> Vec<EventName> { repository.events_of(reader).into_iter().cloned().collect() };
    let events = named(pair.head);
    if events.is_empty() { named(pair.base) } else { events }
}
