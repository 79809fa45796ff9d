//! What changed in what is read.

use std::collections::BTreeMap;

use super::{Change, Hurt, Pair, Verdict, fields, keys};
use crate::repository::{EventName, Reader, Repository};

pub(super) fn changes(pair: &Pair<'_>) -> Vec<Change> {
    let (base, head) = (by_file(pair.base), by_file(pair.head));
    let all = keys(&base, &head).into_iter();
    all.filter_map(|file| match (base.get(file), head.get(file)) {
        (None, Some(new)) => Some(begun(pair, new)),
        (Some(old), None) => Some(ended(pair, old)),
        (Some(old), Some(new)) => changed(pair, old, new),
        (None, None) => None,
    })
    .collect()
}

fn by_file(repository: &Repository) -> BTreeMap<&str, &Reader> {
    repository.readers.iter().map(|reader| (reader.file.as_str(), reader)).collect()
}

fn begun(pair: &Pair<'_>, reader: &Reader) -> Change {
    let mut change = about(pair, reader, format!("{} now reads {}", reader.subject(), reader.detail_type));
    change.details = vec![format!("it uses {} beside the envelope", fields::names(&reader.schema).join(", "))];
    judge(pair, reader, change)
}

fn changed(pair: &Pair<'_>, old: &Reader, new: &Reader) -> Option<Change> {
    let details = fields::changes(&old.schema, &new.schema);
    if details.is_empty() && crate::deploy::same_meaning(&old.schema, &new.schema) {
        return None;
    }
    let what = format!("{} reads {} otherwise", new.subject(), new.detail_type);
    Some(judge(pair, new, Change { details, ..about(pair, new, what) }))
}

/// Whether a reader reads what was published until now, and what will be.
fn judge(pair: &Pair<'_>, reader: &Reader, mut change: Change) -> Change {
    let Some(name) = event(pair, reader) else { return change };
    let written = [pair.base.schemas.get(&name), pair.head.schemas.get(&name)].into_iter().flatten();
    let readings = written.map(|schema| pair.reading(schema, reader));
    let worst = readings.max_by_key(|reading| reading.verdict);
    if let Some(worst) = worst.filter(|worst| worst.verdict != Verdict::Compatible) {
        change.verdict = worst.verdict;
        change.hurts = worst.hurt.into_iter().collect();
        change.way_out = Some(format!(
            "Ask no more of {name} than {publisher} promises: make the field optional in the reader, or take a default; where \
             the job needs it, let {publisher} promise it first, in a new version, and read that beside this one.",
            publisher = name.service
        ));
    }
    change
}

fn ended(pair: &Pair<'_>, reader: &Reader) -> Change {
    let change = about(pair, reader, format!("{} no longer reads {}", reader.subject(), reader.detail_type));
    let Some(name) = event(pair, reader).filter(|name| pair.can_come(&reader.service, name)) else { return change };
    let others: Vec<&EventName> = pair.head.schemas.keys().filter(|other| other.event == name.event).collect();
    let still_reads = |name: &EventName| pair.head.readers_of(name).any(|other| other.service == reader.service);
    if still_reads(&name) {
        return change;
    }
    if !others.into_iter().any(still_reads) {
        let note =
            "what waits of it in the service's dead-letter queue can no longer be replayed: empty the queue first";
        return Change { details: vec![note.to_owned()], ..change };
    }
    let reason = format!("events of {name} can still come out of its dead-letter queue or the archive");
    let hurt = Hurt { reader: reader.subject(), reason, witness: None };
    let way_out = format!("Keep the reader of {name} until `cargo ops contracts window` no longer lists it.");
    change.hurting(vec![hurt], way_out)
}

fn about(pair: &Pair<'_>, reader: &Reader, what: String) -> Change {
    match event(pair, reader) {
        Some(name) => Change { subject: reader.subject(), ..Change::of_event(pair, &name, what) },
        None => Change::new(&reader.subject(), what),
    }
}

fn event(pair: &Pair<'_>, reader: &Reader) -> Option<EventName> {
    pair.head.event_of(reader).or_else(|| pair.base.event_of(reader))
}
