//! The messages that a replay has received: it keeps them hidden while it runs, and makes them visible at its end.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
use tokio::time::Instant;
use uuid::Uuid;

use crate::dlq::batches;
use crate::dlq::queue::Queue;

/// How often the visibility timeouts are checked.
const CHECK_INTERVAL: Duration = Duration::from_millis(500);

/// The longest visibility timeout of a message that is set aside. It doubles at each extension, because there may be
/// many.
const MAX_TIMEOUT: Duration = Duration::from_mins(15);

/// Received messages of one queue.
#[derive(Debug)]
pub(super) struct InFlightMessages {
    queue: Queue,
    visibility_timeout: Duration,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    messages: HashMap<Uuid, Entry>,
    /// When the visibility timeout of each is extended.
    due: VecDeque<(Instant, Uuid)>,
}

#[derive(Debug)]
struct Entry {
    receipt: String,
    visibility_timeout: Duration,
    is_set_aside: bool,
}

impl InFlightMessages {
    pub(super) fn new(queue: &Queue, visibility_timeout: Duration) -> Self {
        Self { queue: queue.clone(), visibility_timeout, inner: Mutex::default() }
    }

    /// Adds a message that was received, or its new receipt handle when it was received again.
    pub(super) fn add(&self, id: Uuid, receipt: &str) {
        let mut inner = self.lock();
        if let Some(entry) = inner.messages.get_mut(&id) {
            receipt.clone_into(&mut entry.receipt);
            return;
        }
        let timeout = self.visibility_timeout;
        let entry = Entry { receipt: receipt.to_owned(), visibility_timeout: timeout, is_set_aside: false };
        inner.messages.insert(id, entry);
        inner.due.push_back((Instant::now() + timeout / 2, id));
    }

    /// Marks a message that stays in the queue and is hidden only so that it is not received again.
    pub(super) fn set_aside(&self, id: Uuid) {
        if let Some(entry) = self.lock().messages.get_mut(&id) {
            entry.is_set_aside = true;
        }
    }

    /// The current receipt handle of a message.
    pub(super) fn receipt(&self, id: Uuid) -> Option<String> {
        self.lock().messages.get(&id).map(|entry| entry.receipt.clone())
    }

    /// Removes a message that is no longer in the queue.
    pub(super) fn remove(&self, id: Uuid) {
        self.lock().messages.remove(&id);
    }

    pub(super) fn count(&self) -> usize {
        self.lock().messages.len()
    }

    /// Makes one message visible again after a delay.
    ///
    /// # Errors
    /// When SQS does not answer.
    pub(super) async fn return_after(&self, id: Uuid, delay: Duration) -> Result<()> {
        let entry = self.lock().messages.remove(&id);
        let receipts: Vec<String> = entry.into_iter().map(|entry| entry.receipt).collect();
        batches::hide(self.queue.sqs(), self.queue.url(), &receipts, delay).await
    }

    /// Extends visibility timeouts until it is aborted.
    pub(super) async fn keep_hidden(&self) {
        loop {
            tokio::time::sleep(CHECK_INTERVAL).await;
            for (timeout, receipts) in self.due() {
                // A message that cannot be hidden is received elsewhere too; its deletion reports that.
                batches::hide(self.queue.sqs(), self.queue.url(), &receipts, timeout).await.ok();
            }
        }
    }

    /// The receipt handles of the messages to extend now, by their new timeout.
    fn due(&self) -> HashMap<Duration, Vec<String>> {
        let mut inner = self.lock();
        let now = Instant::now();
        let mut due: HashMap<Duration, Vec<String>> = HashMap::new();
        while let Some((at, id)) = inner.due.front().copied()
            && at <= now
        {
            inner.due.pop_front();
            if let Some(entry) = inner.messages.get_mut(&id) {
                if entry.is_set_aside {
                    entry.visibility_timeout = (entry.visibility_timeout * 2).min(MAX_TIMEOUT);
                }
                let (receipt, timeout) = (entry.receipt.clone(), entry.visibility_timeout);
                due.entry(timeout).or_default().push(receipt);
                let next = now + timeout / 2;
                // Nearly in order, because most have the same timeout.
                let place = inner.due.partition_point(|(at, _)| *at <= next);
                inner.due.insert(place, (next, id));
            }
        }
        due
    }

    /// Makes all messages visible at once.
    ///
    /// # Errors
    /// When some stay hidden until their timeout.
    pub(super) async fn return_all(&self) -> Result<()> {
        let messages = std::mem::take(&mut self.lock().messages);
        let receipts: Vec<String> = messages.into_values().map(|entry| entry.receipt).collect();
        self.queue.make_visible(&receipts).await
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
