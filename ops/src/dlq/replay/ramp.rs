//! Starting with few messages, and continuing as long as they do not fail.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::Result;
use tokio::time::Instant;

use crate::dlq::options::AfterReplay;
use crate::dlq::queue::Queue;
use crate::dlq::replay::Replay;
use crate::dlq::replay::consumers::CHECK_INTERVAL;
use crate::dlq::replay::receiver::with_retries;

/// The number of messages in each step. The last step is repeated.
const STEPS: [u64; 9] = [1, 2, 5, 20, 50, 100, 200, 500, 1000];

/// The state before a step.
struct StepStart {
    /// All messages of the dead-letter queue.
    total_messages: u64,
    /// Messages that the targets have accepted.
    accepted: u64,
    /// All messages of the target queues, by URL. They may contain messages of other producers.
    targets: HashMap<String, u64>,
}

impl Replay {
    /// Works step by step, each after the messages of the one before were consumed and did not fail.
    pub(super) async fn ramp(self: &Arc<Self>) -> Result<()> {
        let last = STEPS[STEPS.len() - 1];
        let mut returned = 0;
        for step in STEPS.into_iter().chain(std::iter::repeat(last)) {
            let start = self.step_start().await?;
            self.round(step).await?;
            if self.must_stop() {
                return Ok(());
            }
            returned += self.settle(&start).await?;
            if self.must_stop() || self.receiver.is_complete() {
                self.count_unreceived(returned);
            }
            if self.must_stop() || self.receiver.is_complete() {
                return Ok(());
            }
        }
        Ok(())
    }

    async fn step_start(&self) -> Result<StepStart> {
        let mut targets = HashMap::new();
        for url in self.sender.queues_sent_to().await {
            let waiting = self.messages_at(&url).await?;
            targets.insert(url, waiting);
        }
        Ok(StepStart { total_messages: self.total_messages().await?, accepted: self.accepted(), targets })
    }

    /// Waits until the queues that a step sent to have no more messages than before. Returns the number of messages
    /// that came back, which are failures. Stops the replay when a queue is not consumed in time, because its consumer
    /// may not run.
    async fn settle(&self, start: &StepStart) -> Result<u64> {
        if self.accepted() == start.accepted {
            return Ok(0);
        }
        let deadline = Instant::now() + Duration::from_secs(self.options.settle);
        for url in self.sender.queues_sent_to().await {
            let before = start.targets.get(&url).copied().unwrap_or(0);
            let mut waiting = self.messages_at(&url).await?;
            while waiting > before && Instant::now() < deadline && !self.stopped.load(Ordering::Relaxed) {
                tokio::time::sleep(CHECK_INTERVAL).await;
                waiting = self.messages_at(&url).await?;
            }
            if waiting > before {
                self.breaker.trip(self.not_consumed(&url, waiting));
            }
        }
        self.count_returned(start).await
    }

    fn not_consumed(&self, url: &str, waiting: u64) -> String {
        let (name, settle) = (url.rsplit('/').next().unwrap_or(url), self.options.settle);
        format!(
            "{waiting} messages still wait in {name}, the target of the last step, after {settle} s: nothing more was sent. \
             Check whether its consumer runs; give a slow one more time with --settle"
        )
    }

    async fn count_returned(&self, start: &StepStart) -> Result<u64> {
        let sent = self.accepted() - start.accepted;
        let deleted = match self.options.after {
            AfterReplay::Delete => sent.saturating_sub(self.progress.undeleted.load(Ordering::Relaxed)),
            AfterReplay::Keep => 0,
        };
        let returned = (self.total_messages().await? + deleted).saturating_sub(start.total_messages).min(sent);
        self.breaker.record_returned(returned);
        Ok(returned)
    }

    /// Workers count returned messages when they receive them. At the end of the replay some may not have been
    /// received.
    fn count_unreceived(&self, returned: u64) {
        let received = self.progress.returned.load(Ordering::Relaxed);
        let others = returned.saturating_sub(received);
        self.progress.failed.fetch_add(others, Ordering::Relaxed);
        self.progress.returned.fetch_add(others, Ordering::Relaxed);
    }

    /// The number of all messages in a target queue.
    async fn messages_at(&self, url: &str) -> Result<u64> {
        let target = Queue::at(&self.target_sdk, url);
        Ok(with_retries(|| target.attributes()).await?.total_messages())
    }
}
