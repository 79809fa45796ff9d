//! The state of a replay, computed from its journal.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use crate::dlq::journal::entry::{Entry, Planned, Purpose, Summary};

/// What happened so far, by message.
#[derive(Debug, Default)]
pub struct State {
    /// The first entry of the journal.
    pub plan: Option<Planned>,
    /// The messages of the plan, unless it is the whole queue, with the position of each in the order of its subject.
    pub chosen: HashMap<Uuid, Option<(Uuid, u64)>>,
    /// Messages that were accepted and deleted.
    pub done: HashSet<Uuid>,
    /// Messages that were about to be sent, with an unknown outcome.
    pub uncertain: HashMap<Uuid, PendingMessage>,
    /// Messages that were accepted and are not known to be deleted.
    pub accepted: HashMap<Uuid, PendingMessage>,
    /// Messages that were not accepted or failed again; those in flight, with their receipt handles.
    pub failed: HashMap<Uuid, Option<PendingMessage>>,
    /// The ids of accepted messages in their target queues. SQS keeps the id when it moves a message to a dead-letter
    /// queue.
    pub sent: HashSet<Uuid>,
    /// Accepted messages that were rolled back.
    pub rolled_back: HashSet<Uuid>,
    /// The number of messages accepted for replay.
    pub replayed: u64,
    /// The number of parked messages.
    pub parked: u64,
    /// The summary, if the replay ended.
    pub closed: Option<Summary>,
}

/// A message that was sent or is being sent, and not deleted yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingMessage {
    /// Why it is sent.
    pub purpose: Purpose,
    /// The receipt handle, which deletes it or makes it visible while it is in flight.
    pub receipt: String,
    /// Identifies the message at its target.
    pub key: String,
}

impl State {
    /// Whether the replay ended before its plan was in the journal completely. Nothing was sent then.
    #[must_use]
    pub fn is_plan_incomplete(&self) -> bool {
        let is_short = |plan: &Planned| !plan.everything && (self.chosen.len() as u64) < plan.planned;
        self.plan.as_ref().is_some_and(|plan| !plan.options.is_null() && is_short(plan))
    }

    /// Applies the next entry.
    pub fn apply(&mut self, entry: Entry) {
        match entry {
            Entry::Plan(plan) => self.plan = Some(*plan),
            Entry::Chosen { ids, places } => {
                let places = places.into_iter().chain(std::iter::repeat(None));
                self.chosen.extend(ids.into_iter().zip(places));
            }
            Entry::Intent { purpose, messages } => {
                for message in messages {
                    let pending = PendingMessage { purpose, receipt: message.receipt, key: message.key };
                    self.failed.remove(&short_id(&message.id));
                    self.uncertain.insert(short_id(&message.id), pending);
                }
            }
            Entry::Sent { messages } => {
                for message in messages {
                    let id = short_id(&message.id);
                    self.sent.extend(message.as_id.as_deref().map(short_id));
                    if let Some(pending) = self.uncertain.remove(&id) {
                        match pending.purpose {
                            Purpose::Replay => self.replayed += 1,
                            Purpose::Park => self.parked += 1,
                        }
                        self.accepted.insert(id, pending);
                    }
                }
            }
            Entry::Failed { messages } => {
                for message in messages {
                    let pending = self.uncertain.remove(&short_id(&message.id));
                    self.failed.insert(short_id(&message.id), pending);
                }
            }
            Entry::Deleted { ids } => {
                for id in ids {
                    self.accepted.remove(&id);
                    self.done.insert(id);
                }
            }
            Entry::Resumed {} => self.closed = None,
            Entry::RolledBack { ids } => self.rolled_back.extend(ids),
            Entry::Skipped { .. } | Entry::RollingBack { .. } | Entry::TakenOut { .. } => {}
            Entry::Closed(summary) => self.closed = Some(summary),
        }
    }
}

/// A compact id, because millions of messages may be remembered. SQS's ids are UUIDs.
#[must_use]
pub fn short_id(message_id: &str) -> Uuid {
    Uuid::parse_str(message_id).unwrap_or_else(|_| Uuid::new_v5(&Uuid::NAMESPACE_OID, message_id.as_bytes()))
}
