//! Waiting until the consumers are done with what a replay has sent, as far as that can be known.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Result;
use serde::Serialize;
use tokio::time::Instant;

use crate::dlq::cancellation::until_set;
use crate::dlq::queue::Queue;
use crate::dlq::replay::receiver::with_retries;
use crate::names;

/// How often the queues are looked at.
const CHECK_INTERVAL: Duration = Duration::from_millis(500);

/// The counts of SQS are approximate: a queue is done when this many looks in a row say so.
const MIN_LOOKS: u32 = 2;

/// The consumers of the messages that a replay has sent.
#[derive(Clone, Debug)]
pub struct Consumers {
    pub(super) dead_letters: Queue,
    /// The number of messages in the dead-letter queue if none came back.
    pub(super) expected: u64,
    /// The queues that messages were sent to, each with the number of its messages before the replay.
    pub(super) queues: Vec<(Queue, u64)>,
    /// The ARNs of topics that messages were published to.
    pub(super) topics: Vec<String>,
}

/// What was seen of the consumers. All counts are approximate, as those of SQS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Consumption {
    pub end: WaitEnd,
    /// The number of messages that consumers have not deleted yet.
    pub waiting: u64,
    /// The number of messages in the dead-letter queue that were not expected there: they failed again, or failed first
    /// meanwhile.
    pub came_back: u64,
    /// Targets of which it cannot be known whether their consumers are done.
    pub not_known: Vec<String>,
}

impl Consumption {
    /// Whether everything that can be known is done, and nothing came back.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.end == WaitEnd::Consumed && self.came_back == 0
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum WaitEnd {
    /// The queues have no more messages than before the replay.
    Consumed,
    TimedOut,
    Interrupted,
}

impl Consumers {
    /// Waits until the queues that messages were sent to have no more messages than before the replay, `timeout` is over or
    /// `stopped` is set. `report` is called with the number of messages that consumers have not deleted yet.
    ///
    /// Functions are done when the replay ends, because their responses are awaited. Subscribers of topics are not known.
    ///
    /// # Errors
    /// When SQS fails.
    pub async fn wait(&self, timeout: Duration, stopped: &AtomicBool, report: impl Fn(u64)) -> Result<Consumption> {
        let deadline = Instant::now() + timeout;
        let mut looks = 0;
        loop {
            let waiting = self.waiting().await?;
            report(waiting);
            looks = if waiting == 0 { looks + 1 } else { 0 };
            if let Some(end) = end(looks, stopped, deadline) {
                let came_back = total(&self.dead_letters).await?.saturating_sub(self.expected);
                return Ok(Consumption { end, waiting, came_back, not_known: self.not_known() });
            }
            tokio::select! {
                () = tokio::time::sleep(CHECK_INTERVAL) => {}
                () = until_set(stopped) => {}
            }
        }
    }

    /// The number of messages that were sent and that consumers have not deleted yet.
    async fn waiting(&self) -> Result<u64> {
        let mut waiting = 0;
        for (queue, before) in &self.queues {
            waiting += total(queue).await?.saturating_sub(*before);
        }
        Ok(waiting)
    }

    fn not_known(&self) -> Vec<String> {
        self.topics.iter().map(|arn| format!("the subscribers of the topic {}", names::last_part(arn))).collect()
    }
}

fn end(looks: u32, stopped: &AtomicBool, deadline: Instant) -> Option<WaitEnd> {
    if looks >= MIN_LOOKS {
        Some(WaitEnd::Consumed)
    } else if stopped.load(Ordering::Relaxed) {
        Some(WaitEnd::Interrupted)
    } else if Instant::now() >= deadline {
        Some(WaitEnd::TimedOut)
    } else {
        None
    }
}

/// The number of all messages of a queue, visible or not.
async fn total(queue: &Queue) -> Result<u64> {
    Ok(with_retries(|| queue.attributes()).await?.total_messages())
}
