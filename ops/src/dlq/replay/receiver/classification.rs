//! Deciding what to do with a received message.

use uuid::Uuid;

use crate::dlq::journal::state::short_id;
use crate::dlq::message::Message;
use crate::dlq::options::Order;
use crate::dlq::plan::{PlanDecision, decide, subject_position};
use crate::dlq::replay::order::OrderDecision;
use crate::dlq::replay::receiver::Receiver;
use crate::dlq::replay::receiver::item::{Batch, Item};
use crate::dlq::replay_metadata::ReplayMetadata;

impl Receiver {
    /// Adds a message to the list of the batch where it belongs, to the ready messages, or to `without_room`.
    pub(super) fn classify(&self, message: Message, batch: &mut Batch, without_room: &mut Vec<Uuid>) {
        let id = short_id(&message.message_id);
        let mut inner = self.lock();
        if inner.accepted.contains(&id) {
            batch.to_delete.push(id);
            return;
        }
        if !inner.seen.insert(id) {
            return;
        }
        let is_chosen = self.chosen.contains_key(&id);
        let is_own = || ReplayMetadata::from_message(&message).replay_id.as_deref() == Some(self.replay_id.as_str());
        if !is_chosen && (inner.sent.contains(&id) || is_own()) {
            self.leases.set_aside(id);
            batch.returned.push(message);
            return;
        }
        if self.everything && self.was_sent_after_plan(&message) {
            inner.sent_after_plan += 1;
            self.leases.set_aside(id);
            batch.sent_after_plan.push(message);
            return;
        }
        if !self.everything && !is_chosen {
            inner.outside_plan += 1;
            self.leases.set_aside(id);
            return;
        }
        inner.received += 1;
        let item = match decide(&self.options, &self.filter, &self.history, &message) {
            PlanDecision::Replay { attempt } => Item { message, attempt, is_parked: false },
            PlanDecision::Park { attempt } => Item { message, attempt, is_parked: true },
            PlanDecision::Skip(reason) => {
                inner.received -= u64::from(self.everything);
                inner.finished += u64::from(!self.everything);
                drop(inner);
                self.leases.set_aside(id);
                batch.skipped.push((message, reason));
                return;
            }
        };
        let position = subject_position(&item.message).filter(|_| self.options.order == Order::Subject);
        let Some(position) = position else {
            inner.ready.push_back(item);
            return;
        };
        let (attempt, is_parked) = (item.attempt, item.is_parked);
        match inner.order.push(id, position, item.message) {
            OrderDecision::Ready(message) => inner.ready.push_back(Item { message, attempt, is_parked }),
            OrderDecision::Waiting => {}
            OrderDecision::Full => {
                inner.seen.remove(&id);
                inner.received -= 1;
                without_room.push(id);
            }
            OrderDecision::Blocked(message) => {
                inner.finished += 1;
                batch.skipped.push((message, "an earlier message of its subject failed".to_owned()));
            }
        }
    }

    fn was_sent_after_plan(&self, message: &Message) -> bool {
        self.until.zip(message.sent_at()).is_some_and(|(until, sent)| sent > until)
    }
}
