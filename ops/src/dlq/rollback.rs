//! Rolling back a replay as far as possible: messages that are still in the queue that they were sent to return to
//! their original queue. An invocation or a publication cannot be undone.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::atomic::Ordering;

use anyhow::{Context, Result, bail, ensure};
use aws_config::SdkConfig;
use uuid::Uuid;

use crate::dlq::attribute_names;
use crate::dlq::batches::{self, OutgoingMessage};
use crate::dlq::journal::entry::{Entry, Purpose, Summary};
use crate::dlq::journal::state::short_id;
use crate::dlq::journal::{Journal, read};
use crate::dlq::message::Message;
use crate::dlq::options::{AfterReplay, Options};
use crate::dlq::queue::Queue;
use crate::dlq::raw_message::Attribute;
use crate::dlq::removal::{RemovalLimits, remove_matching};
use crate::dlq::replay_metadata::{self, MetadataPolicy};
use crate::dlq::targets::selection::ReplayTarget;
use crate::error::UsageError;

/// The messages that a replay sent: the id of each in its target queue, and its original id.
#[derive(Debug, Default)]
struct SentMessages {
    purposes: HashMap<Uuid, Purpose>,
    replayed: HashMap<String, Uuid>,
    parked: HashMap<String, Uuid>,
    /// Messages with an interrupted rollback, by their replay keys.
    uncertain: HashMap<String, Uuid>,
    /// Messages that were sent back and may still be in the target queue.
    returned: HashSet<Uuid>,
}

impl SentMessages {
    fn apply(&mut self, entry: Entry) {
        match entry {
            Entry::Intent { purpose, messages } => {
                self.purposes.extend(messages.iter().map(|message| (short_id(&message.id), purpose)));
            }
            Entry::Sent { messages } => {
                for message in messages {
                    let id = short_id(&message.id);
                    let sent = match self.purposes.get(&id) {
                        Some(Purpose::Park) => &mut self.parked,
                        _ => &mut self.replayed,
                    };
                    sent.extend(message.as_id.map(|new| (new, id)));
                }
            }
            Entry::RollingBack { ids, keys } => self.uncertain.extend(keys.into_iter().zip(ids)),
            Entry::RolledBack { ids } => {
                self.uncertain.retain(|_, id| !ids.contains(id));
                self.returned.extend(ids);
            }
            Entry::TakenOut { ids } => {
                self.replayed.retain(|_, id| !ids.contains(id));
                self.parked.retain(|_, id| !ids.contains(id));
            }
            _ => {}
        }
    }
}

/// Returns messages that the replay of this journal sent to queues and that were not consumed since: each is journaled,
/// sent, journaled and deleted, in this order. The number of messages that the limits expect does not
/// matter. Setting `stopped` ends it after the messages in work.
///
/// # Errors
/// [`UsageError`] when the messages went to functions or topics, none left their queue, or the replay itself must be
/// resumed first; otherwise when SQS fails, the journal cannot be written, or messages that may have been returned are
/// in flight.
pub async fn rollback(sdk: &SdkConfig, path: &Path, limits: RemovalLimits<'_>) -> Result<Summary> {
    let (journal, state) = Journal::reopen(path)?;
    let no_plan =
        || UsageError("the journal has no plan: nothing was replayed, so nothing can be rolled back".to_owned());
    let planned = state.plan.clone().ok_or_else(no_plan)?;
    ensure!(
        !planned.options.is_null(),
        UsageError(
            "this is the journal of an edit or an import, which cannot be rolled back: `edit` or `purge` its messages"
                .to_owned()
        )
    );
    ensure!(
        state.accepted.is_empty() && state.uncertain.is_empty(),
        UsageError(format!(
            "{} messages were sent or being sent and are not deleted yet: `resume` the replay first, otherwise they would be \
             duplicated",
            state.accepted.len() + state.uncertain.len()
        ))
    );
    let options: Options = serde_json::from_value(planned.options).context("the journal's options cannot be read")?;
    ensure!(
        options.after == AfterReplay::Delete,
        UsageError("it was a rehearsal: no message left its queue, so nothing can be rolled back".to_owned())
    );
    let mut sent = SentMessages::default();
    read::read(path, |line| sent.apply(line.entry))?;
    let origin = Queue::at(sdk, &planned.queue);
    find_interrupted(&mut sent, &origin, &journal, limits).await?;
    let mut targets = Vec::new();
    match (&options.selection.target, sent.replayed.is_empty()) {
        (ReplayTarget::Queue(url), false) => targets.push((Queue::at(sdk, url), &sent.replayed)),
        (ReplayTarget::Topic(_), false) => {
            bail!(UsageError("messages that were published to a topic cannot be rolled back".to_owned()))
        }
        (ReplayTarget::Origin, false) => ensure!(
            !sent.parked.is_empty(),
            UsageError(
                "messages that were sent to functions, rule targets or source queues cannot be rolled back".to_owned()
            )
        ),
        (_, true) => {}
    }
    if let Some(parking) = options.parking.as_ref().filter(|_| !sent.parked.is_empty()) {
        targets.push((Queue::at(sdk, parking), &sent.parked));
    }
    let (mut planned, mut returned) = (0, 0);
    for (target, ids) in &targets {
        planned += ids.len() as u64;
        let back = MoveBack { target, ids, returned: &sent.returned, origin: &origin, journal: &journal };
        returned += back.run(RemovalLimits { expected: ids.len(), ..limits }).await?;
    }
    let summary = Summary {
        planned,
        replayed: returned,
        remaining: planned.saturating_sub(returned),
        journal: path.display().to_string(),
        ..Summary::default()
    };
    journal.write(Entry::Closed(summary.clone())).await?;
    Ok(summary)
}

/// Searches the original queue for messages with an interrupted rollback: they carry their replay keys. The others are
/// returned again.
///
/// Messages in flight are an error, because returned again they would be duplicated. A FIFO queue drops duplicates for
/// five minutes, and never returns all messages of a large group.
async fn find_interrupted(
    sent: &mut SentMessages,
    origin: &Queue,
    journal: &Journal,
    limits: RemovalLimits<'_>,
) -> Result<()> {
    if sent.uncertain.is_empty() {
        return Ok(());
    }
    let mut found = HashSet::new();
    let is_uncertain = |message: &Message| sent.uncertain.contains_key(&replay_metadata::replay_key(message));
    // Several messages may have the same key, so all are received.
    let limits = RemovalLimits { expected: usize::MAX, ..limits };
    remove_matching(origin, limits, is_uncertain, async |messages| {
        found.extend(messages.iter().filter_map(|message| sent.uncertain.get(&replay_metadata::replay_key(message))));
        Ok(Vec::new())
    })
    .await?;
    let missing = sent.uncertain.len() - found.len();
    let in_flight =
        if missing == 0 || origin.is_fifo() { 0 } else { origin.attributes().await?.unavailable_messages() };
    sent.returned.extend(found.iter().copied());
    journal.write(Entry::RolledBack { ids: found.into_iter().collect() }).await?;
    ensure!(
        in_flight == 0,
        "the rollback of {missing} messages was interrupted, and they may be among the {in_flight} messages in flight in {}: \
         run it again when none are in flight",
        origin.name()
    );
    Ok(())
}

/// Moves messages back from one target queue.
struct MoveBack<'a> {
    target: &'a Queue,
    ids: &'a HashMap<String, Uuid>,
    returned: &'a HashSet<Uuid>,
    origin: &'a Queue,
    journal: &'a Journal,
}

impl MoveBack<'_> {
    /// Returns the number of messages that are back in the original queue and no longer in the target queue.
    async fn run(&self, limits: RemovalLimits<'_>) -> Result<u64> {
        let old: HashMap<Uuid, Uuid> = self.ids.iter().map(|(new, old)| (short_id(new), *old)).collect();
        let is_sent = |message: &Message| self.ids.contains_key(&message.message_id);
        let mut seen = HashSet::new();
        let moved = remove_matching(self.target, limits, is_sent, async |messages| {
            seen.extend(messages.iter().filter_map(|message| self.original_id(message)));
            let (returned, remaining): (Vec<Message>, Vec<Message>) = messages
                .into_iter()
                .partition(|message| self.original_id(message).is_some_and(|id| self.returned.contains(&id)));
            Ok(returned.into_iter().chain(self.send(remaining).await?).collect())
        })
        .await?;
        let moved: Vec<Uuid> = moved.iter().filter_map(|id| old.get(id).copied()).collect();
        // A returned message that was not seen was deleted before, if all messages were seen.
        let saw_all =
            !limits.stopped.load(Ordering::Relaxed) && self.target.attributes().await?.unavailable_messages() == 0;
        let gone = self.ids.values().filter(|id| saw_all && self.returned.contains(id) && !seen.contains(id)).copied();
        let ids: Vec<Uuid> = moved.into_iter().chain(gone).collect();
        let back = ids.len() as u64;
        if back > 0 {
            self.journal.write(Entry::TakenOut { ids }).await?;
        }
        Ok(back)
    }

    fn original_id(&self, message: &Message) -> Option<Uuid> {
        self.ids.get(&message.message_id).copied()
    }

    /// Sends messages back. Returns those that were accepted.
    async fn send(&self, messages: Vec<Message>) -> Result<Vec<Message>> {
        if messages.is_empty() {
            return Ok(messages);
        }
        let ids = messages.iter().filter_map(|message| self.original_id(message)).collect();
        let keys = messages.iter().map(replay_metadata::replay_key).collect();
        self.journal.write(Entry::RollingBack { ids, keys }).await?;
        let outgoing: Vec<_> = messages.iter().map(|message| self.outgoing(message)).collect();
        let outcomes = batches::send(self.origin.sqs(), self.origin.url(), &outgoing).await?;
        let accepted = messages.into_iter().zip(outcomes).filter(|(_, outcome)| outcome.is_ok());
        let accepted: Vec<Message> = accepted.map(|(message, _)| message).collect();
        let ids = accepted.iter().filter_map(|message| self.original_id(message)).collect();
        self.journal.write(Entry::RolledBack { ids }).await?;
        Ok(accepted)
    }

    /// The original message, with its replay key if there is room.
    fn outgoing(&self, message: &Message) -> OutgoingMessage {
        let mut attributes = replay_metadata::preserved_attributes(message, MetadataPolicy::Clear);
        replay_metadata::add_attribute(
            &mut attributes,
            message,
            attribute_names::REPLAY_KEY,
            Attribute::text(replay_metadata::replay_key(message)),
        );
        OutgoingMessage::new(message, self.origin.url(), &message.body, attributes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dlq::journal::entry::{Accepted, Intent};

    #[test]
    fn a_returned_message_is_deleted_and_not_returned_again() {
        let message = |purpose| Entry::Intent {
            purpose,
            messages: vec![Intent { id: "m".into(), receipt: "r".into(), key: "m".into(), attempt: 1 }],
        };
        let id = short_id("m");
        let mut sent = SentMessages::default();
        sent.apply(message(Purpose::Replay));
        sent.apply(Entry::Sent { messages: vec![Accepted { id: "m".into(), as_id: Some("n".into()) }] });
        sent.apply(Entry::RollingBack { ids: vec![id], keys: vec!["m".into()] });
        assert_eq!(sent.uncertain.get("m"), Some(&id), "a crash here leaves the outcome unknown");
        sent.apply(Entry::RolledBack { ids: vec![id] });
        assert!(sent.uncertain.is_empty() && sent.returned.contains(&id) && sent.replayed.contains_key("n"));
        sent.apply(Entry::TakenOut { ids: vec![id] });
        assert!(sent.replayed.is_empty());
    }
}
