//! Going on where another process ended.

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
use crate::dlq::journal::state::{Open, State};
use crate::dlq::options::{After, Options};
use crate::dlq::plan::Plan;
use crate::dlq::replay::held::Held;
use crate::dlq::replay::intake::Intake;
use crate::dlq::replay::{Place, Replay};

impl Replay {
    /// Goes on with a replay that ended before all was done, however it ended.
    ///
    /// What was accepted is deleted first. What nobody knows of is sent again, under the same key.
    ///
    /// # Errors
    /// When the queue cannot be read or the journal cannot be written.
    pub async fn resume(place: Place, history: History, journal: Journal, state: State) -> Result<Self> {
        let planned = state.plan.clone().context("the journal has no plan: the replay ended before it began")?;
        let options: Options =
            serde_json::from_value(planned.options).context("the journal's options are not known")?;
        journal.write(Entry::Resumed {}).await?;
        let refused = state.failed.values().flatten();
        let hidden: Vec<String> = state.unsure.values().chain(refused).map(|open| open.receipt.clone()).collect();
        // They come back anyway, only later.
        if let Err(error) = place.queue.give_back(&hidden).await {
            journal.note(Entry::Skipped { reason: format!("still hidden: {error}"), ids: Vec::new() })?;
        }
        let held = Arc::new(Held::new(&place.queue, Duration::from_secs(options.hidden)));
        let plan = Plan { everything: planned.everything, until: planned.until, ..Plan::default() };
        let meant = (Filter::default(), history);
        let id = planned.replay_id;
        let mut intake = Intake::new(&place.queue, Arc::clone(&held), &options, plan, meant, &id).await?;
        intake.go_on(&state);
        let mut replay = Self::new(place, options, intake, held, journal, id).await;
        (replay.before, replay.unplanned) = (state.replayed + state.parked, planned.unseen);
        let progress = &replay.progress;
        progress.replayed.store(state.replayed, Ordering::Relaxed);
        progress.parked.store(state.parked, Ordering::Relaxed);
        // What was left later is met, judged and left again.
        progress.skipped.store(planned.left_out, Ordering::Relaxed);
        progress.planned.store(planned.planned, Ordering::Relaxed);
        replay.delete_accepted(&state).await?;
        Ok(replay)
    }

    /// Deletes what was accepted before a crash, by the receipts of then. One that is out of date shows the message
    /// again, which is deleted then.
    async fn delete_accepted(&self, state: &State) -> Result<()> {
        let keeps = self.options.after == After::Keep;
        let (ids_of, open): (Vec<&Uuid>, Vec<&Open>) = state.accepted.iter().filter(|_| !keeps).unzip();
        let receipts: Vec<String> = open.iter().map(|open| open.receipt.clone()).collect();
        let failed = batches::delete(self.queue.sqs(), self.queue.url(), &receipts).await?;
        self.breaker.not_deleted(failed.values());
        let deleted = ids_of.iter().enumerate().filter(|(index, _)| !failed.contains_key(index));
        let ids: Vec<Uuid> = deleted.map(|(_, id)| **id).collect();
        self.undeleted(&failed.keys().map(|index| *ids_of[*index]).collect::<Vec<_>>(), &ids);
        if ids.is_empty() { Ok(()) } else { self.journal.write(Entry::Deleted { ids }).await }
    }
}
