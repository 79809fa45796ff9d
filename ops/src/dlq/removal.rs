//! Removing some messages from a queue while the others stay in it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;
use uuid::Uuid;

use crate::dlq::batches;
use crate::dlq::cancellation::until_set;
use crate::dlq::journal::state::short_id;
use crate::dlq::message::Message;
use crate::dlq::queue::Queue;
use crate::dlq::queue::attributes::RedrivingQueue;
use crate::dlq::reader::{LeasedReader, RECEIVE_WAIT};

/// The default visibility timeout: how long messages stay hidden if this program is killed. While it runs, the timeout
/// is extended.
pub const VISIBILITY_TIMEOUT: Duration = Duration::from_mins(1);

/// After this many calls in a row without a new message, there is no new message.
const MAX_EMPTY_RECEIVES: usize = 3;

/// When a removal ends.
#[derive(Clone, Copy, Debug)]
pub struct RemovalLimits<'a> {
    /// How long messages stay hidden if this program is killed.
    pub visibility_timeout: Duration,
    /// The number of messages to find.
    pub expected: usize,
    /// Set to true to stop early.
    pub stopped: &'a AtomicBool,
    /// Whether a queue may be read that moves messages away after some receives.
    pub redriving: RedrivingQueue,
}

impl<'a> RemovalLimits<'a> {
    /// Ends when `expected` messages were found or `stopped` is set.
    #[must_use]
    pub fn new(expected: usize, stopped: &'a AtomicBool, redriving: RedrivingQueue) -> Self {
        Self { visibility_timeout: VISIBILITY_TIMEOUT, expected, stopped, redriving }
    }
}

/// Calls `handle` with messages that match, at most ten at a time, and deletes those that it returns. Ends at its
/// limits, or when no new message arrives. Returns the ids of deleted messages.
///
/// Messages in flight elsewhere are waited for as long as a removal that was killed hides them.
///
/// # Errors
/// When SQS fails, or `handle` does. Messages in flight are made visible first.
pub async fn remove_matching(
    queue: &Queue,
    limits: RemovalLimits<'_>,
    matches: impl Fn(&Message) -> bool,
    handle: impl AsyncFnMut(Vec<Message>) -> Result<Vec<Message>>,
) -> Result<Vec<Uuid>> {
    queue.attributes().await?.require_harmless_reading(queue, limits.redriving)?;
    let mut removal = Removal { queue, reader: LeasedReader::open(queue, limits.visibility_timeout), limits };
    let removed = removal.run(matches, handle).await;
    let given_back = removal.reader.give_back().await;
    let removed = removed?;
    given_back?;
    Ok(removed)
}

struct Removal<'a> {
    queue: &'a Queue,
    reader: LeasedReader,
    limits: RemovalLimits<'a>,
}

impl Removal<'_> {
    async fn run(
        &mut self,
        matches: impl Fn(&Message) -> bool,
        mut handle: impl AsyncFnMut(Vec<Message>) -> Result<Vec<Message>>,
    ) -> Result<Vec<Uuid>> {
        let mut deleted = Vec::new();
        let (mut found, mut last_new) = (0, Instant::now());
        while found < self.limits.expected && !self.limits.stopped.load(Ordering::Relaxed) {
            if self.reader.empty_rounds() >= MAX_EMPTY_RECEIVES {
                if self.has_seen_all(last_new).await? {
                    break;
                }
                self.reader.expect_more();
            }
            let round = self.reader.next(1).await?;
            if !round.fresh.is_empty() {
                last_new = Instant::now();
            }
            let Some(fresh) = self.reader.decode(round.fresh, until_set(self.limits.stopped)).await? else { break };
            let fresh = self.reader.retain_held(fresh);
            let (matching, others): (Vec<Message>, Vec<Message>) = fresh.into_iter().partition(&matches);
            self.reader.set_aside(&others);
            if !matching.is_empty() {
                found += matching.len();
                deleted.extend(self.delete(&handle(matching).await?).await?);
            }
        }
        Ok(deleted)
    }

    async fn has_seen_all(&self, last_new: Instant) -> Result<bool> {
        let in_flight = self.queue.attributes().await?.in_flight;
        let has_waited = last_new.elapsed() > self.limits.visibility_timeout + RECEIVE_WAIT;
        Ok(in_flight <= self.reader.held() as u64 || has_waited)
    }

    /// Deletes messages. Returns the ids of those that were deleted.
    async fn delete(&mut self, messages: &[Message]) -> Result<Vec<Uuid>> {
        let receipts: Vec<String> = messages.iter().map(|message| message.receipt_handle.clone()).collect();
        let failed = batches::delete(self.queue.sqs(), self.queue.url(), &receipts).await?;
        let deleted = messages.iter().enumerate().filter(|(index, _)| !failed.contains_key(index));
        let deleted: Vec<Uuid> = deleted.map(|(_, message)| short_id(&message.message_id)).collect();
        self.reader.remove(&deleted);
        Ok(deleted)
    }
}
