//! Handing out messages of one subject in the order of their sequence, one at a time; different subjects concurrently.

use std::collections::{BTreeSet, HashMap, HashSet};

use uuid::Uuid;

use crate::dlq::message::Message;

/// The bytes of all bodies that wait for an earlier message of their subject.
const MAX_BYTES: usize = 48 * 1024 * 1024;

/// Messages that wait for an earlier message of their subject.
#[derive(Debug, Default)]
pub(super) struct SubjectOrder {
    /// The messages of each subject that are not completed yet.
    subjects: HashMap<Uuid, BTreeSet<(u64, Uuid)>>,
    waiting: HashMap<Uuid, Message>,
    bytes: usize,
    /// Subjects of which a message failed: later ones must not overtake it.
    blocked: HashSet<Uuid>,
}

/// What to do with a message that was received.
#[derive(Debug)]
pub(super) enum OrderDecision {
    /// It is the next one of its subject.
    Ready(Message),
    /// It waits for an earlier one.
    Waiting,
    /// It has to wait, and there is no room for it.
    Full,
    /// An earlier one failed.
    Blocked(Message),
}

impl SubjectOrder {
    /// The order of all messages of a plan that have a subject.
    pub(super) fn new(positions: impl Iterator<Item = (Uuid, (Uuid, u64))>) -> Self {
        let mut order = Self::default();
        for (id, (subject, sequence)) in positions {
            order.subjects.entry(subject).or_default().insert((sequence, id));
        }
        order
    }

    /// Adds a message that was received.
    pub(super) fn push(&mut self, id: Uuid, position: (Uuid, u64), message: Message) -> OrderDecision {
        let (subject, sequence) = position;
        if self.blocked.contains(&subject) {
            return OrderDecision::Blocked(message);
        }
        let first = self.subjects.entry(subject).or_default().first().copied();
        if first.is_none_or(|first| first == (sequence, id)) {
            return OrderDecision::Ready(message);
        }
        if self.bytes + message.body.len() > MAX_BYTES {
            return OrderDecision::Full;
        }
        self.bytes += message.body.len();
        self.waiting.insert(id, message);
        OrderDecision::Waiting
    }

    /// Marks a message as completed. Returns the next one of its subject, if it waits.
    pub(super) fn complete(&mut self, id: Uuid, position: (Uuid, u64)) -> Option<Message> {
        let (subject, sequence) = position;
        let order = self.subjects.get_mut(&subject)?;
        order.remove(&(sequence, id));
        let next = order.first().map(|(_, id)| *id)?;
        self.pop(next)
    }

    /// Marks a message as failed. Returns the waiting ones of its subject, which must not overtake it.
    pub(super) fn fail(&mut self, (subject, _): (Uuid, u64)) -> Vec<Message> {
        self.blocked.insert(subject);
        let order = self.subjects.remove(&subject).unwrap_or_default();
        order.into_iter().filter_map(|(_, id)| self.pop(id)).collect()
    }

    /// Skips messages that do not arrive because another consumer took them. Returns the first waiting one of each
    /// subject.
    pub(super) fn skip_missing(&mut self) -> Vec<Message> {
        let mut next = Vec::new();
        for order in self.subjects.values_mut() {
            if order.iter().any(|(_, id)| self.waiting.contains_key(id)) {
                while let Some((_, id)) = order.first().copied()
                    && !self.waiting.contains_key(&id)
                {
                    order.pop_first();
                }
                next.extend(order.first().map(|(_, id)| *id));
            }
        }
        next.into_iter().filter_map(|id| self.pop(id)).collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    fn pop(&mut self, id: Uuid) -> Option<Message> {
        let message = self.waiting.remove(&id)?;
        self.bytes -= message.body.len();
        Some(message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dlq::envelope::{self, Reading};
    use crate::dlq::raw_message::RawMessage;

    fn message(id: Uuid) -> Message {
        let raw = RawMessage { message_id: id.to_string(), ..RawMessage::default() };
        let Reading::Whole(decoded) = envelope::read(&raw) else { panic!("an empty message is whole") };
        Message::new(raw, *decoded)
    }

    fn id(number: u128) -> Uuid {
        Uuid::from_u128(number)
    }

    #[test]
    fn the_second_message_of_a_subject_waits_for_the_first() {
        let subject = id(100);
        let mut order = SubjectOrder::new([(id(1), (subject, 1)), (id(2), (subject, 2))].into_iter());
        assert!(matches!(order.push(id(2), (subject, 2), message(id(2))), OrderDecision::Waiting));
        assert!(matches!(order.push(id(1), (subject, 1), message(id(1))), OrderDecision::Ready(_)));
        assert_eq!(order.complete(id(1), (subject, 1)).unwrap().message_id, id(2).to_string());
        assert!(order.is_empty());
    }

    #[test]
    fn no_message_overtakes_a_failed_one() {
        let subject = id(100);
        let mut order =
            SubjectOrder::new([(id(1), (subject, 1)), (id(2), (subject, 2)), (id(3), (subject, 3))].into_iter());
        assert!(matches!(order.push(id(2), (subject, 2), message(id(2))), OrderDecision::Waiting));
        assert_eq!(order.fail((subject, 1)).len(), 1);
        assert!(matches!(order.push(id(3), (subject, 3), message(id(3))), OrderDecision::Blocked(_)));
    }

    #[test]
    fn a_missing_message_is_skipped() {
        let subject = id(100);
        let mut order = SubjectOrder::new([(id(1), (subject, 1)), (id(2), (subject, 2))].into_iter());
        assert!(matches!(order.push(id(2), (subject, 2), message(id(2))), OrderDecision::Waiting));
        assert_eq!(order.skip_missing().len(), 1);
    }
}
