//! Resuming a replay that another process started.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::{Context, Result};
use uuid::Uuid;

use crate::dlq::batches;
use crate::dlq::filter::Filter;
use crate::dlq::history::History;
use crate::dlq::journal::Journal;
use crate::dlq::journal::entry::Entry;
use crate::dlq::journal::state::{PendingMessage, State};
use crate::dlq::lease::Leases;
use crate::dlq::options::{AfterReplay, Options};
use crate::dlq::plan::Plan;
use crate::dlq::replay::consumers::Consumers;
use crate::dlq::replay::receiver::Receiver;
use crate::dlq::replay::{Replay, ReplaySource};

impl Replay {
    /// Resumes a replay that ended before it was complete, for any reason.
    ///
    /// Accepted messages are deleted first. Messages with an unknown outcome are sent again under the same key.
    ///
    /// # Errors
    /// When the queue cannot be read or the journal cannot be written.
    pub async fn resume(source: ReplaySource, history: History, journal: Journal, state: State) -> Result<Self> {
        let planned = state.plan.clone().context("the journal has no plan: the replay ended before it began")?;
        let options: Options =
            serde_json::from_value(planned.options).context("the journal's options are not known")?;
        let consumers = Consumers::from_journal(&source.queue, &source.sdk, &state).await?;
        journal.write(Entry::Resumed {}).await?;
        let refused = state.failed.values().flatten();
        let hidden: Vec<String> =
            state.uncertain.values().chain(refused).map(|pending| pending.receipt.clone()).collect();
        // Otherwise they become visible later.
        if let Err(error) = source.queue.make_visible(&hidden).await {
            journal.append(Entry::Skipped { reason: format!("still hidden: {error}"), ids: Vec::new() })?;
        }
        let leases = Arc::new(Leases::new(&source.queue, Duration::from_secs(options.visibility_timeout)));
        let plan = Plan { everything: planned.everything, until: planned.until, ..Plan::default() };
        let conditions = (Filter::default(), history);
        let id = planned.replay_id;
        let mut receiver = Receiver::new(&source.queue, Arc::clone(&leases), &options, plan, conditions, &id).await?;
        receiver.restore(&state);
        let mut replay = Self::new(source, options, receiver, leases, journal, consumers, id).await;
        replay.target_total = planned.target_total.unwrap_or(0);
        (replay.accepted_before, replay.unplanned) = (state.replayed + state.parked, planned.unseen);
        let progress = &replay.progress;
        progress.replayed.store(state.replayed, Ordering::Relaxed);
        progress.parked.store(state.parked, Ordering::Relaxed);
        // Messages that were skipped later are received, classified and skipped again.
        progress.skipped.store(planned.left_out, Ordering::Relaxed);
        progress.planned.store(planned.planned, Ordering::Relaxed);
        planned.reasons.iter().for_each(|(reason, count)| progress.add_reason(reason, *count));
        replay.delete_accepted(&state).await?;
        Ok(replay)
    }

    /// Deletes messages that were accepted before a crash, by their old receipt handles. If a handle is outdated, the
    /// message is received again and deleted then.
    async fn delete_accepted(&self, state: &State) -> Result<()> {
        let keeps = self.options.after == AfterReplay::Keep;
        let (message_ids, pending): (Vec<&Uuid>, Vec<&PendingMessage>) =
            state.accepted.iter().filter(|_| !keeps).unzip();
        let receipts: Vec<String> = pending.iter().map(|pending| pending.receipt.clone()).collect();
        let failed = batches::delete(self.queue.sqs(), self.queue.url(), &receipts).await?;
        self.breaker.check_deletions(failed.values());
        let deleted = message_ids.iter().enumerate().filter(|(index, _)| !failed.contains_key(index));
        let ids: Vec<Uuid> = deleted.map(|(_, id)| **id).collect();
        self.deleted.fetch_add(ids.len() as u64, Ordering::Relaxed);
        self.record_deletions(&failed.keys().map(|index| *message_ids[*index]).collect::<Vec<_>>(), &ids);
        if ids.is_empty() { Ok(()) } else { self.journal.write(Entry::Deleted { ids }).await }
    }
}
