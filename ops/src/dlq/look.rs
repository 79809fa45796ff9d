//! Looking through a queue without taking anything out.

use std::collections::{HashSet, VecDeque};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Result;
use tokio::task::JoinSet;
use tokio::time::Instant;
use uuid::Uuid;

use crate::dlq::message::Message;
use crate::dlq::queue::attributes::Attributes;
use crate::dlq::queue::{AT_ONCE, Queue};

/// How long SQS waits for a message when it finds none: it then asks all its servers, not some.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-short-and-long-polling.html>
const WAIT: Duration = Duration::from_secs(1);

/// Longer than giving everything back takes.
const MARGIN: Duration = Duration::from_secs(30);

/// SQS holds back at most 120,000 messages for all readers together, and then gives out nothing.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html>
const NEARLY_ALL_HELD: usize = 100_000;

/// Rounds that bring nothing new, after which there is nothing new.
const FRUITLESS: u32 = 3;

/// The same while messages are given back to make room, and come again.
const FRUITLESS_WHEN_FULL: u32 = 500;

/// When to stop looking.
#[derive(Clone, Debug)]
pub struct Until {
    /// The longest time to look.
    pub deadline: Duration,
    /// Set to true to stop at once.
    pub stopped: Arc<AtomicBool>,
}

impl Until {
    /// Looks no longer than this.
    #[must_use]
    pub fn after(deadline: Duration) -> Self {
        Self { deadline, stopped: Arc::default() }
    }
}

/// How a look ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Looked {
    /// How many messages were read.
    pub read: usize,
    /// How many were waiting when it began, approximately.
    pub expected: u64,
    /// How many others held when it began, approximately.
    pub held_by_others: u64,
    /// Why it ended.
    pub end: End,
}

impl Looked {
    /// How many messages were there and were not seen, approximately; none when whoever looked had enough.
    #[must_use]
    pub fn unseen(&self) -> u64 {
        let read = u64::try_from(self.read).unwrap_or(u64::MAX);
        if self.end == End::Enough { 0 } else { (self.expected + self.held_by_others).saturating_sub(read) }
    }
}

/// Why a look ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Nothing new came any more.
    AllSeen,
    /// Whoever looks had enough.
    Enough,
    /// The time was over.
    Deadline,
    /// It was stopped.
    Stopped,
}

/// Shows `visit` each message once, in the order in which they come, until it has enough; then gives all back.
///
/// Messages that others hold are not seen. Of a FIFO queue at most ten messages a group are seen, because SQS gives out
/// no more of a group while some are held.
///
/// # Errors
/// When SQS fails, or `visit` does; what was held is given back first.
pub async fn look(
    queue: &Queue,
    until: Until,
    mut visit: impl FnMut(Message) -> Result<ControlFlow<()>>,
) -> Result<Looked> {
    let attributes = queue.attributes().await?;
    let mut look = Look::new(queue, &attributes, until);
    let end = look.run(&mut visit).await;
    let held: Vec<String> = look.held.into();
    let given_back = queue.give_back(&held).await;
    let end = end?;
    given_back?;
    let Attributes { depth: expected, in_flight: held_by_others, .. } = attributes;
    Ok(Looked { read: look.seen.len(), expected, held_by_others, end })
}

struct Look<'a> {
    queue: &'a Queue,
    until: Until,
    expected: u64,
    at_once: usize,
    seen: HashSet<Uuid>,
    held: VecDeque<String>,
}

impl<'a> Look<'a> {
    fn new(queue: &'a Queue, attributes: &Attributes, until: Until) -> Self {
        let at_once = usize::try_from(attributes.depth / 100).unwrap_or(AT_ONCE).clamp(1, AT_ONCE);
        Self { queue, until, expected: attributes.depth, at_once, seen: HashSet::new(), held: VecDeque::new() }
    }

    async fn run(&mut self, visit: &mut impl FnMut(Message) -> Result<ControlFlow<()>>) -> Result<End> {
        let started = Instant::now();
        let mut fruitless = 0;
        loop {
            if self.until.stopped.load(Ordering::Relaxed) {
                return Ok(End::Stopped);
            }
            if started.elapsed() >= self.until.deadline {
                return Ok(End::Deadline);
            }
            let (fresh, came) = self.round().await?;
            fruitless = if fresh.is_empty() { fruitless + 1 } else { 0 };
            for message in fresh {
                if visit(message)?.is_break() {
                    return Ok(End::Enough);
                }
            }
            if fruitless > 0 && self.is_over(fruitless, came) {
                return Ok(End::AllSeen);
            }
            if came == 0 && self.held.len() >= NEARLY_ALL_HELD {
                self.make_room().await?;
            }
        }
    }

    /// One call, or several at a time: the messages that were not seen before, and how many came.
    async fn round(&mut self) -> Result<(Vec<Message>, usize)> {
        let hidden = self.until.deadline.saturating_add(MARGIN);
        let mut calls = JoinSet::new();
        for _ in 0..self.at_once {
            let queue = self.queue.clone();
            calls.spawn(async move { queue.receive(hidden, WAIT).await });
        }
        let (mut fresh, mut came, mut failure) = (Vec::new(), 0, None);
        while let Some(call) = calls.join_next().await {
            match call? {
                Ok(messages) => {
                    came += messages.len();
                    // All are held, also those that came twice and those of a round that fails elsewhere.
                    self.held.extend(messages.iter().map(|message| message.receipt_handle.clone()));
                    fresh.extend(messages.into_iter().filter(|message| self.seen.insert(key(&message.message_id))));
                }
                Err(error) => failure = Some(error),
            }
        }
        failure.map_or(Ok((fresh, came)), Err)
    }

    fn is_over(&self, fruitless: u32, came: usize) -> bool {
        let is_full = self.held.len() >= NEARLY_ALL_HELD;
        let has_all = u64::try_from(self.seen.len()).unwrap_or(u64::MAX) >= self.expected;
        (has_all && came == 0) || fruitless >= if is_full { FRUITLESS_WHEN_FULL } else { FRUITLESS }
    }

    async fn make_room(&mut self) -> Result<()> {
        let oldest: Vec<String> = self.held.drain(..NEARLY_ALL_HELD / 10).collect();
        self.queue.give_back(&oldest).await
    }
}

/// Sixteen bytes for a message, however many there are.
fn key(message_id: &str) -> Uuid {
    Uuid::parse_str(message_id).unwrap_or_else(|_| Uuid::new_v5(&Uuid::NAMESPACE_OID, message_id.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_hold_and_what_the_time_was_too_short_for_is_unseen() {
        let looked = Looked { read: 10, expected: 25, held_by_others: 2, end: End::Deadline };
        assert_eq!(looked.unseen(), 17);
        assert_eq!(Looked { end: End::Enough, ..looked }.unseen(), 0);
        assert_eq!(Looked { read: 30, ..looked }.unseen(), 0, "some came while it looked");
    }
}
