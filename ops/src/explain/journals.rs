//! What operators did with an event: the journals of replays on this machine.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use anyhow::Result;
use uuid::Uuid;

use crate::dlq::journal::entry::{Entry, Line, Purpose};
use crate::dlq::journal::read;
use crate::dlq::marks;
use crate::dlq::message::Message;
use crate::dlq::names;
use crate::explain::{Kind, Part, Step};

/// Looks through the journals in `folder` for the messages that wait now, and for those that held the event at one of
/// the places that the steps name.
pub(super) fn find(folder: &Path, event_id: &str, waiting: &[Message], matched: &[Step]) -> Part {
    let mut wanted: BTreeSet<String> = waiting.iter().map(|message| message.message_id.clone()).collect();
    let failures = waiting.iter().map(marks::failure);
    let places = matched.iter().filter_map(|step| step.place.as_deref()).map(|place| failure(event_id, place));
    wanted.extend(failures.chain(places).map(|key| key.to_string()));

    let mut part = Part::default();
    let journals = match read::all(folder) {
        Ok(journals) => journals,
        Err(error) => {
            part.unseen.push(format!("the journals of replays: {error:#}"));
            return part;
        }
    };
    for journal in &journals {
        if let Err(error) = search(journal, &wanted, &mut part) {
            part.unseen.push(format!("{error:#}"));
        }
    }
    part
}

/// As [`marks::failure`] names it, for a message that is not at hand. A rule and its function have the same name here.
fn failure(event_id: &str, place: &str) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{event_id} at {place}").as_bytes())
}

fn search(journal: &Path, wanted: &BTreeSet<String>, part: &mut Part) -> Result<()> {
    let replay = journal.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut queue = String::new();
    let mut meant: HashMap<String, (Purpose, u32)> = HashMap::new();
    read::read(journal, |Line { at, entry, .. }| match entry {
        Entry::Plan(plan) => plan.queue.rsplit('/').next().unwrap_or_default().clone_into(&mut queue),
        Entry::Intent { purpose, messages } => {
            let ours = messages.into_iter().filter(|it| wanted.contains(&it.id) || wanted.contains(&it.key));
            meant.extend(ours.map(|it| (it.id, (purpose, it.attempt))));
        }
        Entry::Sent { messages } => {
            for message in messages {
                let Some((purpose, attempt)) = meant.get(&message.id) else { continue };
                let (kind, text) = match purpose {
                    Purpose::Replay => (Kind::Replayed, format!("accepted, attempt {attempt} of replay {replay}")),
                    Purpose::Park => (Kind::Parked, format!("put aside by replay {replay}")),
                };
                part.steps.push(Step {
                    at: Some(at),
                    kind,
                    service: names::service(&queue),
                    place: Some(queue.clone()),
                    text,
                    message_id: Some(message.id),
                });
            }
        }
        _ => {}
    })?;
    Ok(())
}
