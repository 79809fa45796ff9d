//! When there is nothing more to come.

use anyhow::Result;
use tokio::time::Instant;

use crate::dlq::replay::intake::item::Item;
use crate::dlq::replay::intake::{DELETIONS, FRUITLESS, Inner, Intake, patiently};

impl Intake {
    /// How many messages came, but for those that came after the plan was made: of those there may be no end.
    pub(super) fn meant_so_far(&self) -> u64 {
        let inner = self.lock();
        (inner.seen.len() as u64).saturating_sub(inner.late)
    }

    /// A message that is not meant is news too: those that are meant may lie behind thousands of them.
    pub(super) fn note_fruitless(&self, meant_before: u64) {
        let is_new = self.meant_so_far() > meant_before;
        let mut inner = self.lock();
        // What is in work holds back the rest of its FIFO group, and the next of its subject.
        let is_news = is_new || inner.in_work > 0;
        inner.fruitless = if is_news { 0 } else { inner.fruitless + 1 };
    }

    /// Whether there is nothing more to come.
    pub(super) async fn ends_here(&self) -> Result<bool> {
        let (is_idle, seems_all, fruitless) = {
            let inner = self.lock();
            let is_idle = inner.in_work == 0 && inner.ready.is_empty();
            let all =
                if self.everything { inner.dealt_with + inner.late >= self.expected } else { self.has_all(&inner) };
            (is_idle, all, inner.fruitless)
        };
        if !is_idle {
            return Ok(false);
        }
        if !self.everything && seems_all {
            return Ok(self.end());
        }
        let is_late = self.lock().patient_until.is_none_or(|until| Instant::now() >= until);
        if self.everything && (seems_all || fruitless > 0) {
            let attributes = patiently(|| self.queue.attributes()).await?;
            let ours = self.held.count() as u64;
            if attributes.depth == 0
                && attributes.delayed == 0
                && attributes.in_flight <= ours
                && fruitless + u32::from(is_late) > 0
            {
                return Ok(self.end());
            }
        }
        if fruitless < FRUITLESS || !is_late {
            return Ok(false);
        }
        let missing = self.lock().turns.skip_missing();
        if missing.is_empty() {
            return Ok(self.end());
        }
        let items: Vec<Item> = missing.into_iter().map(|message| self.again(message)).collect();
        let mut inner = self.lock();
        inner.fruitless = 0;
        inner.ready.extend(items);
        Ok(false)
    }

    fn has_all(&self, inner: &Inner) -> bool {
        let awaits_none = inner.undeleted.values().all(|tries| *tries >= DELETIONS);
        inner.dealt_with >= self.chosen.len() as u64 && inner.turns.is_empty() && awaits_none
    }

    /// Whether all that was expected came, and some is still in work.
    pub(super) fn has_met_all(&self) -> bool {
        let inner = self.lock();
        let expected = if self.everything { self.expected } else { self.chosen.len() as u64 };
        inner.in_work > 0 && inner.met >= expected
    }

    fn end(&self) -> bool {
        self.lock().over = true;
        true
    }
}
