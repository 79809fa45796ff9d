//! Replaying messages: the intent is journaled, the message is sent, the outcome is journaled, the message is deleted.
//! In this order, so that after a crash at any point a message is still in the queue or was accepted.

pub mod consumers;
mod order;
mod pace;
pub mod progress;
mod ramp;
mod receiver;
mod resume;
mod work;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use aws_config::SdkConfig;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::connection;
use crate::dlq::filter::Filter;
use crate::dlq::history::History;
use crate::dlq::journal::Journal;
use crate::dlq::journal::entry::{Entry, Planned, Summary};
use crate::dlq::lease::Leases;
use crate::dlq::options::{Options, Order, Pace};
use crate::dlq::plan::Plan;
use crate::dlq::queue::Queue;
use crate::dlq::replay::consumers::Consumers;
use crate::dlq::replay::pace::{Breaker, Rate};
use crate::dlq::replay::progress::Progress;
use crate::dlq::replay::receiver::Receiver;
use crate::dlq::targets::ReplaySender;
use crate::dlq::targets::invoke::Acknowledgement;
use crate::dlq::targets::selection::ReplayTarget;

/// The number of ids in one line of the journal.
const IDS_PER_LINE: usize = 1000;

/// The result of a replay.
#[derive(Clone, Debug)]
pub struct ReplayResult {
    pub summary: Summary,
    /// Who has to process what was sent.
    pub consumers: Consumers,
    /// Why it stopped early, if it did.
    pub stopped: Option<String>,
    /// Everything that was planned is done, and the breaker did not stop it.
    pub is_complete: bool,
}

/// A replay that can be run.
#[derive(Debug)]
pub struct Replay {
    id: String,
    queue: Queue,
    options: Options,
    sender: ReplaySender,
    journal: Journal,
    progress: Arc<Progress>,
    /// Set to true to stop after the messages in work.
    stopped: Arc<AtomicBool>,
    receiver: Receiver,
    leases: Arc<Leases>,
    /// How targets are reached; different from the queue in a rehearsal.
    target_sdk: SdkConfig,
    /// Messages that were accepted before this process resumed the replay.
    accepted_before: u64,
    /// Messages that the plan did not see.
    unplanned: u64,
    /// The number of messages that this process has deleted from the queue.
    deleted: AtomicU64,
    /// Who has to process what earlier processes sent.
    consumers: Consumers,
    /// The number of messages in the chosen target queue before the replay.
    target_total: u64,
    rate: Rate,
    breaker: Breaker,
}

/// The plan of a replay, and what it was made from.
#[derive(Debug)]
pub struct PlannedReplay {
    /// The messages to replay, park and skip.
    pub plan: Plan,
    /// The conditions that messages must fulfil.
    pub filter: Filter,
    /// How often each message was replayed before.
    pub history: History,
}

/// Where messages come from.
#[derive(Clone, Debug)]
pub struct ReplaySource {
    pub queue: Queue,
    /// The environment that it belongs to.
    pub env: String,
    /// How the queue is reached, and the targets unless it is a rehearsal.
    pub sdk: SdkConfig,
}

impl Replay {
    /// Starts a replay: its plan is in the journal when this returns.
    ///
    /// # Errors
    /// When the journal cannot be written.
    pub async fn start(
        source: ReplaySource,
        options: Options,
        planned: PlannedReplay,
        journal: Journal,
        id: String,
    ) -> Result<Self> {
        let PlannedReplay { plan, filter, history } = planned;
        let total = receiver::with_retries(|| source.queue.attributes()).await?.total_messages();
        let target_total = target_total(&source, &options).await?;
        let entry = Planned { total: Some(total), target_total, ..plan_entry(&source, &options, &plan, &id)? };
        journal.write(Entry::Plan(Box::new(entry))).await?;
        let chosen: Vec<_> = plan.chosen.iter().map(|(id, position)| (*id, *position)).collect();
        for chosen in chosen.chunks(IDS_PER_LINE) {
            let (ids, places) = chosen.iter().copied().unzip();
            let places = if options.order == Order::Subject { places } else { Vec::new() };
            journal.write(Entry::Chosen { ids, places }).await?;
        }
        let (planned, left_out, unplanned) = (plan.planned, plan.left_out.clone(), plan.unseen);
        let leases = Arc::new(Leases::new(&source.queue, Duration::from_secs(options.visibility_timeout)));
        let receiver =
            Receiver::new(&source.queue, Arc::clone(&leases), &options, plan, (filter, history), &id).await?;
        let consumers = Consumers::none(&source.queue, total);
        let mut replay = Self::new(source, options, receiver, leases, journal, consumers, id).await;
        replay.unplanned = unplanned;
        replay.target_total = target_total.unwrap_or(0);
        replay.progress.planned.store(planned, Ordering::Relaxed);
        replay.progress.skipped.store(left_out.values().sum(), Ordering::Relaxed);
        for (reason, count) in &left_out {
            replay.progress.add_reason(reason, *count);
        }
        Ok(replay)
    }

    async fn new(
        source: ReplaySource,
        options: Options,
        receiver: Receiver,
        leases: Arc<Leases>,
        journal: Journal,
        consumers: Consumers,
        id: String,
    ) -> Self {
        let awaits_function = options.pace == Pace::Ramp || options.order == Order::Subject;
        let acknowledgement =
            if awaits_function { Acknowledgement::WhenCompleted } else { Acknowledgement::WhenQueued };
        let target_sdk = match &options.rehearsal {
            Some(endpoint) => connection::with_endpoint(&source.sdk, endpoint).await,
            None => source.sdk,
        };
        Self {
            id,
            sender: ReplaySender::new(&target_sdk, options.selection.clone(), acknowledgement),
            leases,
            target_sdk,
            rate: Rate::new(options.rate),
            breaker: Breaker::new(options.pace),
            queue: source.queue,
            options,
            journal,
            progress: Arc::default(),
            stopped: receiver.stop(),
            receiver,
            accepted_before: 0,
            unplanned: 0,
            deleted: AtomicU64::new(0),
            consumers,
            target_total: 0,
        }
    }

    /// Awaits the response of every function that is invoked, so that all are done when the replay ends.
    #[must_use]
    pub fn awaiting_functions(mut self) -> Self {
        let selection = self.options.selection.clone();
        self.sender = ReplaySender::new(&self.target_sdk, selection, Acknowledgement::WhenCompleted);
        self
    }

    /// The counters, which change while it runs.
    #[must_use]
    pub fn progress(&self) -> Arc<Progress> {
        Arc::clone(&self.progress)
    }

    /// Set this to true to stop the replay after the messages in work.
    #[must_use]
    pub fn stop(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.stopped)
    }

    /// Runs the replay.
    ///
    /// # Errors
    /// When the queue cannot be read or the journal cannot be written. Messages that were not accepted are still in the
    /// queue.
    pub async fn run(self) -> Result<ReplayResult> {
        let replay = Arc::new(self);
        let renewal = replay.leases.keep();
        let worked = match replay.options.pace {
            Pace::Full => replay.round(u64::MAX).await,
            Pace::Ramp => replay.ramp().await,
        };
        drop(renewal);
        let unseen = replay.unseen().await;
        let made_visible = replay.leases.return_all().await;
        worked?;
        let unseen = unseen?;
        let missing = if replay.receiver.takes_everything() { replay.correct_planned(unseen) } else { 0 };
        if replay.receiver.is_complete() && unseen == 0 {
            // The queue no longer has these messages: SQS deleted them, but its answer was lost. While the queue has
            // other messages, they may be among them, and `resume` deletes them.
            let ids = replay.receiver.silently_deleted();
            replay.record_deletions(&[], &ids);
            replay.deleted.fetch_add(ids.len() as u64, Ordering::Relaxed);
            if !ids.is_empty() {
                replay.journal.write(Entry::Deleted { ids }).await?;
            }
        }
        // Other consumers may have deleted some of the messages that the plan did not see, or returned them: then they
        // may have been received, like those that the plan left out. Which is which is not known any more.
        let unplanned = replay.unplanned.min(unseen - missing + replay.receiver.outside_plan());
        replay.progress.correct_unseen(replay.unplanned, unplanned);
        let mut summary = replay.progress.summary(&replay.journal);
        summary.remaining += unplanned;
        replay.journal.write(Entry::Closed(summary.clone())).await?;
        let tripped = replay.breaker.tripped();
        let is_complete = summary.remaining == 0 && summary.superseded() == 0 && tripped.is_none();
        let stopped = match (tripped, made_visible) {
            (Some(reason), _) => Some(reason),
            (None, Err(error)) => Some(error.to_string()),
            (None, Ok(())) if !is_complete && replay.stopped.load(Ordering::Relaxed) => {
                Some("it was interrupted".to_owned())
            }
            (None, Ok(())) => None,
        };
        let consumers = replay.consumers().await;
        Ok(ReplayResult { summary, consumers, stopped, is_complete })
    }

    /// Who has to process what was sent.
    async fn consumers(&self) -> Consumers {
        let mut consumers = self.consumers.clone();
        consumers.expected = consumers.expected.saturating_sub(self.deleted.load(Ordering::Relaxed));
        for (url, before) in self.sender.queues_that_accepted().await {
            consumers.add_queue(Queue::at(&self.target_sdk, &url), before.unwrap_or(self.target_total));
        }
        for arn in self.sender.topics_sent_to().await {
            consumers.add_topic(&arn);
        }
        consumers
    }

    /// A plan for the whole queue has SQS's approximate count, which is corrected here. Returns the number of messages
    /// of the plan that were not received.
    fn correct_planned(&self, unseen: u64) -> u64 {
        let value = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let received = self.accepted_before + self.receiver.received();
        let undeleted = value(&self.progress.undeleted);
        // Unseen messages belong to the plan only as far as the plan had more; others were sent to the queue since.
        let missing = value(&self.progress.planned).saturating_sub(received).min(unseen.saturating_sub(undeleted));
        self.progress.planned.store(received + missing, Ordering::Relaxed);
        missing
    }

    /// The number of messages in the queue that were not received, or not read.
    async fn unseen(&self) -> Result<u64> {
        let read = (self.leases.count() as u64).saturating_sub(self.receiver.unread());
        Ok(self.total_messages().await?.saturating_sub(read))
    }

    /// Works with several workers until `quota` messages were taken, the replay is complete, or it must stop.
    async fn round(self: &Arc<Self>, quota: u64) -> Result<()> {
        let quota = Arc::new(AtomicU64::new(quota));
        let mut workers = JoinSet::new();
        for _ in 0..self.options.concurrency.max(1) {
            workers.spawn(Arc::clone(self).work(Arc::clone(&quota)));
        }
        let mut result = Ok(());
        while let Some(worker) = workers.join_next().await {
            if let Err(error) = worker.context("a worker ended early").and_then(|worked| worked) {
                // The other workers finish the messages in work.
                self.receiver.close();
                result = Err(error);
            }
        }
        result
    }

    fn must_stop(&self) -> bool {
        self.stopped.load(Ordering::Relaxed) || self.breaker.tripped().is_some() || self.receiver.is_closed()
    }

    fn accepted(&self) -> u64 {
        self.progress.replayed.load(Ordering::Relaxed) + self.progress.parked.load(Ordering::Relaxed)
    }

    /// The number of all messages in the queue.
    async fn total_messages(&self) -> Result<u64> {
        Ok(receiver::with_retries(|| self.queue.attributes()).await?.total_messages())
    }

    /// Records failed and successful deletions.
    fn record_deletions(&self, failed: &[Uuid], deleted: &[Uuid]) {
        let left = self.receiver.record_deletions(failed, deleted);
        self.progress.undeleted.store(left, Ordering::Relaxed);
    }
}

/// The number of messages in the chosen target queue; not of a rehearsal, which has its target at another endpoint.
async fn target_total(source: &ReplaySource, options: &Options) -> Result<Option<u64>> {
    let ReplayTarget::Queue(url) = &options.selection.target else { return Ok(None) };
    if options.rehearsal.is_some() {
        return Ok(None);
    }
    let target = source.queue.beside(url);
    Ok(Some(receiver::with_retries(|| target.attributes()).await?.total_messages()))
}

fn plan_entry(source: &ReplaySource, options: &Options, plan: &Plan, id: &str) -> Result<Planned> {
    Ok(Planned {
        replay_id: id.to_owned(),
        queue: source.queue.url().to_owned(),
        env: source.env.clone(),
        way: plan.targets.keys().cloned().collect::<Vec<_>>().join(", "),
        planned: plan.planned,
        everything: plan.everything,
        until: plan.until,
        left_out: plan.left_out.values().sum(),
        unseen: plan.unseen,
        total: None,
        target_total: None,
        reasons: plan.left_out.clone(),
        options: serde_json::to_value(options).context("the options cannot be serialised")?,
        file: None,
    })
}
