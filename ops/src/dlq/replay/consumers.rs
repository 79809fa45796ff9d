//! Waiting until the consumers are done with what a replay has sent, as far as that can be known.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use aws_config::SdkConfig;
use serde::Serialize;
use tokio::time::Instant;

use crate::connection;
use crate::dlq::cancellation::until_set;
use crate::dlq::journal::state::State;
use crate::dlq::options::Options;
use crate::dlq::queue::Queue;
use crate::dlq::queue::attributes::Attributes;
use crate::dlq::replay::receiver::with_retries;
use crate::dlq::targets::selection::ReplayTarget;
use crate::error::UsageError;
use crate::names;

/// How often the queues are looked at.
pub(super) const CHECK_INTERVAL: Duration = Duration::from_millis(500);

/// The counts of SQS can be a minute old. An empty queue is done when it was empty for this long.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-resources-required-process-messages.html>
const QUIET_TIME: Duration = Duration::from_mins(1);

/// The same of queues on this machine, of which the counts are exact.
const LOCAL_QUIET_TIME: Duration = Duration::from_secs(1);

/// How long a look that has begun may go on after an interrupt or the end of the wait.
const MAX_LAST_LOOK: Duration = Duration::from_secs(5);

/// The consumers of the messages that a replay has sent.
#[derive(Clone, Debug)]
pub struct Consumers {
    pub(super) dead_letters: Queue,
    /// The number of messages in the dead-letter queue if none came back.
    pub(super) expected: u64,
    /// The queues that accepted messages, each with the number of its messages before the replay.
    pub(super) queues: Vec<(Queue, u64)>,
    /// Consumers of which it cannot be known whether they are done.
    pub(super) not_known: Vec<String>,
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
    /// What of it cannot be known whether it is done.
    pub not_known: Vec<String>,
}

impl Consumption {
    /// Whether all consumers are known to be done, and nothing came back.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.end == WaitEnd::Consumed && self.came_back == 0
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum WaitEnd {
    /// The queues are empty, and there are no other consumers.
    Consumed,
    /// Of some messages it cannot be known whether they are consumed. No others wait.
    NotKnown,
    TimedOut,
    Interrupted,
}

/// What one look at the queues has shown.
#[derive(Clone, Debug, Default)]
struct Look {
    /// The number of messages in the target queues.
    left: u64,
    /// The number of those that are more than before the replay.
    waiting: u64,
    came_back: u64,
    not_known: Vec<String>,
}

impl Consumers {
    /// The consumers of nothing: the dead-letter queue has so many messages, and none was sent.
    pub(super) fn none(dead_letters: &Queue, expected: u64) -> Self {
        Self { dead_letters: dead_letters.clone(), expected, queues: Vec::new(), not_known: Vec::new() }
    }

    /// The consumers of what was sent according to a journal.
    ///
    /// # Errors
    /// When the journal has no plan of a replay, or SQS fails.
    pub async fn from_journal(dead_letters: &Queue, sdk: &SdkConfig, state: &State) -> Result<Self> {
        let planned = state.plan.as_ref().context("the journal has no plan")?;
        let options: Options =
            serde_json::from_value(planned.options.clone()).context("the journal's options are not known")?;
        let expected = match planned.total {
            Some(total) => total.saturating_sub(state.done.len() as u64),
            None => with_retries(|| dead_letters.attributes()).await?.total_messages(),
        };
        let mut consumers = Self::none(dead_letters, expected);
        if state.replayed == 0 {
            return Ok(consumers);
        }
        let sdk = match &options.rehearsal {
            Some(endpoint) => &connection::with_endpoint(sdk, endpoint).await,
            None => sdk,
        };
        match &options.selection.target {
            ReplayTarget::Queue(url) => consumers.add_queue(Queue::at(sdk, url), planned.target_total.unwrap_or(0)),
            ReplayTarget::Topic(arn) => consumers.add_topic(arn),
            ReplayTarget::Origin => {
                consumers.not_known.push("the messages that an earlier command has sent".to_owned());
            }
        }
        Ok(consumers)
    }

    /// Adds a queue that accepted messages.
    pub(super) fn add_queue(&mut self, queue: Queue, before: u64) {
        if !self.queues.iter().any(|(known, _)| known.url() == queue.url()) {
            self.queues.push((queue, before));
        }
    }

    pub(super) fn add_topic(&mut self, arn: &str) {
        let subscribers = subscribers(arn);
        if !self.not_known.contains(&subscribers) {
            self.not_known.push(subscribers);
        }
    }

    /// Waits until the queues that accepted messages are empty, `timeout` is over or `stopped` is set. `report` is called
    /// with the number of messages that consumers have not deleted yet.
    ///
    /// Functions are done when the replay ends, because their responses are awaited. Subscribers of topics are not known.
    ///
    /// # Errors
    /// When SQS fails.
    pub async fn wait(&self, timeout: Duration, stopped: &AtomicBool, report: impl Fn(u64)) -> Result<Consumption> {
        let deadline = Instant::now() + timeout;
        let (mut last, mut quiet_since): (Option<Look>, Option<Instant>) = (None, None);
        loop {
            let look = tokio::select! {
                look = self.look() => look?,
                () = last_moment(deadline, stopped) => return Ok(self.unanswered(last, stopped)),
            };
            report(look.waiting);
            quiet_since = quiet_since.or(Some(Instant::now())).filter(|_| look.left == 0);
            let is_quiet = quiet_since.is_some_and(|since| self.is_over(since, &look));
            // Deleted messages may still be counted in one look.
            let came_back = last.map_or(look.came_back, |last| last.came_back.min(look.came_back));
            let is_late = Instant::now() >= deadline;
            if let Some(end) = end(is_quiet, look.waiting, stopped.load(Ordering::Relaxed), is_late) {
                return Ok(self.consumption(end, is_quiet, Look { came_back, ..look }));
            }
            last = Some(look);
            tokio::select! {
                () = tokio::time::sleep(CHECK_INTERVAL) => {}
                () = tokio::time::sleep_until(deadline) => {}
                () = until_set(stopped) => {}
            }
        }
    }

    /// Whether the queues were empty for so long that their counts are right.
    fn is_over(&self, quiet_since: Instant, look: &Look) -> bool {
        let is_local = self.queues.iter().map(|(queue, _)| queue).chain([&self.dead_letters]).all(Queue::is_local);
        let time = if is_local { LOCAL_QUIET_TIME } else { QUIET_TIME };
        let nothing_to_see = self.queues.is_empty() && look.came_back == 0;
        nothing_to_see || quiet_since.elapsed() >= time
    }

    async fn look(&self) -> Result<Look> {
        let (mut look, mut given_up) = (Look::default(), Vec::new());
        for (queue, before) in &self.queues {
            let Some(attributes) = attributes(queue).await? else {
                look.not_known.push(format!("the messages in {}, which was deleted,", queue.name()));
                continue;
            };
            look.add(queue, &attributes, *before);
            given_up.extend(attributes.dead_letter_arn().map(|arn| (queue.name(), arn.to_owned())));
        }
        // After the queues: a message that fails between the two calls is seen here.
        let Some(dead_letters) = attributes(&self.dead_letters).await? else {
            look.not_known
                .push(format!("the messages that came back to {}, which was deleted,", self.dead_letters.name()));
            return Ok(look);
        };
        look.came_back = dead_letters.total_messages().saturating_sub(self.expected);
        for (queue, arn) in given_up.into_iter().filter(|(_, arn)| *arn != dead_letters.arn) {
            look.not_known.push(format!("the messages that {queue} gave up, which are in {},", names::last_part(&arn)));
        }
        Ok(look)
    }

    fn consumption(&self, end: WaitEnd, is_quiet: bool, look: Look) -> Consumption {
        let Look { waiting, came_back, not_known, .. } = look;
        let mut not_known = [self.not_known.clone(), not_known].concat();
        if !is_quiet && waiting == 0 && not_known.is_empty() {
            not_known.push("the last messages (the counts of SQS can be a minute old)".to_owned());
        }
        let end = if end == WaitEnd::Consumed && !not_known.is_empty() { WaitEnd::NotKnown } else { end };
        Consumption { end, waiting, came_back, not_known }
    }

    /// The end when SQS does not answer.
    fn unanswered(&self, last: Option<Look>, stopped: &AtomicBool) -> Consumption {
        let end = if stopped.load(Ordering::Relaxed) { WaitEnd::Interrupted } else { WaitEnd::TimedOut };
        let mut look = last.unwrap_or_default();
        look.not_known.push("the last messages (SQS did not answer)".to_owned());
        self.consumption(end, false, look)
    }
}

impl Look {
    fn add(&mut self, queue: &Queue, attributes: &Attributes, before: u64) {
        let total = attributes.total_messages();
        self.left += total;
        self.waiting += total.saturating_sub(before);
        if (1..=before).contains(&total) {
            let name = queue.name();
            // The consumer may have deleted others, which were there before.
            self.not_known.push(format!("the replayed ones among the last {total} messages in {name}"));
        }
    }
}

fn subscribers(arn: &str) -> String {
    format!("the subscribers of the topic {}", names::last_part(arn))
}

fn end(is_quiet: bool, waiting: u64, is_stopped: bool, is_late: bool) -> Option<WaitEnd> {
    match (is_quiet, is_stopped, is_late) {
        (true, ..) => Some(WaitEnd::Consumed),
        (_, true, _) => Some(WaitEnd::Interrupted),
        (_, _, true) => Some(if waiting == 0 { WaitEnd::NotKnown } else { WaitEnd::TimedOut }),
        (false, false, false) => None,
    }
}

/// Ends when a look has to be given up.
async fn last_moment(deadline: Instant, stopped: &AtomicBool) {
    tokio::select! {
        () = tokio::time::sleep_until(deadline) => {}
        () = until_set(stopped) => {}
    }
    tokio::time::sleep(MAX_LAST_LOOK).await;
}

/// The attributes of a queue; `None` when it does not exist.
async fn attributes(queue: &Queue) -> Result<Option<Attributes>> {
    match with_retries(|| queue.attributes()).await {
        Err(error) if error.is::<UsageError>() => Ok(None),
        read => read.map(Some),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn consumed_means_that_everything_is_known() {
        let sdk = SdkConfig::builder().behavior_version(aws_config::BehaviorVersion::latest()).build();
        let queue = Queue::at(&sdk, "https://sqs.eu-west-1.amazonaws.com/1/orders");
        let consumers = Consumers::none(&queue, 0);
        let ended = |look: Look, is_quiet| {
            let end = end(is_quiet, look.waiting, false, true).unwrap();
            consumers.consumption(end, is_quiet, look)
        };
        assert!(ended(Look::default(), true).is_complete());
        let early = ended(Look::default(), false);
        assert_eq!((early.end, early.not_known.len()), (WaitEnd::NotKnown, 1), "the count may be old");
        let mut backlog = Look::default();
        backlog.add(&queue, &Attributes { depth: 3, ..Attributes::default() }, 5);
        assert_eq!((backlog.left, backlog.waiting), (3, 0));
        let backlog = ended(backlog, false);
        assert_eq!((backlog.end, backlog.not_known.len()), (WaitEnd::NotKnown, 1), "replayed ones may be among them");
        let more = Look { left: 8, waiting: 3, ..Look::default() };
        assert_eq!(ended(more, false).end, WaitEnd::TimedOut);

        let topic = Consumers { not_known: vec![subscribers("arn:aws:sns:eu-west-1:1:orders")], ..consumers.clone() };
        let ended = topic.consumption(WaitEnd::Consumed, true, Look::default());
        assert_eq!((ended.end, ended.is_complete()), (WaitEnd::NotKnown, false));
    }

    #[test]
    fn the_counts_of_queues_in_aws_are_believed_after_a_minute() {
        let sdk = SdkConfig::builder().behavior_version(aws_config::BehaviorVersion::latest()).build();
        let [aws, local] =
            ["https://sqs.eu-west-1.amazonaws.com/1/q", "http://127.0.0.1:4566/0/q"].map(|url| Queue::at(&sdk, url));
        let look = Look::default();
        let ago = |seconds| Instant::now().checked_sub(Duration::from_secs(seconds)).unwrap();
        let here = Consumers { queues: vec![(local.clone(), 0)], ..Consumers::none(&local, 0) };
        assert!(here.is_over(ago(2), &look) && !here.is_over(Instant::now(), &look));
        let there = Consumers { queues: vec![(aws.clone(), 0)], ..Consumers::none(&local, 0) };
        assert!(there.is_over(ago(61), &look) && !there.is_over(ago(30), &look));
        assert!(Consumers::none(&aws, 0).is_over(Instant::now(), &look), "without queues there is nothing to wait for");
    }
}
