//! Reading the messages of a queue without removing any.

use std::collections::{HashSet, VecDeque};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Result;
use tokio::task::JoinSet;
use tokio::time::Instant;
use uuid::Uuid;

use crate::dlq::limits::MAX_CONCURRENT_REQUESTS;
use crate::dlq::message::Message;
use crate::dlq::queue::Queue;
use crate::dlq::queue::attributes::Attributes;

/// How long SQS waits for a message when it finds none. With a wait it queries all its servers, not only some.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-short-and-long-polling.html>
const RECEIVE_WAIT: Duration = Duration::from_secs(1);

/// More time than making all messages visible again takes.
const VISIBILITY_MARGIN: Duration = Duration::from_secs(30);

/// Close to the limit of 120,000 messages in flight per queue, at which SQS returns no more messages.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html>
const NEAR_IN_FLIGHT_LIMIT: usize = 100_000;

/// After this many rounds without a new message, all have been seen.
const MAX_EMPTY_ROUNDS: u32 = 3;

/// The same near the in-flight limit, where messages that were made visible to make room are received again.
const MAX_EMPTY_ROUNDS_NEAR_LIMIT: u32 = 500;

/// When to stop browsing.
#[derive(Clone, Debug)]
pub struct BrowseLimits {
    /// The longest time to browse.
    pub deadline: Duration,
    /// Set to true to stop at once.
    pub cancelled: Arc<AtomicBool>,
}

impl BrowseLimits {
    /// No longer than this.
    #[must_use]
    pub fn after(deadline: Duration) -> Self {
        Self { deadline, cancelled: Arc::default() }
    }
}

/// How browsing ended, and how much was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BrowseResult {
    /// The number of messages that were read.
    pub read: usize,
    /// The number of visible messages at the start, approximately.
    pub expected: u64,
    /// The number of messages that other consumers had in flight at the start, approximately.
    pub in_flight_elsewhere: u64,
    pub end: BrowseEnd,
}

impl BrowseResult {
    /// The number of messages that were not seen, approximately; 0 when the visitor stopped on purpose.
    #[must_use]
    pub fn unseen(&self) -> u64 {
        let read = u64::try_from(self.read).unwrap_or(u64::MAX);
        if self.end == BrowseEnd::LimitReached {
            0
        } else {
            (self.expected + self.in_flight_elsewhere).saturating_sub(read)
        }
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
/// Messages in flight elsewhere are not seen. Of a FIFO queue at most ten messages a group are seen, because SQS
/// returns no more of a group while some are in flight.
///
/// # Errors
/// When SQS fails, or `visit` does. Messages are made visible again first.
pub async fn browse(
    queue: &Queue,
    limits: BrowseLimits,
    mut visit: impl FnMut(Message) -> Result<ControlFlow<()>>,
) -> Result<BrowseResult> {
    let attributes = queue.attributes().await?;
    let mut browser = Browser::new(queue, &attributes, limits);
    let end = browser.run(&mut visit).await;
    let receipts: Vec<String> = browser.in_flight.into();
    let made_visible = queue.make_visible(&receipts).await;
    let end = end?;
    made_visible?;
    let Attributes { depth: expected, in_flight: in_flight_elsewhere, .. } = attributes;
    Ok(BrowseResult { read: browser.seen.len(), expected, in_flight_elsewhere, end })
}

struct Browser<'a> {
    queue: &'a Queue,
    limits: BrowseLimits,
    expected: u64,
    concurrency: usize,
    seen: HashSet<Uuid>,
    in_flight: VecDeque<String>,
}

impl<'a> Browser<'a> {
    fn new(queue: &'a Queue, attributes: &Attributes, limits: BrowseLimits) -> Self {
        let concurrency = usize::try_from(attributes.depth / 100)
            .unwrap_or(MAX_CONCURRENT_REQUESTS)
            .clamp(1, MAX_CONCURRENT_REQUESTS);
        Self {
            queue,
            limits,
            expected: attributes.depth,
            concurrency,
            seen: HashSet::new(),
            in_flight: VecDeque::new(),
        }
    }

    async fn run(&mut self, visit: &mut impl FnMut(Message) -> Result<ControlFlow<()>>) -> Result<BrowseEnd> {
        let started = Instant::now();
        let mut empty_rounds = 0;
        loop {
            if self.limits.cancelled.load(Ordering::Relaxed) {
                return Ok(BrowseEnd::Cancelled);
            }
            if started.elapsed() >= self.limits.deadline {
                return Ok(BrowseEnd::DeadlineReached);
            }
            let (fresh, received) = self.round().await?;
            empty_rounds = if fresh.is_empty() { empty_rounds + 1 } else { 0 };
            for message in fresh {
                if visit(message)?.is_break() {
                    return Ok(BrowseEnd::LimitReached);
                }
            }
            if empty_rounds > 0 && self.has_seen_all(empty_rounds, received) {
                return Ok(BrowseEnd::AllSeen);
            }
            if received == 0 && self.in_flight.len() >= NEAR_IN_FLIGHT_LIMIT {
                self.make_room().await?;
            }
        }
    }

    /// One or several concurrent calls. Returns the messages that were not seen before, and the number received.
    async fn round(&mut self) -> Result<(Vec<Message>, usize)> {
        let hidden = self.limits.deadline.saturating_add(VISIBILITY_MARGIN);
        let mut calls = JoinSet::new();
        for _ in 0..self.concurrency {
            let queue = self.queue.clone();
            calls.spawn(async move { queue.receive(hidden, RECEIVE_WAIT).await });
        }
        let (mut fresh, mut received, mut failure) = (Vec::new(), 0, None);
        while let Some(call) = calls.join_next().await {
            match call? {
                Ok(messages) => {
                    received += messages.len();
                    // All are in flight now, also those received twice and those of a round in which another call
                    // fails.
                    self.in_flight.extend(messages.iter().map(|message| message.receipt_handle.clone()));
                    fresh.extend(
                        messages.into_iter().filter(|message| self.seen.insert(compact_id(&message.message_id))),
                    );
                }
                Err(error) => failure = Some(error),
            }
        }
        failure.map_or(Ok((fresh, received)), Err)
    }

    fn has_seen_all(&self, empty_rounds: u32, received: usize) -> bool {
        let is_full = self.in_flight.len() >= NEAR_IN_FLIGHT_LIMIT;
        let has_all = u64::try_from(self.seen.len()).unwrap_or(u64::MAX) >= self.expected;
        (has_all && received == 0)
            || empty_rounds >= if is_full { MAX_EMPTY_ROUNDS_NEAR_LIMIT } else { MAX_EMPTY_ROUNDS }
    }

    async fn make_room(&mut self) -> Result<()> {
        let oldest: Vec<String> = self.in_flight.drain(..NEAR_IN_FLIGHT_LIMIT / 10).collect();
        self.queue.make_visible(&oldest).await
    }
}

/// A compact id, because millions of messages may be remembered.
fn compact_id(message_id: &str) -> Uuid {
    Uuid::parse_str(message_id).unwrap_or_else(|_| Uuid::new_v5(&Uuid::NAMESPACE_OID, message_id.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_in_flight_elsewhere_and_those_after_the_deadline_are_unseen() {
        let browsed = BrowseResult { read: 10, expected: 25, in_flight_elsewhere: 2, end: BrowseEnd::DeadlineReached };
        assert_eq!(browsed.unseen(), 17);
        assert_eq!(BrowseResult { end: BrowseEnd::LimitReached, ..browsed }.unseen(), 0);
        assert_eq!(BrowseResult { read: 30, ..browsed }.unseen(), 0, "messages arrived while browsing");
    }
}
