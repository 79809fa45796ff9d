//! One subject's messages in the order of their sequence, one at a time; different subjects side by side.

use std::collections::{BTreeSet, HashMap, HashSet};

use uuid::Uuid;

use crate::dlq::message::Message;

/// The texts of messages that wait for their turn may have this many bytes together.
const MOST_BYTES: usize = 48 * 1024 * 1024;

/// Whose turn it is.
#[derive(Debug, Default)]
pub(super) struct Turns {
    /// What is still to be done of each subject.
    subjects: HashMap<Uuid, BTreeSet<(u64, Uuid)>>,
    waiting: HashMap<Uuid, Message>,
    bytes: usize,
    /// Subjects of which one has failed: what follows must not overtake it.
    blocked: HashSet<Uuid>,
}

/// What to do with a message that came.
#[derive(Debug)]
pub(super) enum Turn {
    /// It is its turn.
    Now(Message),
    /// It waits here.
    Later,
    /// It must wait, and there is no room.
    NoRoom,
    /// One before it has failed.
    Never(Message),
}

impl Turns {
    /// The turns of all messages of a plan that are about a subject.
    pub(super) fn new(places: impl Iterator<Item = (Uuid, (Uuid, u64))>) -> Self {
        let mut turns = Self::default();
        for (id, (subject, sequence)) in places {
            turns.subjects.entry(subject).or_default().insert((sequence, id));
        }
        turns
    }

    /// A message came.
    pub(super) fn come(&mut self, id: Uuid, place: (Uuid, u64), message: Message) -> Turn {
        let (subject, sequence) = place;
        if self.blocked.contains(&subject) {
            return Turn::Never(message);
        }
        let first = self.subjects.entry(subject).or_default().first().copied();
        if first.is_none_or(|first| first == (sequence, id)) {
            return Turn::Now(message);
        }
        if self.bytes + message.body.len() > MOST_BYTES {
            return Turn::NoRoom;
        }
        self.bytes += message.body.len();
        self.waiting.insert(id, message);
        Turn::Later
    }

    /// A message is done: the one whose turn is next, when it is here.
    pub(super) fn done(&mut self, id: Uuid, place: (Uuid, u64)) -> Option<Message> {
        let (subject, sequence) = place;
        let order = self.subjects.get_mut(&subject)?;
        order.remove(&(sequence, id));
        let next = order.first().map(|(_, id)| *id)?;
        self.leave(next)
    }

    /// A message has failed: those of its subject that wait here, and must not overtake it.
    pub(super) fn failed(&mut self, (subject, _): (Uuid, u64)) -> Vec<Message> {
        self.blocked.insert(subject);
        let order = self.subjects.remove(&subject).unwrap_or_default();
        order.into_iter().filter_map(|(_, id)| self.leave(id)).collect()
    }

    /// Whoever was to come first does not come any more, because somebody else took it: the first of those that are here.
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
        next.into_iter().filter_map(|id| self.leave(id)).collect()
    }

    /// Nothing waits here.
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    fn leave(&mut self, id: Uuid) -> Option<Message> {
        let message = self.waiting.remove(&id)?;
        self.bytes -= message.body.len();
        Some(message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dlq::envelope::{self, Reading};
    use crate::dlq::message::Raw;

    fn message(id: Uuid) -> Message {
        let raw = Raw { message_id: id.to_string(), ..Raw::default() };
        let Reading::Whole(decoded) = envelope::read(&raw) else { panic!("an empty message is whole") };
        Message::new(raw, *decoded)
    }

    fn id(number: u128) -> Uuid {
        Uuid::from_u128(number)
    }

    #[test]
    fn the_second_waits_for_the_first() {
        let subject = id(100);
        let mut turns = Turns::new([(id(1), (subject, 1)), (id(2), (subject, 2))].into_iter());
        assert!(matches!(turns.come(id(2), (subject, 2), message(id(2))), Turn::Later));
        assert!(matches!(turns.come(id(1), (subject, 1), message(id(1))), Turn::Now(_)));
        assert_eq!(turns.done(id(1), (subject, 1)).unwrap().message_id, id(2).to_string());
        assert!(turns.is_empty());
    }

    #[test]
    fn nobody_overtakes_one_that_failed() {
        let subject = id(100);
        let mut turns = Turns::new([(id(1), (subject, 1)), (id(2), (subject, 2)), (id(3), (subject, 3))].into_iter());
        assert!(matches!(turns.come(id(2), (subject, 2), message(id(2))), Turn::Later));
        assert_eq!(turns.failed((subject, 1)).len(), 1);
        assert!(matches!(turns.come(id(3), (subject, 3), message(id(3))), Turn::Never(_)));
    }

    #[test]
    fn one_that_never_comes_is_not_waited_for() {
        let subject = id(100);
        let mut turns = Turns::new([(id(1), (subject, 1)), (id(2), (subject, 2))].into_iter());
        assert!(matches!(turns.come(id(2), (subject, 2), message(id(2))), Turn::Later));
        assert_eq!(turns.skip_missing().len(), 1);
    }
}
