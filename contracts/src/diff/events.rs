//! What changed in what is published.

use serde_json::Value;

use super::{Change, Hurt, Pair, Verdict, expand_and_contract, fields, keys};
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
    let what = if name.version > 1 { "a new version of the event" } else { "a new event" };
    let mut change = Change::of_event(pair, name, format!("{what}, published as {}", name.detail_type()));
    let fields = pair.head.schemas.get(name).map(fields::names).unwrap_or_default();
    change.details = vec![format!("its fields beside the envelope: {}", fields.join(", "))];
    change
}

fn removed(pair: &Pair<'_>, name: &EventName) -> Change {
    let change =
        Change::of_event(pair, name, "its schema was removed: nothing says any longer what old messages look like");
    let hurts = starved(pair, name);
    let mut change = change.hurting(hurts, expand_and_contract(name, &[]));
    if pair.base.releases.get(name).is_some_and(|release| release.released.is_some()) {
        change.verdict = Verdict::Incompatible;
        change.way_out =
            Some(format!("Bring {} back, and retire it in events/schemas/versions.json instead.", name.schema_file()));
    }
    change
}

fn changed(pair: &Pair<'_>, name: &EventName, old: &Value, new: &Value) -> Option<Change> {
    let details = fields::changes(old, new);
    if details.is_empty() && crate::deploy::same_meaning(old, new) {
        return None;
    }
    let mut change = Change::of_event(pair, name, "its schema changed");
    change.details = details;
    let today = pair.base.readers_of(name).map(|reader| pair.reading(new, reader));
    let tomorrow = pair.head.readers_of(name).map(|reader| pair.reading(old, reader));
    let readings: Vec<_> = today.chain(tomorrow).filter(|reading| reading.verdict != Verdict::Compatible).collect();
    change.verdict = readings.iter().map(|reading| reading.verdict).max().unwrap_or(Verdict::Compatible);
    for hurt in readings.into_iter().filter_map(|reading| reading.hurt) {
        if !change.hurts.iter().any(|known| known.reader == hurt.reader) {
            change.hurts.push(hurt);
        }
    }
    let is_released = pair.base.releases.get(name).is_some_and(|release| release.released.is_some());
    if is_released {
        change.what.push_str(", and it is released");
        change.verdict = Verdict::Incompatible;
    }
    if change.verdict != Verdict::Compatible {
        let hurt: Vec<String> = change.hurts.iter().map(|hurt| hurt.reader.clone()).collect();
        change.way_out = Some(expand_and_contract(name, &hurt));
    }
    Some(change)
}

/// Released, retired, or taken back.
fn life(pair: &Pair<'_>, name: &EventName) -> Option<Change> {
    let (old, new) = (pair.base.releases.get(name).cloned().unwrap_or_default(), pair.head.releases.get(name)?);
    if old.retired.is_none()
        && let Some(day) = new.retired
    {
        let change = Change::of_event(pair, name, format!("retired: nobody publishes it from {day} on"));
        let change = change.hurting(starved(pair, name), expand_and_contract(name, &[]));
        return Some(if day < pair.today { untrue(change, "it was published until now") } else { change });
    }
    if old.released.is_none()
        && let Some(day) = new.released
    {
        return Some(Change::of_event(pair, name, format!("released on {day}: it does not change any more")));
    }
    if let (Some(before), Some(after)) = (old.retired, new.retired)
        && before != after
    {
        let change = Change::of_event(pair, name, format!("retired on {after}, and no longer on {before}"));
        return Some(untrue(change, "what happened does not change"));
    }
    let mut change = match (old.retired, new.retired, old.released, new.released) {
        (Some(_), None, ..) => Change::of_event(pair, name, "published again"),
        (_, _, Some(day), None) => {
            Change::of_event(pair, name, format!("made a draft again, after its release on {day}"))
        }
        _ => return None,
    };
    if new.released.is_none() {
        change.verdict = Verdict::Incompatible;
        change.way_out = Some("Events of it are out: leave it released, and add a new version beside it.".to_owned());
    }
    Some(change)
}

/// A day of retirement that cannot be: readers would be taken out while events of the version can still come.
fn untrue(change: Change, why: &str) -> Change {
    let way_out = format!(
        "The day decides how long old events must be read, and {why}. Write the day on which its last publisher stops, \
         today at the earliest, and leave it as it is from then on."
    );
    Change { verdict: Verdict::Incompatible, way_out: Some(way_out), ..change }
}

/// The readers that got this version and would get no other version of the event.
fn starved(pair: &Pair<'_>, name: &EventName) -> Vec<Hurt> {
    let gets_another = |reader: &Reader| {
        let others = pair.head.published().map(|(other, _)| other);
        let others =
            others.filter(|other| other.event == name.event && other.service == name.service && *other != name);
        others.into_iter().any(|other| pair.head.readers_of(other).any(|other| other.service == reader.service))
    };
    let readers = pair.base.readers_of(name).filter(|reader| !gets_another(reader));
    let reason = || format!("it reads {name} and would get no such event any longer");
    readers.map(|reader| Hurt { reader: reader.subject(), reason: reason(), witness: None }).collect()
}
