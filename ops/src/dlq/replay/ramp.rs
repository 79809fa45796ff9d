//! Beginning with few messages, and going on as long as they do not fail.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::Result;
use tokio::time::Instant;

use crate::dlq::options::After;
use crate::dlq::queue::Queue;
use crate::dlq::replay::{Replay, intake};

/// The steps of a ramp; the last one is repeated.
const STEPS: [u64; 9] = [1, 2, 5, 20, 50, 100, 200, 500, 1000];

/// How often a ramp looks whether its last step is worked off.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// What there was before a step.
struct Before {
    /// Messages of the queue.
    standing: u64,
    /// Messages that were accepted.
    done: u64,
    /// Messages of the queues that steps send to, by URL. They may have other work than ours.
    targets: HashMap<String, u64>,
}

impl Replay {
    /// Works step by step, each after the one before it is worked off and did not fail.
    pub(super) async fn ramp(self: &Arc<Self>) -> Result<()> {
        let last = STEPS[STEPS.len() - 1];
        let mut came_back = 0;
        for step in STEPS.into_iter().chain(std::iter::repeat(last)) {
            let before = self.before().await?;
            self.round(step).await?;
            if self.must_stop() {
                return Ok(());
            }
            came_back += self.settle(&before).await?;
            if self.must_stop() || self.intake.is_over() {
                self.count_what_nobody_met(came_back);
            }
            if self.must_stop() || self.intake.is_over() {
                return Ok(());
            }
        }
        Ok(())
    }

    async fn before(&self) -> Result<Before> {
        let mut targets = HashMap::new();
        for url in self.roads.queues_sent_to().await {
            let standing = self.waiting_at(&url).await?;
            targets.insert(url, standing);
        }
        Ok(Before { standing: self.standing().await?, done: self.done(), targets })
    }

    /// Waits until the queues that a step sent to are worked off; how many messages of the step came back, which are
    /// failures. Stops when a queue is not worked off in time: whether its consumer works cannot be told then.
    async fn settle(&self, before: &Before) -> Result<u64> {
        if self.done() == before.done {
            return Ok(0);
        }
        let deadline = Instant::now() + Duration::from_secs(self.options.settle);
        for url in self.roads.queues_sent_to().await {
            let most = before.targets.get(&url).copied().unwrap_or(0);
            let mut waiting = self.waiting_at(&url).await?;
            while waiting > most && Instant::now() < deadline && !self.stopped.load(Ordering::Relaxed) {
                tokio::time::sleep(LOOK_AGAIN).await;
                waiting = self.waiting_at(&url).await?;
            }
            if waiting > most {
                self.breaker.trip(self.not_worked_off(&url, waiting));
            }
        }
        self.count_what_came_back(before).await
    }

    fn not_worked_off(&self, url: &str, waiting: u64) -> String {
        let (name, settle) = (url.rsplit('/').next().unwrap_or(url), self.options.settle);
        format!(
            "{waiting} messages wait in {name}, where the last step was sent to, after {settle} s: nothing more was sent. \
             Look whether its consumer runs; give a slow one more time with --settle"
        )
    }

    async fn count_what_came_back(&self, before: &Before) -> Result<u64> {
        let sent = self.done() - before.done;
        let left = match self.options.after {
            After::Remove => sent.saturating_sub(self.progress.undeleted.load(Ordering::Relaxed)),
            After::Keep => 0,
        };
        let came_back = (self.standing().await? + left).saturating_sub(before.standing).min(sent);
        self.breaker.came_back(came_back);
        Ok(came_back)
    }

    /// While it goes on, workers meet and count what comes back. At its end some may lie behind messages that they did not
    /// come to.
    fn count_what_nobody_met(&self, came_back: u64) {
        let met = self.progress.came_back.load(Ordering::Relaxed);
        let others = came_back.saturating_sub(met);
        self.progress.failed.fetch_add(others, Ordering::Relaxed);
        self.progress.came_back.fetch_add(others, Ordering::Relaxed);
    }

    /// How many messages a queue has that messages go to, seen and unseen.
    async fn waiting_at(&self, url: &str) -> Result<u64> {
        let target = Queue::at(&self.to, url);
        Ok(intake::patiently(|| target.attributes()).await?.standing())
    }
}
