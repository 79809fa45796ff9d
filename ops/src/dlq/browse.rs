//! Reading the messages of a queue without removing any.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Result;
use tokio::time::Instant;

use crate::dlq::cancellation::until_set;
use crate::dlq::cluster::{Cluster, Clusters};
use crate::dlq::filter::Filter;
use crate::dlq::lease::MAX_LEASE;
use crate::dlq::limits::MAX_CONCURRENT_REQUESTS;
use crate::dlq::message::Message;
use crate::dlq::queue::Queue;
use crate::dlq::queue::attributes::{Attributes, RedrivingQueue};
use crate::dlq::reader::LeasedReader;

/// How long messages stay hidden if this program is killed. While it reads, the lease is renewed.
const LEASE: Duration = Duration::from_secs(30);

/// Messages a second, with which a slow endpoint is read. The leases of a large queue are longer by this, because to renew
/// those of all messages again and again would take longer than to read them.
const SLOW_RATE: u64 = 100;

/// How long messages that other consumers hold are waited for, after the last new message.
const MAX_WAIT_FOR_OTHERS: Duration = Duration::from_secs(5);

/// Close to the limit of 120,000 messages in flight per queue, at which SQS returns no more messages.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html>
const NEAR_IN_FLIGHT_LIMIT: usize = 100_000;

/// After this many rounds without a new message, all have been seen.
const MAX_EMPTY_ROUNDS: usize = 3;

/// The same after messages were given back, which are received again before others.
const MAX_EMPTY_ROUNDS_AFTER_RELEASE: usize = 500;

/// Counters that can be read while a queue is browsed.
#[derive(Debug, Default)]
pub struct BrowseProgress {
    /// Messages that were read, or dealt with otherwise.
    pub read: AtomicU64,
    /// Visible messages at the start, approximately; 0 while that is not known.
    pub total: AtomicU64,
}

/// When to stop browsing.
#[derive(Clone, Debug)]
pub struct BrowseLimits {
    /// The longest time to browse.
    pub deadline: Duration,
    /// Set to true to stop at once.
    pub cancelled: Arc<AtomicBool>,
    /// Whether a queue may be read that moves messages away after some receives.
    pub redriving: RedrivingQueue,
    pub progress: Arc<BrowseProgress>,
}

impl BrowseLimits {
    /// No longer than this.
    #[must_use]
    pub fn after(deadline: Duration) -> Self {
        Self { deadline, cancelled: Arc::default(), redriving: RedrivingQueue::Refuse, progress: Arc::default() }
    }
}

/// How browsing ended, and how much was seen. All counts of the queue are approximate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BrowseResult {
    /// The number of messages that were read.
    pub read: usize,
    /// The number of messages in the queue at the end.
    pub total: u64,
    /// The number of messages in the queue at the end that were not read.
    pub unread: u64,
    /// The number of messages that other consumers held at the end.
    pub in_flight_elsewhere: u64,
    /// The number of messages at the end that were sent with a delay that has not passed.
    pub delayed: u64,
    pub end: BrowseEnd,
}

impl BrowseResult {
    fn new(read: usize, attributes: &Attributes, end: BrowseEnd) -> Self {
        let total = attributes.total_messages();
        Self {
            read,
            total,
            unread: total.saturating_sub(read as u64),
            in_flight_elsewhere: attributes.in_flight,
            delayed: attributes.delayed,
            end,
        }
    }

    /// The number of messages that were not seen; 0 when the visitor stopped on purpose.
    #[must_use]
    pub fn unseen(&self) -> u64 {
        if self.end == BrowseEnd::LimitReached { 0 } else { self.unread }
    }

    /// The number of messages that were not seen, by reason.
    #[must_use]
    pub fn unseen_by_reason(&self, is_fifo: bool) -> Vec<(&'static str, u64)> {
        let in_flight = self.in_flight_elsewhere.min(self.unseen());
        let delayed = self.delayed.min(self.unseen() - in_flight);
        let other = match self.end {
            BrowseEnd::DeadlineReached => "not read before --deadline",
            BrowseEnd::Cancelled => "not read when it was interrupted",
            _ if is_fifo => "behind ten messages of their FIFO group",
            _ => "sent or returned meanwhile",
        };
        let counts =
            [("in flight elsewhere", in_flight), ("delayed", delayed), (other, self.unseen() - in_flight - delayed)];
        counts.into_iter().filter(|(_, count)| *count > 0).collect()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BrowseEnd {
    /// No new message arrived any more.
    AllSeen,
    /// The visitor stopped on purpose.
    LimitReached,
    /// The time limit was reached.
    DeadlineReached,
    /// Ctrl-C, or another signal to end.
    Cancelled,
}

/// Calls `visit` once with each message until it breaks; then makes all messages visible again.
///
/// Messages that other consumers hold are waited for a few seconds. Of a FIFO queue at most ten messages a group are
/// seen, because SQS returns no more of a group while some are in flight.
///
/// # Errors
/// [`crate::error::UsageError`] when the queue moves messages away after some receives and the limits do not allow
/// that; when SQS fails, or `visit` does. Messages are made visible again first.
pub async fn browse(
    queue: &Queue,
    limits: BrowseLimits,
    mut visit: impl FnMut(Message) -> Result<ControlFlow<()>>,
) -> Result<BrowseResult> {
    let attributes = queue.attributes().await?;
    attributes.require_harmless_reading(queue, limits.redriving)?;
    limits.progress.total.store(attributes.depth, Ordering::Relaxed);
    let mut browser = Browser::new(queue, &attributes, limits);
    let end = browser.run(&mut visit).await;
    let given_back = browser.reader.give_back().await;
    let end = end?;
    given_back?;
    Ok(BrowseResult::new(browser.reader.seen(), &queue.attributes().await?, end))
}

/// The causes of the failures that match a filter, the most frequent first.
///
/// # Errors
/// As [`browse`].
pub async fn browse_clusters(
    queue: &Queue,
    filter: &Filter,
    limits: BrowseLimits,
) -> Result<(Vec<Cluster>, BrowseResult)> {
    let mut clusters = Clusters::default();
    let browsed = browse(queue, limits, |message| {
        if filter.admits(&message) {
            clusters.add(&message);
        }
        Ok(ControlFlow::Continue(()))
    })
    .await?;
    Ok((clusters.finish(), browsed))
}

struct Browser<'a> {
    queue: &'a Queue,
    limits: BrowseLimits,
    expected: u64,
    concurrency: usize,
    reader: LeasedReader,
    /// Messages that were read have been given back, and are received again.
    has_released: bool,
    last_new: Instant,
}

impl<'a> Browser<'a> {
    fn new(queue: &'a Queue, attributes: &Attributes, limits: BrowseLimits) -> Self {
        Self {
            queue,
            // Messages that others hold may be given back, and are read then.
            reader: LeasedReader::open(queue, lease(attributes.depth + attributes.in_flight, limits.deadline)),
            limits,
            expected: attributes.depth,
            concurrency: concurrency(attributes.depth),
            has_released: false,
            last_new: Instant::now(),
        }
    }

    async fn run(&mut self, visit: &mut impl FnMut(Message) -> Result<ControlFlow<()>>) -> Result<BrowseEnd> {
        let started = Instant::now();
        loop {
            if self.limits.cancelled.load(Ordering::Relaxed) {
                return Ok(BrowseEnd::Cancelled);
            }
            if started.elapsed() >= self.limits.deadline {
                return Ok(BrowseEnd::DeadlineReached);
            }
            let has_all = self.reader.seen() as u64 >= self.expected;
            let round = if has_all {
                self.reader.next_round(self.concurrency).await?
            } else {
                self.reader.next(self.concurrency).await?
            };
            if !round.fresh.is_empty() {
                self.last_new = Instant::now();
            }
            let stop = self.stop(started);
            let Some(fresh) = self.reader.decode(round.fresh, stop).await? else { continue };
            self.limits.progress.read.store(self.reader.seen() as u64, Ordering::Relaxed);
            for message in fresh {
                if visit(message)?.is_break() {
                    let is_cancelled = self.limits.cancelled.load(Ordering::Relaxed);
                    return Ok(if is_cancelled { BrowseEnd::Cancelled } else { BrowseEnd::LimitReached });
                }
            }
            if self.has_seen_all(round.received) && !self.waits_for_others().await? {
                return Ok(BrowseEnd::AllSeen);
            }
            if round.received == 0 && self.reader.held() >= NEAR_IN_FLIGHT_LIMIT {
                self.has_released = true;
                self.reader.give_back_some(NEAR_IN_FLIGHT_LIMIT / 10).await?;
            }
        }
    }

    /// Ends when browsing has to stop.
    fn stop(&self, started: Instant) -> impl Future<Output = ()> + use<> {
        let (cancelled, end) = (Arc::clone(&self.limits.cancelled), started.checked_add(self.limits.deadline));
        async move {
            tokio::select! {
                () = until_set(&cancelled) => {}
                () = sleep_until_end(end) => {}
            }
        }
    }

    fn has_seen_all(&self, received: usize) -> bool {
        let empty_rounds = self.reader.empty_rounds();
        let has_all = self.reader.seen() as u64 >= self.expected;
        let max_empty = if self.has_released { MAX_EMPTY_ROUNDS_AFTER_RELEASE } else { MAX_EMPTY_ROUNDS };
        let is_silent = self.reader.silent_rounds() >= MAX_EMPTY_ROUNDS;
        empty_rounds > 0 && ((has_all && received == 0) || is_silent || empty_rounds >= max_empty)
    }

    /// Whether other consumers hold messages that may soon be visible. They may wait in the same way for the messages
    /// that this program holds, so those are given back.
    async fn waits_for_others(&mut self) -> Result<bool> {
        if self.last_new.elapsed() >= MAX_WAIT_FOR_OTHERS {
            return Ok(false);
        }
        let attributes = self.queue.attributes().await?;
        let held_elsewhere = attributes.in_flight > self.reader.held() as u64;
        if held_elsewhere {
            self.has_released = true;
            self.concurrency = concurrency(attributes.total_messages());
            self.reader.give_back().await?;
            self.reader.expect_more();
        }
        Ok(held_elsewhere)
    }
}

async fn sleep_until_end(end: Option<Instant>) {
    match end {
        Some(end) => tokio::time::sleep_until(end).await,
        None => std::future::pending().await,
    }
}

/// The lease for a queue with so many messages: as long as it may be read.
fn lease(messages: u64, deadline: Duration) -> Duration {
    (LEASE + Duration::from_secs(messages / SLOW_RATE)).min(deadline.min(MAX_LEASE)).max(LEASE)
}

fn concurrency(messages: u64) -> usize {
    usize::try_from(messages / 100).unwrap_or(MAX_CONCURRENT_REQUESTS).clamp(1, MAX_CONCURRENT_REQUESTS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attributes(depth: u64, in_flight: u64, delayed: u64) -> Attributes {
        Attributes { depth, in_flight, delayed, ..Attributes::default() }
    }

    #[test]
    fn messages_in_flight_elsewhere_and_those_after_the_deadline_are_unseen() {
        let browsed = BrowseResult::new(10, &attributes(25, 2, 0), BrowseEnd::DeadlineReached);
        assert_eq!(browsed.unseen(), 17);
        assert_eq!(BrowseResult { end: BrowseEnd::LimitReached, ..browsed }.unseen(), 0);
        let all = BrowseResult::new(30, &attributes(25, 0, 0), BrowseEnd::AllSeen);
        assert_eq!(all.unseen(), 0, "messages were deleted while browsing");
    }

    #[test]
    fn the_messages_of_a_large_queue_have_long_leases_that_end_with_the_deadline() {
        let minutes = Duration::from_mins;
        assert_eq!(lease(10, minutes(2)), LEASE);
        assert_eq!(lease(3000, minutes(2)), minutes(1));
        assert_eq!(lease(50_000, minutes(2)), minutes(2));
        assert_eq!(lease(50_000, minutes(600)), Duration::from_secs(530));
        assert_eq!(lease(10_000_000, minutes(600)), MAX_LEASE);
        assert_eq!(lease(10, Duration::from_secs(1)), LEASE, "a killed program hides them, whatever the deadline");
    }

    #[test]
    fn every_unseen_message_has_one_reason() {
        let browsed = BrowseResult::new(0, &attributes(5, 3000, 7), BrowseEnd::AllSeen);
        let reasons = [("in flight elsewhere", 3000), ("delayed", 7), ("sent or returned meanwhile", 5)];
        assert_eq!(browsed.unseen_by_reason(false), reasons);
        let group = BrowseResult::new(10, &attributes(15, 0, 0), BrowseEnd::AllSeen);
        assert_eq!(group.unseen_by_reason(true), [("behind ten messages of their FIFO group", 5)]);
    }
}
