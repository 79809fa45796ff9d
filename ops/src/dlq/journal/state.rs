//! What a journal says was done.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use crate::dlq::journal::entry::{Entry, Planned, Purpose, Summary};

/// What was done so far, by message.
#[derive(Debug, Default)]
pub struct State {
    /// The plan.
    pub plan: Option<Planned>,
    /// The messages of the plan, when not simply all of the queue, and where each is in its subject's order.
    pub chosen: HashMap<Uuid, Option<(Uuid, u64)>>,
    /// Messages that are done with: accepted and deleted.
    pub done: HashSet<Uuid>,
    /// Messages that were about to be sent, and nobody knows whether they were.
    pub unsure: HashMap<Uuid, Open>,
    /// Messages that were accepted and are not known to be deleted.
    pub accepted: HashMap<Uuid, Open>,
    /// Messages that were not accepted, or came back; those that this replay held, with what gives them back.
    pub failed: HashMap<Uuid, Option<Open>>,
    /// The ids that accepted messages have in the queues that they were sent to: SQS keeps them when it gives one up again.
    pub sent: HashSet<Uuid>,
    /// Accepted messages that were put back.
    pub rolled_back: HashSet<Uuid>,
    /// How many messages were accepted for replay.
    pub replayed: u64,
    /// How many messages were parked.
    pub parked: u64,
    /// How it ended, if it has.
    pub closed: Option<Summary>,
}

/// A message that is under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Open {
    /// Where to.
    pub purpose: Purpose,
    /// What deletes it or gives it back, if it is still held.
    pub receipt: String,
    /// Names what is sent.
    pub key: String,
}

impl State {
    /// Takes the next entry.
    pub fn take(&mut self, entry: Entry) {
        match entry {
            Entry::Plan(plan) => self.plan = Some(*plan),
            Entry::Chosen { ids, places } => {
                let places = places.into_iter().chain(std::iter::repeat(None));
                self.chosen.extend(ids.into_iter().zip(places));
            }
            Entry::Intent { purpose, messages } => {
                for message in messages {
                    let open = Open { purpose, receipt: message.receipt, key: message.key };
                    self.failed.remove(&short_id(&message.id));
                    self.unsure.insert(short_id(&message.id), open);
                }
            }
            Entry::Sent { messages } => {
                for message in messages {
                    let id = short_id(&message.id);
                    self.sent.extend(message.as_id.as_deref().map(short_id));
                    if let Some(open) = self.unsure.remove(&id) {
                        match open.purpose {
                            Purpose::Replay => self.replayed += 1,
                            Purpose::Park => self.parked += 1,
                        }
                        self.accepted.insert(id, open);
                    }
                }
            }
            Entry::Failed { messages } => {
                for message in messages {
                    let open = self.unsure.remove(&short_id(&message.id));
                    self.failed.insert(short_id(&message.id), open);
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

/// Sixteen bytes for a message, however many there are. SQS's ids are UUIDs.
#[must_use]
pub fn short_id(message_id: &str) -> Uuid {
    Uuid::parse_str(message_id).unwrap_or_else(|_| Uuid::new_v5(&Uuid::NAMESPACE_OID, message_id.as_bytes()))
}
