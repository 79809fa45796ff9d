//! What is to be done with a message that came.

use uuid::Uuid;

use crate::dlq::journal::state::short_id;
use crate::dlq::marks;
use crate::dlq::message::Message;
use crate::dlq::options::Order;
use crate::dlq::plan::{Verdict, judge, place};
use crate::dlq::replay::intake::Intake;
use crate::dlq::replay::intake::item::{Batch, Item};
use crate::dlq::replay::order::Turn;

impl Intake {
    /// Finds out what is to be done with a message.
    pub(super) fn sort(&self, message: Message, batch: &mut Batch, without_room: &mut Vec<Uuid>) {
        let id = short_id(&message.message_id);
        self.held.take(id, &message.receipt_handle);
        let mut inner = self.lock();
        if inner.accepted.contains(&id) {
            batch.to_delete.push(id);
            return;
        }
        if !inner.seen.insert(id) {
            return;
        }
        let is_chosen = self.chosen.contains_key(&id);
        let brought_by_us = || marks::read(&message).replay_id.as_deref() == Some(&self.replay_id);
        if !is_chosen && (inner.sent.contains(&id) || brought_by_us()) {
            self.held.leave(id);
            batch.came_back.push(message);
            return;
        }
        if self.everything && self.is_late(&message) {
            inner.late += 1;
            self.held.leave(id);
            batch.late.push(message);
            return;
        }
        let is_meant = self.everything || is_chosen;
        if !is_meant {
            self.held.leave(id);
            return;
        }
        inner.met += 1;
        let item = match judge(&self.options, &self.filter, &self.history, &message) {
            Verdict::Replay { attempt } => Item { message, attempt, is_parked: false },
            Verdict::Park { attempt } => Item { message, attempt, is_parked: true },
            Verdict::Leave(reason) => {
                inner.met -= u64::from(self.everything);
                inner.dealt_with += u64::from(!self.everything);
                drop(inner);
                self.held.leave(id);
                batch.left.push((message, reason));
                return;
            }
        };
        let place = place(&item.message).filter(|_| self.options.order == Order::Subject);
        let Some(place) = place else {
            inner.ready.push_back(item);
            return;
        };
        let (attempt, is_parked) = (item.attempt, item.is_parked);
        match inner.turns.come(id, place, item.message) {
            Turn::Now(message) => inner.ready.push_back(Item { message, attempt, is_parked }),
            Turn::Later => {}
            Turn::NoRoom => {
                inner.seen.remove(&id);
                inner.met -= 1;
                without_room.push(id);
            }
            Turn::Never(message) => {
                inner.dealt_with += 1;
                batch.left.push((message, "one before it has failed".to_owned()));
            }
        }
    }

    /// Whether a message was sent to the queue after the plan was made.
    fn is_late(&self, message: &Message) -> bool {
        self.until.zip(message.sent_at()).is_some_and(|(until, sent)| sent > until)
    }
}
