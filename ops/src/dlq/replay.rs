//! Bringing messages back: meant, journaled, sent, journaled, deleted, in this order, so that whatever happens in between
//! a message is either in the queue or was accepted.

mod held;
mod intake;
mod order;
mod pace;
pub mod progress;
mod ramp;
mod resume;
mod work;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use aws_config::SdkConfig;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::dlq::filter::Filter;
use crate::dlq::history::History;
use crate::dlq::journal::Journal;
use crate::dlq::journal::entry::{Entry, Planned, Summary};
use crate::dlq::options::{Options, Order, Pace};
use crate::dlq::plan::Plan;
use crate::dlq::queue::Queue;
use crate::dlq::replay::held::Held;
use crate::dlq::replay::intake::Intake;
use crate::dlq::replay::pace::{Breaker, Rate};
use crate::dlq::replay::progress::Progress;
use crate::dlq::roads::Roads;
use crate::dlq::roads::invoke::Accepted;
use crate::target;

/// As many ids go into one line of the journal.
const IDS_A_LINE: usize = 1000;

/// How a replay ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// What was done.
    pub summary: Summary,
    /// Why it stopped before all was done, when it did.
    pub stopped: Option<String>,
    /// All that was planned is done, and nothing speaks against it.
    pub is_whole: bool,
}

/// A replay.
#[derive(Debug)]
pub struct Replay {
    id: String,
    queue: Queue,
    options: Options,
    roads: Roads,
    journal: Journal,
    progress: Arc<Progress>,
    /// Set to true to stop after what is under way.
    stopped: Arc<AtomicBool>,
    intake: Intake,
    held: Arc<Held>,
    to: SdkConfig,
    /// Messages that were done before this process began.
    before: u64,
    /// Messages that the plan did not see.
    unplanned: u64,
    rate: Rate,
    breaker: Breaker,
}

/// What a replay is to do.
#[derive(Debug)]
pub struct Meant {
    /// The plan.
    pub plan: Plan,
    /// What messages must be.
    pub filter: Filter,
    /// How often each failed before.
    pub history: History,
}

/// Where a replay happens.
#[derive(Clone, Debug)]
pub struct Place {
    /// The queue that messages come from.
    pub queue: Queue,
    /// The environment that it belongs to.
    pub env: String,
    /// How the queue is reached, and where messages go unless it is a rehearsal elsewhere.
    pub sdk: SdkConfig,
}

impl Replay {
    /// A new replay: its plan is in the journal when this returns.
    ///
    /// # Errors
    /// When the journal cannot be written.
    pub async fn begin(place: Place, options: Options, meant: Meant, journal: Journal, id: String) -> Result<Self> {
        let Meant { plan, filter, history } = meant;
        journal.write(Entry::Plan(Box::new(planned(&place, &options, &plan, &id)?))).await?;
        let chosen: Vec<_> = plan.chosen.iter().map(|(id, place)| (*id, *place)).collect();
        for chosen in chosen.chunks(IDS_A_LINE) {
            let (ids, places) = chosen.iter().copied().unzip();
            let places = if options.order == Order::Subject { places } else { Vec::new() };
            journal.write(Entry::Chosen { ids, places }).await?;
        }
        let (planned, left_out, unplanned) = (plan.planned, plan.left_out.values().sum(), plan.unseen);
        let held = Arc::new(Held::new(&place.queue, Duration::from_secs(options.hidden)));
        let intake = Intake::new(&place.queue, Arc::clone(&held), &options, plan, (filter, history), &id).await?;
        let mut replay = Self::new(place, options, intake, held, journal, id).await;
        replay.unplanned = unplanned;
        replay.progress.planned.store(planned, Ordering::Relaxed);
        replay.progress.skipped.store(left_out, Ordering::Relaxed);
        Ok(replay)
    }

    async fn new(
        place: Place,
        options: Options,
        intake: Intake,
        held: Arc<Held>,
        journal: Journal,
        id: String,
    ) -> Self {
        let is_careful = options.pace == Pace::Ramp || options.order == Order::Subject;
        let accepted = if is_careful { Accepted::WhenDone } else { Accepted::WhenTaken };
        let to = match &options.rehearsal {
            Some(endpoint) => target::elsewhere(&place.sdk, endpoint).await,
            None => place.sdk,
        };
        Self {
            id,
            roads: Roads::new(&to, options.choice.clone(), accepted),
            held,
            to,
            rate: Rate::new(options.rate),
            breaker: Breaker::new(options.pace),
            queue: place.queue,
            options,
            journal,
            progress: Arc::default(),
            stopped: Arc::default(),
            intake,
            before: 0,
            unplanned: 0,
        }
    }

    /// What it has done so far.
    #[must_use]
    pub fn progress(&self) -> Arc<Progress> {
        Arc::clone(&self.progress)
    }

    /// Set this to true to end the replay in good order.
    #[must_use]
    pub fn stop(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.stopped)
    }

    /// Does what was planned.
    ///
    /// # Errors
    /// When the queue cannot be read or the journal cannot be written. All that was not accepted is still in the queue.
    pub async fn run(self) -> Result<Ended> {
        let replay = Arc::new(self);
        let keeper = tokio::spawn(Arc::clone(&replay).keep_hidden());
        let worked = match replay.options.pace {
            Pace::Full => replay.round(u64::MAX).await,
            Pace::Ramp => replay.ramp().await,
        };
        keeper.abort();
        // An abort is what ends it.
        keeper.await.ok();
        let unseen = replay.unseen().await;
        let given_back = replay.held.give_back().await;
        worked?;
        let unseen = unseen?;
        if replay.intake.takes_everything() {
            replay.correct_planned(unseen);
        }
        if replay.intake.is_over() && unseen == 0 {
            // It was waited for, and the queue has it no more: a crash kept SQS's answer from the journal. While the queue
            // has others, it may be one of them, and `resume` deletes it.
            let ids = replay.intake.gone();
            replay.undeleted(&[], &ids);
            if !ids.is_empty() {
                replay.journal.write(Entry::Deleted { ids }).await?;
            }
        }
        let mut summary = replay.progress.summary(&replay.journal);
        // Of what the plan did not see, others may have taken some by now.
        summary.remaining += replay.unplanned.min(unseen);
        replay.journal.write(Entry::Closed(summary.clone())).await?;
        let tripped = replay.breaker.tripped();
        let is_whole = summary.remaining == 0 && tripped.is_none();
        let stopped = match (tripped, given_back) {
            (Some(reason), _) => Some(reason),
            (None, Err(error)) => Some(error.to_string()),
            (None, Ok(())) if !is_whole && replay.stopped.load(Ordering::Relaxed) => {
                Some("it was interrupted".to_owned())
            }
            (None, Ok(())) => None,
        };
        Ok(Ended { summary, stopped, is_whole })
    }

    /// Of everything, the plan has what SQS said, approximately: now it is known.
    fn correct_planned(&self, unseen: u64) {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let met = self.before + self.intake.met();
        let undeleted = of(&self.progress.undeleted);
        // What was not seen is of the plan as far as the plan had more: others were sent to the queue since.
        let missing = of(&self.progress.planned).saturating_sub(met).min(unseen.saturating_sub(undeleted));
        self.progress.planned.store(met + missing, Ordering::Relaxed);
    }

    /// Messages of the queue that did not come.
    async fn unseen(&self) -> Result<u64> {
        Ok(self.standing().await?.saturating_sub(self.held.count() as u64))
    }

    async fn keep_hidden(self: Arc<Self>) {
        self.held.keep_hidden().await;
    }

    /// Works with several workers until `quota` messages were taken, all are done, or it must stop.
    async fn round(self: &Arc<Self>, quota: u64) -> Result<()> {
        let quota = Arc::new(AtomicU64::new(quota));
        let mut workers = JoinSet::new();
        for _ in 0..self.options.concurrency.max(1) {
            workers.spawn(Arc::clone(self).work(Arc::clone(&quota)));
        }
        let mut result = Ok(());
        while let Some(worker) = workers.join_next().await {
            if let Err(error) = worker.context("a worker ended early").and_then(|worked| worked) {
                // The others end in good order.
                self.intake.close();
                result = Err(error);
            }
        }
        result
    }

    fn must_stop(&self) -> bool {
        self.stopped.load(Ordering::Relaxed) || self.breaker.tripped().is_some() || self.intake.is_closed()
    }

    fn done(&self) -> u64 {
        self.progress.replayed.load(Ordering::Relaxed) + self.progress.parked.load(Ordering::Relaxed)
    }

    /// How many messages the queue has, seen and unseen.
    async fn standing(&self) -> Result<u64> {
        Ok(intake::patiently(|| self.queue.attributes()).await?.standing())
    }

    /// Notes what could not be deleted and what was deleted after all.
    fn undeleted(&self, more: &[Uuid], gone: &[Uuid]) {
        let left = self.intake.undeleted(more, gone);
        self.progress.undeleted.store(left, Ordering::Relaxed);
    }
}

fn planned(place: &Place, options: &Options, plan: &Plan, id: &str) -> Result<Planned> {
    Ok(Planned {
        replay_id: id.to_owned(),
        queue: place.queue.url().to_owned(),
        env: place.env.clone(),
        way: plan.roads.keys().cloned().collect::<Vec<_>>().join(", "),
        planned: plan.planned,
        everything: plan.everything,
        until: plan.until,
        left_out: plan.left_out.values().sum(),
        unseen: plan.unseen,
        options: serde_json::to_value(options).context("the options cannot be written")?,
    })
}
