//! Deciding when a replay is complete.

use anyhow::Result;
use tokio::time::Instant;

use crate::dlq::replay::receiver::item::Item;
use crate::dlq::replay::receiver::{Inner, MAX_DELETIONS, MAX_EMPTY_RECEIVES, Receiver, with_retries};

impl Receiver {
    /// The number of received messages without those sent after the plan was made, which may never end.
    pub(super) fn planned_so_far(&self) -> u64 {
        let inner = self.lock();
        (inner.seen.len() as u64).saturating_sub(inner.sent_after_plan)
    }

    /// Counts a call without work. A new message that is not part of the plan resets the count, because those of the
    /// plan may be behind thousands of others.
    pub(super) fn count_empty_receive(&self, planned_before: u64) {
        let is_new = self.planned_so_far() > planned_before;
        let mut inner = self.lock();
        // A message in work holds back the rest of its FIFO group and the next of its subject.
        let may_continue = is_new || inner.in_work > 0;
        inner.empty_receives = if may_continue { 0 } else { inner.empty_receives + 1 };
    }

    /// Whether no more message of the plan can arrive.
    pub(super) async fn check_completion(&self) -> Result<bool> {
        let (is_idle, seems_complete, empty_receives) = {
            let inner = self.lock();
            let is_idle = inner.in_work == 0 && inner.ready.is_empty();
            let all = if self.everything {
                inner.finished + inner.sent_after_plan >= self.expected
            } else {
                self.is_finished(&inner)
            };
            (is_idle, all, inner.empty_receives)
        };
        if !is_idle {
            return Ok(false);
        }
        if !self.everything && seems_complete {
            return Ok(self.finish());
        }
        let has_waited = self.lock().wait_until.is_none_or(|until| Instant::now() >= until);
        if self.everything && (seems_complete || empty_receives > 0) {
            let attributes = with_retries(|| self.queue.attributes()).await?;
            let own = self.leases.count() as u64;
            if attributes.depth == 0
                && attributes.delayed == 0
                && attributes.in_flight <= own
                && empty_receives + u32::from(has_waited) > 0
            {
                return Ok(self.finish());
            }
        }
        if empty_receives < MAX_EMPTY_RECEIVES || !has_waited {
            return Ok(false);
        }
        let missing = self.lock().order.skip_missing();
        if missing.is_empty() {
            return Ok(self.finish());
        }
        let items: Vec<Item> = missing.into_iter().map(|message| self.item(message)).collect();
        let mut inner = self.lock();
        inner.empty_receives = 0;
        inner.ready.extend(items);
        Ok(false)
    }

    fn is_finished(&self, inner: &Inner) -> bool {
        let awaits_no_deletion = inner.undeleted.values().all(|tries| *tries >= MAX_DELETIONS);
        inner.finished >= self.chosen.len() as u64 && inner.order.is_empty() && awaits_no_deletion
    }

    /// Whether all expected messages were received, and some are still in work.
    pub(super) fn has_received_all(&self) -> bool {
        let inner = self.lock();
        let expected = if self.everything { self.expected } else { self.chosen.len() as u64 };
        inner.in_work > 0 && inner.received >= expected
    }

    fn finish(&self) -> bool {
        self.lock().is_complete = true;
        true
    }
}
