//! What changed in what is published.

use serde_json::Value;

use super::{BrokenReader, Change, Pair, Verdict, expand_and_contract, fields, keys};
use crate::repository::{EventName, Reader};

pub(super) fn changes(pair: &Pair<'_>) -> Vec<Change> {
    let mut changes = Vec::new();
    for name in keys(&pair.base.schemas, &pair.head.schemas) {
        match (pair.base.schemas.get(name), pair.head.schemas.get(name)) {
            (None, _) => changes.push(added(pair, name)),
            (_, None) => changes.push(removed(pair, name)),
            (Some(old), Some(new)) => changes.extend(changed(pair, name, old, new)),
        }
        changes.extend(life(pair, name));
    }
    changes
}

fn added(pair: &Pair<'_>, name: &EventName) -> Change {
    let others = pair.base.schemas.keys().filter(|other| other.detail_type() == name.detail_type());
    let what = match (name.version, others.count()) {
        (_, 1..) => "a new publisher of the event",
        (2.., _) => "a new version of the event",
        _ => "a new event",
    };
    let mut change = Change::for_event(pair, name, format!("{what}, published as {}", name.detail_type()));
    let Some(schema) = pair.head.schemas.get(name) else { return change };
    change.details = vec![format!("its fields in addition to the envelope: {}", fields::names(schema).join(", "))];
    // Readers of the same event of other publishers get this one too when their rule selects its source.
    let deployed = pair.base.readers.iter().filter(|reader| pair.base.delivers(reader, name));
    let readers = deployed.chain(pair.head.readers_of(name));
    change.add_reader_verdicts(readers.map(|reader| pair.reader_verdict(schema, reader)));
    if change.verdict != Verdict::Compatible {
        change.solution =
            Some(format!("Publish {name} in the form that its readers already read of other publishers."));
    }
    change
}

fn removed(pair: &Pair<'_>, name: &EventName) -> Change {
    let change = Change::for_event(pair, name, "its schema was removed: nothing describes old messages any more");
    let broken_readers = readers_without_event(pair, name);
    let mut change = change.with_broken_readers(broken_readers, expand_and_contract(name, &[]));
    if pair.base.releases.get(name).is_some_and(|release| release.released.is_some()) {
        change.verdict = Verdict::Incompatible;
        change.solution =
            Some(format!("Restore {}, and retire it in events/schemas/versions.json instead.", name.schema_file()));
    }
    change
}

fn changed(pair: &Pair<'_>, name: &EventName, old: &Value, new: &Value) -> Option<Change> {
    let details = fields::changes(old, new);
    if details.is_empty() && crate::deploy::same_meaning(old, new) {
        return None;
    }
    let mut change = Change::for_event(pair, name, "its schema changed");
    change.details = details;
    let today = pair.base.readers_of(name).map(|reader| pair.reader_verdict(new, reader));
    let tomorrow = pair.head.readers_of(name).map(|reader| pair.reader_verdict(old, reader));
    change.add_reader_verdicts(today.chain(tomorrow));
    let is_released = pair.base.releases.get(name).is_some_and(|release| release.released.is_some());
    if is_released {
        change.what.push_str(", and it is released");
        change.verdict = Verdict::Incompatible;
    }
    if change.verdict != Verdict::Compatible {
        let readers: Vec<String> = change.broken_readers.iter().map(|broken| broken.reader.clone()).collect();
        change.solution = Some(expand_and_contract(name, &readers));
    }
    Some(change)
}

/// A release, a retirement, or the withdrawal of one.
fn life(pair: &Pair<'_>, name: &EventName) -> Option<Change> {
    let (old, new) = (pair.base.releases.get(name).cloned().unwrap_or_default(), pair.head.releases.get(name)?);
    if old.retired.is_none()
        && let Some(day) = new.retired
    {
        let change = Change::for_event(pair, name, format!("retired: no service publishes it from {day} on"));
        let change = change.with_broken_readers(readers_without_event(pair, name), expand_and_contract(name, &[]));
        return Some(if day < pair.today { impossible_date(change, "it was published until now") } else { change });
    }
    if old.released.is_none()
        && let Some(day) = new.released
    {
        return Some(Change::for_event(pair, name, format!("released on {day}: it no longer changes")));
    }
    if let (Some(before), Some(after)) = (old.retired, new.retired)
        && before != after
    {
        let change = Change::for_event(pair, name, format!("retired on {after}, and no longer on {before}"));
        return Some(impossible_date(change, "what happened does not change"));
    }
    let mut change = match (old.retired, new.retired, old.released, new.released) {
        (Some(_), None, ..) => Change::for_event(pair, name, "published again"),
        (_, _, Some(day), None) => {
            Change::for_event(pair, name, format!("made a draft again, after its release on {day}"))
        }
        _ => return None,
    };
    if new.released.is_none() {
        change.verdict = Verdict::Incompatible;
        change.solution = Some("Events of it were published: keep it released, and add a new version.".to_owned());
    }
    Some(change)
}

/// A date of retirement that cannot be true: readers would be removed while events of the version can still arrive.
fn impossible_date(change: Change, why: &str) -> Change {
    let solution = format!(
        "The date decides how long old events must be read, and {why}. Write the date on which its last publisher stops, \
         today at the earliest, and do not change it from then on."
    );
    Change { verdict: Verdict::Incompatible, solution: Some(solution), ..change }
}

/// The readers that got this version and would get neither another version of the event nor that of another publisher.
fn readers_without_event(pair: &Pair<'_>, name: &EventName) -> Vec<BrokenReader> {
    let gets_another = |reader: &Reader| {
        let others = pair.head.published().map(|(other, _)| other);
        let mut others = others.filter(|other| other.event == name.event && *other != name);
        others.any(|other| {
            let is_version = other.service == name.service;
            let has_reader = || pair.head.readers_of(other).any(|other| other.service == reader.service);
            if is_version { has_reader() } else { pair.head.delivers(reader, other) }
        })
    };
    let readers = pair.base.readers_of(name).filter(|reader| !gets_another(reader));
    let reason = || format!("it reads {name} and would no longer get such an event");
    readers.map(|reader| BrokenReader { reader: reader.subject(), reason: reason(), witness: None }).collect()
}
