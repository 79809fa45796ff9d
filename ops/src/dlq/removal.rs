//! Removing some messages from a queue while the others stay in it.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;
use uuid::Uuid;

use crate::dlq::batches;
use crate::dlq::journal::state::short_id;
use crate::dlq::message::Message;
use crate::dlq::queue::Queue;

/// The default visibility timeout: how long messages stay hidden if this program is killed. While it runs, the timeout
/// is extended.
pub const VISIBILITY_TIMEOUT: Duration = Duration::from_mins(1);

/// How long SQS waits for messages.
const RECEIVE_WAIT: Duration = Duration::from_secs(1);

/// After this many calls in a row without a new message, there is no new message.
const MAX_EMPTY_RECEIVES: u32 = 3;

/// When a removal ends.
#[derive(Clone, Copy, Debug)]
pub struct RemovalLimits<'a> {
    /// How long messages stay hidden if this program is killed.
    pub visibility_timeout: Duration,
    /// The number of messages to find.
    pub expected: usize,
    /// Set to true to stop early.
    pub stopped: &'a AtomicBool,
}

impl<'a> RemovalLimits<'a> {
    /// Ends when `expected` messages were found or `stopped` is set.
    #[must_use]
    pub fn new(expected: usize, stopped: &'a AtomicBool) -> Self {
        Self { visibility_timeout: VISIBILITY_TIMEOUT, expected, stopped }
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
    let mut removal = Removal { queue, limits, in_flight: HashMap::new(), seen: HashSet::new() };
    let removed = removal.run(matches, handle).await;
    let receipts: Vec<String> = removal.in_flight.into_values().collect();
    let made_visible = queue.make_visible(&receipts).await;
    let removed = removed?;
    made_visible?;
    Ok(removed)
}

struct Removal<'a> {
    queue: &'a Queue,
    limits: RemovalLimits<'a>,
    /// Receipt handles by message.
    in_flight: HashMap<Uuid, String>,
    seen: HashSet<Uuid>,
}

impl Removal<'_> {
    async fn run(
        &mut self,
        matches: impl Fn(&Message) -> bool,
        mut handle: impl AsyncFnMut(Vec<Message>) -> Result<Vec<Message>>,
    ) -> Result<Vec<Uuid>> {
        let mut deleted = Vec::new();
        let (mut found, mut empty_receives) = (0, 0);
        let (mut hidden_at, mut last_new) = (Instant::now(), Instant::now());
        while found < self.limits.expected && !self.limits.stopped.load(Ordering::Relaxed) {
            if empty_receives >= MAX_EMPTY_RECEIVES {
                if self.has_seen_all(last_new).await? {
                    break;
                }
                empty_receives = 0;
            }
            if hidden_at.elapsed() >= self.limits.visibility_timeout / 3 {
                self.extend_visibility().await?;
                hidden_at = Instant::now();
            }
            let seen_before = self.seen.len();
            let fresh: Vec<Message> = self.receive().await?.into_iter().filter(|message| matches(message)).collect();
            if self.seen.len() == seen_before {
                empty_receives += 1;
            } else {
                (empty_receives, last_new) = (0, Instant::now());
            }
            if !fresh.is_empty() {
                found += fresh.len();
                deleted.extend(self.delete(&handle(fresh).await?).await?);
            }
        }
        Ok(deleted)
    }

    /// Receives messages. Returns those that were not seen before.
    async fn receive(&mut self) -> Result<Vec<Message>> {
        let mut messages = self.queue.receive(self.limits.visibility_timeout, RECEIVE_WAIT).await?;
        for message in &messages {
            self.in_flight.insert(short_id(&message.message_id), message.receipt_handle.clone());
        }
        messages.retain(|message| self.seen.insert(short_id(&message.message_id)));
        Ok(messages)
    }

    async fn has_seen_all(&self, last_new: Instant) -> Result<bool> {
        let in_flight = self.queue.attributes().await?.in_flight;
        let has_waited = last_new.elapsed() > self.limits.visibility_timeout + RECEIVE_WAIT;
        Ok(in_flight <= self.in_flight.len() as u64 || has_waited)
    }

    async fn extend_visibility(&self) -> Result<()> {
        let receipts: Vec<String> = self.in_flight.values().cloned().collect();
        batches::hide(self.queue.sqs(), self.queue.url(), &receipts, self.limits.visibility_timeout).await
    }

    /// Deletes messages. Returns the ids of those that were deleted.
    async fn delete(&mut self, messages: &[Message]) -> Result<Vec<Uuid>> {
        let receipts: Vec<String> = messages.iter().map(|message| message.receipt_handle.clone()).collect();
        let failed = batches::delete(self.queue.sqs(), self.queue.url(), &receipts).await?;
        let deleted = messages.iter().enumerate().filter(|(index, _)| !failed.contains_key(index));
        let deleted: Vec<Uuid> = deleted.map(|(_, message)| short_id(&message.message_id)).collect();
        for id in &deleted {
            self.in_flight.remove(id);
        }
        Ok(deleted)
    }
}
