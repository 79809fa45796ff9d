//! What a worker does with the messages of one call: journal, send, journal, delete, journal.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Result;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::dlq::batches::{self, Outcome};
use crate::dlq::journal::entry::{Accepted, Entry, Intent, Purpose, Refused};
use crate::dlq::marks;
use crate::dlq::message::Message;
use crate::dlq::options::{After, Pace};
use crate::dlq::replay::Replay;
use crate::dlq::replay::intake::item::{Batch, Item};
use crate::dlq::replay::progress::{Progress, counter};
use crate::dlq::roads::Parcel;
use crate::dlq::roads::choice::Way;

/// A worker goes on while so many of its deletions are under way.
const MOST_DELETIONS: usize = 1;

/// Why a message is left that the plan cannot have meant.
const AFTER_THE_PLAN: &str = "it came into the queue after the plan was made";

/// SQS hands out at most this many messages a call.
const MOST: u64 = 10;

impl Replay {
    /// Works until there is nothing more to do, `quota` messages were taken, or it must stop.
    pub(super) async fn work(self: Arc<Self>, quota: Arc<AtomicU64>) -> Result<()> {
        let mut deletions = JoinSet::new();
        let worked = self.work_until_done(&quota, &mut deletions).await;
        while let Some(deleted) = deletions.join_next().await {
            deleted??;
        }
        worked
    }

    async fn work_until_done(self: &Arc<Self>, quota: &AtomicU64, deletions: &mut JoinSet<Result<()>>) -> Result<()> {
        while !self.must_stop() {
            let asked = reserve(quota, self.rate.together(MOST));
            if asked == 0 {
                return Ok(());
            }
            let batch = self.intake.take(asked).await?;
            let taken = batch.as_ref().map_or(0, |batch| batch.items.len() as u64);
            quota.fetch_add(asked - taken, Ordering::AcqRel);
            let Some(batch) = batch else {
                return Ok(());
            };
            self.rate.wait(batch.items.len()).await;
            self.handle(batch, deletions).await?;
            // What was accepted is deleted while the next is received.
            while deletions.len() > MOST_DELETIONS {
                deletions.join_next().await.transpose()?.transpose()?;
            }
        }
        Ok(())
    }

    async fn handle(self: &Arc<Self>, batch: Batch, deletions: &mut JoinSet<Result<()>>) -> Result<()> {
        let Batch { items, left, late, came_back, to_delete } = batch;
        self.leave(left)?;
        self.leave(late.into_iter().map(|message| (message, AFTER_THE_PLAN.to_owned())).collect())?;
        if !came_back.is_empty() {
            // A ramp has counted them after the step that sent them.
            if self.options.pace == Pace::Full {
                self.breaker.came_back(came_back.len() as u64);
            }
            Progress::add(&self.progress.failed, came_back.len());
            Progress::add(&self.progress.came_back, came_back.len());
            let refused = came_back.into_iter().map(|message| refused(&message, "CameBack")).collect();
            self.journal.note(Entry::Failed { messages: refused })?;
        }
        if !to_delete.is_empty() && self.options.after == After::Remove {
            self.delete(&to_delete).await?;
        }
        let (parked, replayed): (Vec<Item>, Vec<Item>) = items.into_iter().partition(|item| item.is_parked);
        self.send(self.options.purpose, replayed, deletions).await?;
        self.send(Purpose::Park, parked, deletions).await
    }

    fn leave(&self, left: Vec<(Message, String)>) -> Result<()> {
        Progress::add(&self.progress.skipped, left.len());
        for (message, reason) in left {
            self.journal.note(Entry::Skipped { reason, ids: vec![message.message_id] })?;
        }
        Ok(())
    }

    async fn send(
        self: &Arc<Self>,
        purpose: Purpose,
        items: Vec<Item>,
        deletions: &mut JoinSet<Result<()>>,
    ) -> Result<()> {
        if items.is_empty() {
            return Ok(());
        }
        let intents = items.iter().map(|item| self.intent(item)).collect();
        self.journal.write(Entry::Intent { purpose, messages: intents }).await?;
        let parcels: Vec<Parcel<'_>> = items.iter().map(|item| item.parcel(&self.id)).collect();
        let outcomes = match (purpose, &self.options.parking) {
            (Purpose::Park, Some(parking)) => self.roads.park(parking, &parcels).await?,
            _ => self.roads.send(&parcels).await?,
        };
        let (accepted, failed) = self.sort(items, outcomes);
        if !accepted.is_empty() {
            let sent = accepted.iter().map(|(item, id)| sent(&item.message, id)).collect();
            self.journal.write(Entry::Sent { messages: sent }).await?;
            Progress::add(counter(&self.progress, purpose), accepted.len());
            let ids: Vec<Uuid> = accepted.iter().map(|(item, _)| item.id()).collect();
            for (item, id) in &accepted {
                self.intake.done(&item.message, id);
            }
            match self.options.after {
                After::Remove => {
                    let replay = Arc::clone(self);
                    deletions.spawn(async move { replay.delete(&ids).await });
                }
                After::Keep => ids.iter().for_each(|id| self.held.leave(*id)),
            }
        }
        self.give_up(failed)
    }

    fn sort(&self, items: Vec<Item>, outcomes: Vec<Outcome>) -> (Sorted, Sorted) {
        let (mut accepted, mut failed) = (Vec::new(), Vec::new());
        for (item, outcome) in items.into_iter().zip(outcomes) {
            match outcome {
                Ok(id) => {
                    self.breaker.note(false, "");
                    accepted.push((item, id));
                }
                Err(error) => {
                    self.breaker.note(true, &error);
                    failed.push((item, error));
                }
            }
        }
        (accepted, failed)
    }

    /// What was not accepted stays, and is kept out of the way until the end.
    fn give_up(&self, failed: Sorted) -> Result<()> {
        if failed.is_empty() {
            return Ok(());
        }
        Progress::add(&self.progress.failed, failed.len());
        let messages = failed.iter().map(|(item, error)| refused(&item.message, error)).collect();
        self.journal.note(Entry::Failed { messages })?;
        for (item, _) in failed {
            self.held.leave(item.id());
            let behind = self.intake.failed(&item.message).into_iter();
            self.leave(behind.map(|message| (message, "one before it has failed".to_owned())).collect())?;
        }
        Ok(())
    }

    async fn delete(&self, ids: &[Uuid]) -> Result<()> {
        let held: Vec<(Uuid, String)> = ids.iter().filter_map(|id| Some((*id, self.held.receipt(*id)?))).collect();
        let receipts: Vec<String> = held.iter().map(|(_, receipt)| receipt.clone()).collect();
        let failed = batches::delete(self.queue.sqs(), self.queue.url(), &receipts).await?;
        self.breaker.not_deleted(failed.values());
        let mut deleted = Vec::new();
        for (index, (id, _)) in held.into_iter().enumerate() {
            // One that was not deleted comes again, and is deleted then.
            self.held.release(id);
            if !failed.contains_key(&index) {
                deleted.push(id);
            }
        }
        self.undeleted(&failed.keys().map(|index| ids[*index]).collect::<Vec<_>>(), &deleted);
        if deleted.is_empty() { Ok(()) } else { self.journal.note(Entry::Deleted { ids: deleted }) }
    }

    fn intent(&self, item: &Item) -> Intent {
        let key = match self.options.choice.way {
            Way::Queue(_) => marks::key(&item.message),
            Way::Back => marks::failure(&item.message).to_string(),
        };
        Intent {
            id: item.message.message_id.clone(),
            receipt: item.message.receipt_handle.clone(),
            key,
            attempt: item.attempt,
        }
    }
}

/// Messages, each with the receiver's id of it, or with the kind of error.
type Sorted = Vec<(Item, String)>;

/// Takes up to `most` from what is left.
fn reserve(quota: &AtomicU64, most: u64) -> u64 {
    let mut taken = 0;
    quota
        .fetch_update(Ordering::AcqRel, Ordering::Acquire, |left| {
            taken = left.min(most);
            Some(left - taken)
        })
        .unwrap_or_default();
    taken
}

fn sent(message: &Message, id: &str) -> Accepted {
    Accepted { id: message.message_id.clone(), as_id: Some(id.to_owned()).filter(|id| !id.is_empty()) }
}

fn refused(message: &Message, error: &str) -> Refused {
    Refused { id: message.message_id.clone(), error: error.to_owned() }
}
