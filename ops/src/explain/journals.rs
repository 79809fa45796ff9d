//! Replays of the event, by the journals on this machine.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use anyhow::Result;
use uuid::Uuid;

use crate::deployment::Deployment;
use crate::dlq::journal::entry::{Entry, Line, Purpose};
use crate::dlq::journal::read;
use crate::dlq::message::Message;
use crate::dlq::replay_metadata;
use crate::explain::timeline::{Findings, Step, StepKind};

/// Searches the journals in `folder` for the messages that wait now, and for messages that held the event at one of the
/// places that `matched` names.
pub(super) fn find(
    folder: &Path,
    event_id: &str,
    waiting: &[Message],
    matched: &[Step],
    services: &Deployment,
) -> Findings {
    let mut wanted: BTreeSet<String> = waiting.iter().map(|message| message.message_id.clone()).collect();
    let failures = waiting.iter().map(replay_metadata::failure_id);
    let places = matched.iter().filter_map(|step| step.place.as_deref()).map(|place| failure_id(event_id, place));
    wanted.extend(failures.chain(places).map(|key| key.to_string()));

    let mut found = Findings::default();
    let journals = match read::all(folder) {
        Ok(journals) => journals,
        Err(error) => {
            found.unseen.push(format!("the journals of replays: {error:#}"));
            return found;
        }
    };
    for journal in &journals {
        if let Err(error) = search(journal, &wanted, services, &mut found) {
            found.unseen.push(format!("{error:#}"));
        }
    }
    found
}

/// The same as [`replay_metadata::failure_id`] for a message that is no longer in a queue. In Busline a rule and its
/// function have the same name.
fn failure_id(event_id: &str, place: &str) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{event_id} at {place}").as_bytes())
}

fn search(journal: &Path, wanted: &BTreeSet<String>, services: &Deployment, found: &mut Findings) -> Result<()> {
    let replay = journal.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut queue = String::new();
    let mut intents: HashMap<String, (Purpose, u32)> = HashMap::new();
    read::read(journal, |Line { at, entry, .. }| match entry {
        Entry::Plan(plan) => plan.queue.rsplit('/').next().unwrap_or_default().clone_into(&mut queue),
        Entry::Intent { purpose, messages } => {
            let matching = messages.into_iter().filter(|it| wanted.contains(&it.id) || wanted.contains(&it.key));
            intents.extend(matching.map(|it| (it.id, (purpose, it.attempt))));
        }
        Entry::Sent { messages } => {
            for message in messages {
                let Some((purpose, attempt)) = intents.get(&message.id) else { continue };
                let (kind, text) = match purpose {
                    Purpose::Replay => (StepKind::Replayed, format!("accepted, attempt {attempt} of replay {replay}")),
                    Purpose::Park => (StepKind::Parked, format!("parked by replay {replay}")),
                };
                found.steps.push(Step {
                    at: Some(at),
                    kind,
                    service: services.service_of(&queue),
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
