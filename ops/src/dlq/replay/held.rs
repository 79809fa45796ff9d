//! What the replay has in its hands: hidden from everybody else as long as it lasts, and given back at the end.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
use tokio::time::Instant;
use uuid::Uuid;

use crate::dlq::batches;
use crate::dlq::queue::Queue;

/// How often it is looked who is to be hidden again.
const TICK: Duration = Duration::from_millis(500);

/// A message that is only kept out of the way is hidden for longer and longer, up to this: there may be many.
const LONGEST: Duration = Duration::from_mins(15);

/// The messages.
#[derive(Debug)]
pub(super) struct Held {
    queue: Queue,
    hidden: Duration,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    messages: HashMap<Uuid, One>,
    /// When each is to be hidden again.
    due: VecDeque<(Instant, Uuid)>,
}

#[derive(Debug)]
struct One {
    receipt: String,
    hidden: Duration,
    is_left: bool,
}

impl Held {
    pub(super) fn new(queue: &Queue, hidden: Duration) -> Self {
        Self { queue: queue.clone(), hidden, inner: Mutex::default() }
    }

    /// A message came; or came again, with another receipt.
    pub(super) fn take(&self, id: Uuid, receipt: &str) {
        let mut inner = self.lock();
        if let Some(one) = inner.messages.get_mut(&id) {
            receipt.clone_into(&mut one.receipt);
            return;
        }
        let one = One { receipt: receipt.to_owned(), hidden: self.hidden, is_left: false };
        inner.messages.insert(id, one);
        inner.due.push_back((Instant::now() + self.hidden / 2, id));
    }

    /// A message stays in the queue, and is only kept out of the way.
    pub(super) fn leave(&self, id: Uuid) {
        if let Some(one) = self.lock().messages.get_mut(&id) {
            one.is_left = true;
        }
    }

    /// What deletes a message.
    pub(super) fn receipt(&self, id: Uuid) -> Option<String> {
        self.lock().messages.get(&id).map(|one| one.receipt.clone())
    }

    /// A message is no longer in the queue.
    pub(super) fn release(&self, id: Uuid) {
        self.lock().messages.remove(&id);
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.lock().messages.len()
    }

    /// Shows one message to everybody again, after a time.
    ///
    /// # Errors
    /// When SQS does not answer.
    pub(super) async fn put_back(&self, id: Uuid, after: Duration) -> Result<()> {
        let one = self.lock().messages.remove(&id);
        let receipts: Vec<String> = one.into_iter().map(|one| one.receipt).collect();
        batches::hide(self.queue.sqs(), self.queue.url(), &receipts, after).await
    }

    /// Keeps everything hidden, until it is aborted.
    pub(super) async fn keep_hidden(&self) {
        loop {
            tokio::time::sleep(TICK).await;
            for (hidden, receipts) in self.due() {
                // What cannot be hidden is shown to others, whose business it is then too; deleting says so.
                batches::hide(self.queue.sqs(), self.queue.url(), &receipts, hidden).await.ok();
            }
        }
    }

    /// The receipts of those that are to be hidden now, by how long.
    fn due(&self) -> HashMap<Duration, Vec<String>> {
        let mut inner = self.lock();
        let now = Instant::now();
        let mut due: HashMap<Duration, Vec<String>> = HashMap::new();
        while let Some((at, id)) = inner.due.front().copied()
            && at <= now
        {
            inner.due.pop_front();
            if let Some(one) = inner.messages.get_mut(&id) {
                if one.is_left {
                    one.hidden = (one.hidden * 2).min(LONGEST);
                }
                let (receipt, hidden) = (one.receipt.clone(), one.hidden);
                due.entry(hidden).or_default().push(receipt);
                let next = now + hidden / 2;
                // Nearly in order: most have the same time.
                let place = inner.due.partition_point(|(at, _)| *at <= next);
                inner.due.insert(place, (next, id));
            }
        }
        due
    }

    /// Gives everything back at once.
    ///
    /// # Errors
    /// When some stay hidden for a while.
    pub(super) async fn give_back(&self) -> Result<()> {
        let messages = std::mem::take(&mut self.lock().messages);
        let receipts: Vec<String> = messages.into_values().map(|one| one.receipt).collect();
        self.queue.give_back(&receipts).await
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
