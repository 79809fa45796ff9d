//! Receiving the messages of a replay, each once, with the decision what to do with it.

mod classification;
mod completion;
pub(super) mod item;

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Result;
use jiff::Timestamp;
use tokio::time::Instant;
use uuid::Uuid;

use crate::dlq::cancellation::until_set;
use crate::dlq::filter::Filter;
use crate::dlq::history::History;
use crate::dlq::journal::state::{State, short_id};
use crate::dlq::lease::Leases;
use crate::dlq::message::Message;
use crate::dlq::options::{Options, Order};
use crate::dlq::plan::{Plan, subject_position};
use crate::dlq::queue::Queue;
use crate::dlq::replay::order::SubjectOrder;
use crate::dlq::replay::receiver::item::{Batch, Item};
use crate::error::UsageError;

/// How long SQS waits for messages when the last call returned none.
const RECEIVE_WAIT: Duration = Duration::from_secs(1);

/// How long a worker without work waits for the others.
const IDLE_PAUSE: Duration = Duration::from_millis(10);

/// After this many calls in a row without a new message, there is no new message.
const MAX_EMPTY_RECEIVES: u32 = 3;

/// How often the deletion of a message is tried.
const MAX_DELETIONS: u32 = 3;

/// How often a read call is retried, in addition to the retries of the SDK.
const MAX_RETRIES: u32 = 5;

/// The pause before the first retry. It doubles before each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// When a message for which there was no room becomes visible again.
const RETURN_DELAY: Duration = Duration::from_secs(3);

/// Receives messages and hands them to workers.
#[derive(Debug)]
pub(super) struct Receiver {
    queue: Queue,
    leases: Arc<Leases>,
    options: Options,
    filter: Filter,
    history: History,
    replay_id: String,
    /// Every message of the queue is part of the plan.
    everything: bool,
    /// With `everything`: messages sent later than this are not part of the plan.
    until: Option<Timestamp>,
    /// The messages of the plan otherwise, with their positions in the order of their subjects.
    chosen: HashMap<Uuid, Option<(Uuid, u64)>>,
    /// The number of visible messages at the start, approximately.
    expected: u64,
    /// Set to true to stop handing out messages.
    stopped: Arc<AtomicBool>,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    ready: VecDeque<Item>,
    /// Received, and not to be handled again.
    seen: HashSet<Uuid>,
    /// Accepted by the target: received again, it is deleted again.
    accepted: HashSet<Uuid>,
    /// The ids that the target gave to accepted messages.
    sent: HashSet<Uuid>,
    /// The number of received messages that were sent to the queue after the plan was made.
    sent_after_plan: u64,
    /// The number of received messages that are not among the chosen ones.
    outside_plan: u64,
    /// Accepted messages that could not be deleted, with the number of attempts.
    undeleted: HashMap<Uuid, u32>,
    /// Until then, messages may appear that a crash or a failed deletion has left invisible.
    wait_until: Option<Instant>,
    order: SubjectOrder,
    /// The number of messages that workers are handling.
    in_work: usize,
    /// The number of received messages of the plan.
    received: u64,
    /// The number of received messages that an interrupt has kept from being read.
    unread: u64,
    /// The number of messages of the plan that are finished, with any result.
    finished: u64,
    /// The number of calls in a row without a new message.
    empty_receives: u32,
    last_receive_was_empty: bool,
    is_complete: bool,
    closed: bool,
}

impl Receiver {
    pub(super) async fn new(
        queue: &Queue,
        leases: Arc<Leases>,
        options: &Options,
        plan: Plan,
        (filter, history): (Filter, History),
        replay_id: &str,
    ) -> Result<Self> {
        let attributes = queue.attributes().await?;
        let order = match options.order {
            Order::Any => SubjectOrder::default(),
            Order::Subject => {
                SubjectOrder::new(plan.chosen.iter().filter_map(|(id, position)| Some((*id, (*position)?))))
            }
        };
        Ok(Self {
            queue: queue.clone(),
            leases,
            options: options.clone(),
            filter,
            history,
            replay_id: replay_id.to_owned(),
            everything: plan.everything,
            until: plan.until,
            chosen: plan.chosen,
            expected: attributes.depth,
            stopped: Arc::default(),
            inner: Mutex::new(Inner { order, ..Inner::default() }),
        })
    }

    /// Continues from the state that another process left.
    pub(super) fn restore(&mut self, state: &State) {
        self.chosen.clone_from(&state.chosen);
        self.chosen.retain(|id, _| !state.done.contains(id) && !state.accepted.contains_key(id));
        let positions = self.chosen.iter().filter_map(|(id, position)| Some((*id, (*position)?)));
        let order = SubjectOrder::new(positions.filter(|_| self.options.order == Order::Subject));
        let mut inner = self.lock();
        inner.accepted = state.done.iter().chain(state.accepted.keys()).copied().collect();
        inner.sent.clone_from(&state.sent);
        inner.order = order;
        inner.wait_until = Some(Instant::now() + self.hidden_time());
    }

    /// A time after which every message that was hidden before is visible.
    fn hidden_time(&self) -> Duration {
        Duration::from_secs(self.options.visibility_timeout + 5)
    }

    /// Records failed and successful deletions. Returns the number of accepted messages that are not deleted.
    pub(super) fn record_deletions(&self, failed: &[Uuid], deleted: &[Uuid]) -> u64 {
        let mut inner = self.lock();
        for id in failed {
            *inner.undeleted.entry(*id).or_default() += 1;
        }
        if !failed.is_empty() {
            inner.wait_until = Some(Instant::now() + self.hidden_time());
        }
        for id in deleted {
            inner.undeleted.remove(id);
        }
        inner.undeleted.len() as u64
    }

    /// At the end: messages that could not be deleted but did not arrive again, because SQS had deleted them.
    pub(super) fn silently_deleted(&self) -> Vec<Uuid> {
        let inner = self.lock();
        inner.undeleted.iter().filter(|(_, tries)| **tries < MAX_DELETIONS).map(|(id, _)| *id).collect()
    }

    /// Up to `max` messages; `None` when the replay is complete.
    ///
    /// # Errors
    /// When the queue cannot be read.
    pub(super) async fn take(&self, max: u64) -> Result<Option<Batch>> {
        loop {
            if let Some(items) = self.ready(max) {
                return Ok(Some(Batch { items, ..Batch::default() }));
            }
            if self.is_complete() || self.is_closed() || self.check_completion().await? {
                return Ok(None);
            }
            if self.has_received_all() {
                // Other workers handle the last messages: another call would only wait.
                tokio::time::sleep(IDLE_PAUSE).await;
                continue;
            }
            let wait = if self.lock().last_receive_was_empty { RECEIVE_WAIT } else { Duration::ZERO };
            let received = with_retries(|| self.leases.receive(wait)).await?;
            let count = received.len() as u64;
            let messages = tokio::select! {
                messages = self.queue.read_all(received) => messages,
                () = until_set(&self.stopped) => {
                    // They are given back at the end.
                    self.lock().unread += count;
                    return Ok(None);
                }
            };
            let mut batch = Batch::default();
            let mut without_room = Vec::new();
            let is_empty = messages.is_empty();
            self.lock().last_receive_was_empty = is_empty;
            let seen_before = self.planned_so_far();
            for message in messages {
                self.classify(message, &mut batch, &mut without_room);
            }
            for id in without_room {
                self.leases.return_after(id, RETURN_DELAY).await?;
            }
            batch.items = self.ready(max).unwrap_or_default();
            let Batch { items, skipped, sent_after_plan: _, returned, to_delete } = &batch;
            let is_useless = items.is_empty() && skipped.is_empty() && returned.is_empty() && to_delete.is_empty();
            if !is_useless {
                self.lock().empty_receives = 0;
                return Ok(Some(batch));
            }
            self.count_empty_receive(seen_before);
            if !batch.sent_after_plan.is_empty() {
                return Ok(Some(batch));
            }
            if !is_empty {
                // Messages in flight were received again after their visibility timeout.
                tokio::task::yield_now().await;
            }
        }
    }

    fn ready(&self, max: u64) -> Option<Vec<Item>> {
        let mut inner = self.lock();
        let count = usize::try_from(max).unwrap_or(usize::MAX).min(inner.ready.len());
        if count == 0 || inner.closed {
            return None;
        }
        inner.in_work += count;
        Some(inner.ready.drain(..count).collect())
    }

    /// Records that the target accepted a message under this id.
    pub(super) fn complete(&self, message: &Message, as_id: &str) {
        let id = short_id(&message.message_id);
        let mut inner = self.lock();
        inner.sent.extend(Uuid::parse_str(as_id));
        inner.accepted.insert(id);
        inner.empty_receives = 0;
        inner.in_work -= 1;
        inner.finished += 1;
        let next = subject_position(message).filter(|_| self.options.order == Order::Subject);
        if let Some(next) = next.and_then(|position| inner.order.complete(id, position)) {
            let item = self.item(next);
            inner.ready.push_back(item);
        }
    }

    /// Takes back a message that was handed out and not sent, because its lease is over. It is handed out again when it
    /// is received again.
    pub(super) fn forget(&self, id: Uuid) {
        let mut inner = self.lock();
        inner.in_work -= 1;
        inner.received -= 1;
        inner.seen.remove(&id);
    }

    /// Takes back messages that were handed out and not sent, because the replay stops.
    pub(super) fn put_back(&self, count: usize) {
        self.lock().in_work -= count;
    }

    /// Records that a message was not accepted. Returns the waiting ones of its subject, which must not overtake it.
    pub(super) fn fail(&self, message: &Message) -> Vec<Message> {
        let mut inner = self.lock();
        inner.in_work -= 1;
        inner.finished += 1;
        let position = subject_position(message).filter(|_| self.options.order == Order::Subject);
        let behind = position.map(|position| inner.order.fail(position)).unwrap_or_default();
        inner.finished += behind.len() as u64;
        behind
    }

    /// A message that waited for an earlier one of its subject.
    fn item(&self, message: Message) -> Item {
        let attempt = self.history.attempts(&message).saturating_add(1);
        Item { message, attempt, is_parked: attempt > self.options.max_replays && self.options.parking.is_some() }
    }

    pub(super) fn is_complete(&self) -> bool {
        self.lock().is_complete
    }

    /// Stops handing out messages.
    pub(super) fn close(&self) {
        self.lock().closed = true;
    }

    pub(super) fn is_closed(&self) -> bool {
        self.stopped.load(Ordering::Relaxed) || self.lock().closed
    }

    /// Set this to true to stop handing out messages.
    pub(super) fn stop(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.stopped)
    }

    /// The number of received messages of the plan.
    pub(super) fn received(&self) -> u64 {
        self.lock().received
    }

    /// The number of received messages that an interrupt has kept from being read.
    pub(super) fn unread(&self) -> u64 {
        self.lock().unread
    }

    /// The number of received messages that are not among the chosen ones.
    pub(super) fn outside_plan(&self) -> u64 {
        self.lock().outside_plan
    }

    /// Whether every message of the queue is part of the plan.
    pub(super) fn takes_everything(&self) -> bool {
        self.everything
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Retries a read call, so that one failed call does not end a long replay.
pub(super) async fn with_retries<T, F: Future<Output = Result<T>>>(mut call: impl FnMut() -> F) -> Result<T> {
    for attempt in 0..MAX_RETRIES {
        match call().await {
            Err(error) if error.is::<UsageError>() => return Err(error),
            Err(_) => tokio::time::sleep(FIRST_PAUSE * 2_u32.pow(attempt)).await,
            result => return result,
        }
    }
    call().await
}
