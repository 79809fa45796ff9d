//! The messages of a queue that this program holds. A message that was received is hidden from other consumers by a
//! lease, its visibility timeout, which is renewed while this program needs the message. At the end all are given back.
#![allow(clippy::disallowed_methods, reason = "while a machine is suspended, only the clock of the day goes on")]

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use anyhow::Result;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use uuid::Uuid;

use crate::dlq::journal::state::short_id;
use crate::dlq::queue::{Queue, is_visible};
use crate::dlq::raw_message::RawMessage;

/// How often the leases are checked.
const CHECK_INTERVAL: Duration = Duration::from_millis(500);

/// The longest lease of a message that is set aside. It doubles at each renewal, because there may be many.
pub(crate) const MAX_LEASE: Duration = Duration::from_mins(15);

/// A lease counts as over this much earlier, because what follows takes time; of a short lease, a quarter of it.
const SAFETY_MARGIN: Duration = Duration::from_secs(2);

/// The messages of one queue that this program holds.
#[derive(Debug)]
pub(crate) struct Leases {
    queue: Queue,
    duration: Duration,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    messages: HashMap<Uuid, Lease>,
    /// When each is renewed.
    due: VecDeque<(Instant, Uuid)>,
}

#[derive(Debug)]
struct Lease {
    receipt: String,
    duration: Duration,
    end: LeaseEnd,
    /// When it is renewed.
    due: Instant,
    is_set_aside: bool,
}

/// When a lease is over: as soon as one of two clocks has passed it. The first stands still while a machine is suspended, the
/// second can be set back.
#[derive(Clone, Copy, Debug)]
struct LeaseEnd {
    instant: Instant,
    time: SystemTime,
}

impl LeaseEnd {
    fn after(duration: Duration, start: Self) -> Self {
        let duration = duration.saturating_sub(SAFETY_MARGIN.min(duration / 4));
        Self { instant: start.instant + duration, time: start.time + duration }
    }

    fn now() -> Self {
        Self { instant: Instant::now(), time: SystemTime::now() }
    }

    fn is_over(self) -> bool {
        Instant::now() >= self.instant || SystemTime::now() >= self.time
    }
}

/// Renews leases until it is dropped.
#[derive(Debug)]
pub(crate) struct Renewal(JoinHandle<()>);

impl Drop for Renewal {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Leases {
    /// No leases yet. Each will begin with this duration.
    pub(crate) fn new(queue: &Queue, duration: Duration) -> Self {
        Self { queue: queue.clone(), duration, inner: Mutex::default() }
    }

    /// Receives up to ten messages under leases. Waits up to `wait` when there are none. They are decoded later, which may
    /// take long or be given up: what was received is held from here on.
    ///
    /// # Errors
    /// When SQS fails.
    pub(crate) async fn receive(&self, wait: Duration) -> Result<Vec<RawMessage>> {
        // Before the call: the lease begins somewhere in it.
        let start = LeaseEnd::now();
        let messages = self.queue.receive(self.duration, wait).await?;
        for message in &messages {
            self.add(message, start);
        }
        Ok(messages)
    }

    /// Adds a message that was received, or its new receipt handle when it was received again.
    fn add(&self, message: &RawMessage, start: LeaseEnd) {
        let id = short_id(&message.message_id);
        let (duration, receipt) = (self.duration, message.receipt_handle.clone());
        let mut inner = self.lock();
        let known = inner.messages.remove(&id);
        let is_set_aside = known.is_some_and(|lease| lease.is_set_aside);
        let (end, due) = (LeaseEnd::after(duration, start), start.instant);
        inner.messages.insert(id, Lease { receipt, duration, end, due, is_set_aside });
        inner.schedule(start.instant + duration / 2, id);
    }

    /// Marks a message that stays in the queue and is held only so that it is not received again.
    pub(crate) fn set_aside(&self, id: Uuid) {
        if let Some(lease) = self.lock().messages.get_mut(&id) {
            lease.is_set_aside = true;
        }
    }

    /// Whether this program certainly holds the message, so that nobody else can have it.
    pub(crate) fn holds(&self, id: Uuid) -> bool {
        self.lock().messages.get(&id).is_some_and(|lease| !lease.end.is_over())
    }

    /// The current receipt handle of a message.
    pub(crate) fn receipt(&self, id: Uuid) -> Option<String> {
        self.lock().messages.get(&id).map(|lease| lease.receipt.clone())
    }

    /// Removes a message that is no longer in the queue.
    pub(crate) fn remove(&self, id: Uuid) {
        self.lock().messages.remove(&id);
    }

    /// The number of messages that this program holds.
    pub(crate) fn count(&self) -> usize {
        self.lock().messages.values().filter(|lease| !lease.end.is_over()).count()
    }

    /// Gives one message back after a delay.
    ///
    /// # Errors
    /// When SQS does not answer.
    pub(crate) async fn return_after(&self, id: Uuid, delay: Duration) -> Result<()> {
        let lease = self.lock().messages.remove(&id);
        let receipts: Vec<String> = lease.into_iter().map(|lease| lease.receipt).collect();
        self.queue.change_visibility(&receipts, delay).await.map(|_| ())
    }

    /// Renews the leases in the background.
    pub(crate) fn keep(self: &Arc<Self>) -> Renewal {
        let leases = Arc::clone(self);
        Renewal(tokio::spawn(async move {
            loop {
                tokio::time::sleep(CHECK_INTERVAL).await;
                leases.renew().await;
            }
        }))
    }

    async fn renew(&self) {
        for (duration, due) in self.due() {
            let start = LeaseEnd::now();
            let receipts: Vec<String> = due.iter().map(|(_, receipt)| receipt.clone()).collect();
            let failed = self.queue.change_visibility(&receipts, duration).await;
            let mut inner = self.lock();
            for (index, (id, receipt)) in due.into_iter().enumerate() {
                let Some(lease) = inner.messages.get_mut(&id).filter(|lease| lease.receipt == receipt) else {
                    continue;
                };
                match failed.as_ref().map(|failed| failed.get(&index)) {
                    // SQS also accepts the handle of a lease that has ended, when another consumer may hold the message.
                    Ok(None) if lease.end.is_over() => {}
                    Ok(None) => {
                        lease.duration = duration;
                        lease.end = LeaseEnd::after(duration, start);
                        inner.schedule(start.instant + duration / 2, id);
                    }
                    Ok(Some(code)) if is_visible(code) => lease.end = start,
                    // It is tried again as long as the old lease holds.
                    Ok(Some(_)) | Err(_) => inner.schedule(Instant::now() + CHECK_INTERVAL, id),
                }
            }
        }
    }

    /// The messages to renew now, each with its receipt handle, by their new duration.
    fn due(&self) -> HashMap<Duration, Vec<(Uuid, String)>> {
        let mut inner = self.lock();
        let now = Instant::now();
        let mut due: HashMap<Duration, Vec<(Uuid, String)>> = HashMap::new();
        while let Some((at, id)) = inner.due.front().copied()
            && at <= now
        {
            inner.due.pop_front();
            // A lease that is over is not renewed: another consumer may hold the message.
            if let Some(lease) = inner.messages.get(&id).filter(|lease| lease.due == at && !lease.end.is_over()) {
                let longer = if lease.is_set_aside { (lease.duration * 2).min(MAX_LEASE) } else { lease.duration };
                due.entry(longer).or_default().push((id, lease.receipt.clone()));
            }
        }
        due
    }

    /// Gives all messages back at once.
    ///
    /// # Errors
    /// When some stay hidden until their leases end.
    pub(crate) async fn return_all(&self) -> Result<()> {
        self.return_some(usize::MAX).await
    }

    /// Gives up to `count` messages back at once.
    ///
    /// # Errors
    /// When some stay hidden until their leases end.
    pub(crate) async fn return_some(&self, count: usize) -> Result<()> {
        let mut held = Vec::new();
        self.lock().messages.retain(|_, lease| {
            let is_returned = held.len() < count && !lease.end.is_over();
            if is_returned {
                held.push(lease.receipt.clone());
            }
            !is_returned
        });
        self.queue.make_visible(&held).await
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Renews a lease at this time, and at no other.
    fn schedule(&mut self, at: Instant, id: Uuid) {
        if let Some(lease) = self.messages.get_mut(&id) {
            lease.due = at;
        }
        // Nearly in order, because most leases have the same duration.
        let place = self.due.partition_point(|(other, _)| *other <= at);
        self.due.insert(place, (at, id));
    }
}
