//! What comes from the queue, each message once, with what is to be done with it.

mod ending;
pub(super) mod item;
mod sorting;

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Result;
use jiff::Timestamp;
use tokio::time::Instant;
use uuid::Uuid;

use crate::dlq::filter::Filter;
use crate::dlq::history::History;
use crate::dlq::journal::state::{State, short_id};
use crate::dlq::message::Message;
use crate::dlq::options::{Options, Order};
use crate::dlq::plan::{Plan, place};
use crate::dlq::queue::{Queue, WrongUse};
use crate::dlq::replay::held::Held;
use crate::dlq::replay::intake::item::{Batch, Item};
use crate::dlq::replay::order::Turns;

/// How long SQS looks for messages when the last call brought none.
const WAIT: Duration = Duration::from_secs(1);

/// How long a worker without work waits for the others.
const TICK: Duration = Duration::from_millis(10);

/// So many calls in a row bring nothing new when there is nothing new.
const FRUITLESS: u32 = 3;

/// A message that could not be deleted this often stays.
const DELETIONS: u32 = 3;

/// How often a call that reads is tried, beyond what the SDK tries.
const ATTEMPTS: u32 = 5;

/// The first pause between two attempts; each next one is twice as long.
const PAUSE: Duration = Duration::from_millis(100);

/// A message for which there is no room comes again after this.
const LATER: Duration = Duration::from_secs(3);

/// What comes from the queue.
#[derive(Debug)]
pub(super) struct Intake {
    queue: Queue,
    held: Arc<Held>,
    options: Options,
    filter: Filter,
    history: History,
    replay_id: String,
    everything: bool,
    /// Of everything: what was sent to the queue later is not meant.
    until: Option<Timestamp>,
    /// The messages that are meant, when it is not everything.
    chosen: HashMap<Uuid, Option<(Uuid, u64)>>,
    /// How many there were, approximately.
    expected: u64,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    ready: VecDeque<Item>,
    /// Came, and is not to be done again.
    seen: HashSet<Uuid>,
    /// Was accepted: if it comes again, it is deleted again.
    accepted: HashSet<Uuid>,
    /// The ids that accepted messages have where they were sent to.
    sent: HashSet<Uuid>,
    /// Messages that came, and were sent to the queue after the plan was made.
    late: u64,
    /// Was accepted and could not be deleted, so many times.
    undeleted: HashMap<Uuid, u32>,
    /// Until then hidden messages may come that a crash, or a deletion that failed, has left.
    patient_until: Option<Instant>,
    turns: Turns,
    /// Messages that workers have.
    in_work: usize,
    /// Messages of the plan that came.
    met: u64,
    /// Messages of the plan that are dealt with, one way or the other.
    dealt_with: u64,
    /// So many calls in a row brought nothing new.
    fruitless: u32,
    brought_nothing: bool,
    over: bool,
    closed: bool,
}

impl Intake {
    pub(super) async fn new(
        queue: &Queue,
        held: Arc<Held>,
        options: &Options,
        plan: Plan,
        (filter, history): (Filter, History),
        replay_id: &str,
    ) -> Result<Self> {
        let attributes = queue.attributes().await?;
        let turns = match options.order {
            Order::Any => Turns::default(),
            Order::Subject => Turns::new(plan.chosen.iter().filter_map(|(id, place)| Some((*id, (*place)?)))),
        };
        Ok(Self {
            queue: queue.clone(),
            held,
            options: options.clone(),
            filter,
            history,
            replay_id: replay_id.to_owned(),
            everything: plan.everything,
            until: plan.until,
            chosen: plan.chosen,
            expected: attributes.depth,
            inner: Mutex::new(Inner { turns, ..Inner::default() }),
        })
    }

    /// Goes on where another process ended.
    pub(super) fn go_on(&mut self, state: &State) {
        self.chosen.clone_from(&state.chosen);
        self.chosen.retain(|id, _| !state.done.contains(id) && !state.accepted.contains_key(id));
        let places = self.chosen.iter().filter_map(|(id, place)| Some((*id, (*place)?)));
        let turns = Turns::new(places.filter(|_| self.options.order == Order::Subject));
        let mut inner = self.lock();
        inner.accepted = state.done.iter().chain(state.accepted.keys()).copied().collect();
        inner.sent.clone_from(&state.sent);
        inner.turns = turns;
        inner.patient_until = Some(Instant::now() + self.patience());
    }

    /// Longer than a message is hidden.
    fn patience(&self) -> Duration {
        Duration::from_secs(self.options.hidden + 5)
    }

    /// Notes what could not be deleted, and what was after all; how many are left.
    pub(super) fn undeleted(&self, more: &[Uuid], gone: &[Uuid]) -> u64 {
        let mut inner = self.lock();
        for id in more {
            *inner.undeleted.entry(*id).or_default() += 1;
        }
        if !more.is_empty() {
            inner.patient_until = Some(Instant::now() + self.patience());
        }
        for id in gone {
            inner.undeleted.remove(id);
        }
        inner.undeleted.len() as u64
    }

    /// At the end: what could not be deleted, and did not come again, because it had been.
    pub(super) fn gone(&self) -> Vec<Uuid> {
        let inner = self.lock();
        inner.undeleted.iter().filter(|(_, tries)| **tries < DELETIONS).map(|(id, _)| *id).collect()
    }

    /// Up to `most` messages; none when all is done.
    ///
    /// # Errors
    /// When the queue cannot be read.
    pub(super) async fn take(&self, most: u64) -> Result<Option<Batch>> {
        loop {
            if let Some(items) = self.ready(most) {
                return Ok(Some(Batch { items, ..Batch::default() }));
            }
            if self.is_over() || self.is_closed() || self.ends_here().await? {
                return Ok(None);
            }
            if self.has_met_all() {
                // The others are at the last ones: asking for more would only wait.
                tokio::time::sleep(TICK).await;
                continue;
            }
            let wait = if self.lock().brought_nothing { WAIT } else { Duration::ZERO };
            let hidden = Duration::from_secs(self.options.hidden);
            let messages = patiently(|| self.queue.receive(hidden, wait)).await?;
            let mut batch = Batch::default();
            let mut without_room = Vec::new();
            let is_empty = messages.is_empty();
            self.lock().brought_nothing = is_empty;
            let seen_before = self.meant_so_far();
            for message in messages {
                self.sort(message, &mut batch, &mut without_room);
            }
            for id in without_room {
                self.held.put_back(id, LATER).await?;
            }
            batch.items = self.ready(most).unwrap_or_default();
            let Batch { items, left, late: _, came_back, to_delete } = &batch;
            let is_fruitless = items.is_empty() && left.is_empty() && came_back.is_empty() && to_delete.is_empty();
            if !is_fruitless {
                self.lock().fruitless = 0;
                return Ok(Some(batch));
            }
            self.note_fruitless(seen_before);
            if !batch.late.is_empty() {
                return Ok(Some(batch));
            }
            if !is_empty {
                // What is held came again, as its time was over.
                tokio::task::yield_now().await;
            }
        }
    }

    fn ready(&self, most: u64) -> Option<Vec<Item>> {
        let mut inner = self.lock();
        let count = usize::try_from(most).unwrap_or(usize::MAX).min(inner.ready.len());
        if count == 0 || inner.closed {
            return None;
        }
        inner.in_work += count;
        Some(inner.ready.drain(..count).collect())
    }

    /// A message was accepted, under this id.
    pub(super) fn done(&self, message: &Message, as_id: &str) {
        let id = short_id(&message.message_id);
        let mut inner = self.lock();
        inner.sent.extend(Uuid::parse_str(as_id));
        inner.accepted.insert(id);
        inner.fruitless = 0;
        inner.in_work -= 1;
        inner.dealt_with += 1;
        let next = place(message).filter(|_| self.options.order == Order::Subject);
        if let Some(next) = next.and_then(|place| inner.turns.done(id, place)) {
            let item = self.again(next);
            inner.ready.push_back(item);
        }
    }

    /// A message was not accepted: those of its subject that wait, and must not overtake it.
    pub(super) fn failed(&self, message: &Message) -> Vec<Message> {
        let mut inner = self.lock();
        inner.in_work -= 1;
        inner.dealt_with += 1;
        let place = place(message).filter(|_| self.options.order == Order::Subject);
        let behind = place.map(|place| inner.turns.failed(place)).unwrap_or_default();
        inner.dealt_with += behind.len() as u64;
        behind
    }

    /// A message that waited for its turn.
    fn again(&self, message: Message) -> Item {
        let attempt = self.history.attempts(&message).saturating_add(1);
        Item { message, attempt, is_parked: attempt > self.options.max_replays && self.options.parking.is_some() }
    }

    /// All is done.
    pub(super) fn is_over(&self) -> bool {
        self.lock().over
    }

    /// Nothing more is handed out.
    pub(super) fn close(&self) {
        self.lock().closed = true;
    }

    /// Whether nothing more is handed out.
    pub(super) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    /// How many messages of the plan came.
    pub(super) fn met(&self) -> u64 {
        self.lock().met
    }

    /// Whether every message of the queue is meant.
    pub(super) fn takes_everything(&self) -> bool {
        self.everything
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tries a call that reads a few times: a replay of an hour must not end for one bad answer.
pub(super) async fn patiently<T, F: Future<Output = Result<T>>>(mut call: impl FnMut() -> F) -> Result<T> {
    for attempt in 0..ATTEMPTS {
        match call().await {
            Err(error) if error.is::<WrongUse>() => return Err(error),
            Err(_) => tokio::time::sleep(PAUSE * 2_u32.pow(attempt)).await,
            result => return result,
        }
    }
    call().await
}
