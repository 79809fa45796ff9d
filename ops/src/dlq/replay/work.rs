//! A worker: for the messages of one call it writes the journal, sends, writes the journal, deletes, writes the
//! journal.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Result;
use tokio::task::JoinSet;
use tokio::time::Instant;
use uuid::Uuid;

use crate::dlq::batch_call::Outcome;
use crate::dlq::batches;
use crate::dlq::journal::entry::{Accepted, Entry, Intent, Purpose, Refused};
use crate::dlq::message::Message;
use crate::dlq::options::{AfterReplay, Pace};
use crate::dlq::replay::Replay;
use crate::dlq::replay::progress::{Progress, counter};
use crate::dlq::replay::receiver::item::{Batch, Item};
use crate::dlq::replay_message::ReplayMessage;
use crate::dlq::replay_metadata::{failure_id, replay_key};
use crate::dlq::targets::invoke::THROTTLED;
use crate::dlq::targets::selection::ReplayTarget;

/// A worker continues while this many of its deletions are pending.
const MAX_PENDING_DELETIONS: usize = 1;

/// How long a function that has no free concurrency is tried. The longest run of a function ends within this time, unless the
/// function is switched off by a concurrency of zero.
const MAX_THROTTLED_TIME: Duration = Duration::from_mins(15);

/// The pause before throttled messages are sent again.
const THROTTLED_PAUSE: Duration = Duration::from_secs(1);

/// Why a message is skipped that the plan cannot contain.
const SENT_AFTER_PLAN: &str = "it was sent to the queue after the plan was made";

/// The number of messages that SQS returns in one call.
const MAX_RECEIVED: u64 = 10;

impl Replay {
    /// Works until the replay is complete, `quota` messages were taken, or it must stop.
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
            let reserved = reserve(quota, self.rate.max_together(MAX_RECEIVED));
            if reserved == 0 {
                return Ok(());
            }
            let batch = self.receiver.take(reserved).await?;
            let taken = batch.as_ref().map_or(0, |batch| batch.items.len() as u64);
            quota.fetch_add(reserved - taken, Ordering::AcqRel);
            let Some(mut batch) = batch else {
                return Ok(());
            };
            if !self.rate.wait(batch.items.len(), || self.must_stop()).await {
                self.receiver.put_back(batch.items.len());
                batch.items.clear();
            }
            self.handle(batch, deletions).await?;
            // Accepted messages are deleted while the next are received.
            while deletions.len() > MAX_PENDING_DELETIONS {
                deletions.join_next().await.transpose()?.transpose()?;
            }
        }
        Ok(())
    }

    async fn handle(self: &Arc<Self>, batch: Batch, deletions: &mut JoinSet<Result<()>>) -> Result<()> {
        let Batch { items, skipped, sent_after_plan, returned, to_delete } = batch;
        self.skip(skipped)?;
        self.skip(sent_after_plan.into_iter().map(|message| (message, SENT_AFTER_PLAN.to_owned())).collect())?;
        if !returned.is_empty() {
            // A ramp has counted them after the step that sent them.
            if self.options.pace == Pace::Full {
                self.breaker.record_returned(returned.len() as u64);
            }
            Progress::add(&self.progress.failed, returned.len());
            Progress::add(&self.progress.returned, returned.len());
            let refused = returned.into_iter().map(|message| refused(&message, "CameBack")).collect();
            self.journal.append(Entry::Failed { messages: refused })?;
        }
        if !to_delete.is_empty() && self.options.after == AfterReplay::Delete {
            self.delete(&to_delete).await?;
        }
        let (parked, replayed): (Vec<Item>, Vec<Item>) = items.into_iter().partition(|item| item.is_parked);
        self.send(self.options.purpose, replayed, deletions).await?;
        self.send(Purpose::Park, parked, deletions).await
    }

    fn skip(&self, skipped: Vec<(Message, String)>) -> Result<()> {
        Progress::add(&self.progress.skipped, skipped.len());
        for (message, reason) in skipped {
            self.progress.add_reason(&reason, 1);
            self.journal.append(Entry::Skipped { reason, ids: vec![message.message_id] })?;
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
        let items = self.still_held(items)?;
        let messages: Vec<ReplayMessage<'_>> = items.iter().map(|item| item.replay_message(&self.id)).collect();
        let outcomes = match (purpose, &self.options.parking) {
            (Purpose::Park, Some(parking)) => self.sender.park(parking, &messages).await?,
            _ => self.send_unthrottled(&items, &messages).await?,
        };
        let (items, outcomes) = self.without_throttled(items, outcomes)?;
        let (accepted, failed) = self.split_by_outcome(items, outcomes);
        if !accepted.is_empty() {
            let sent = accepted.iter().map(|(item, id)| sent(&item.message, id)).collect();
            self.journal.write(Entry::Sent { messages: sent }).await?;
            Progress::add(counter(&self.progress, purpose), accepted.len());
            let ids: Vec<Uuid> = accepted.iter().map(|(item, _)| item.id()).collect();
            for (item, id) in &accepted {
                self.receiver.complete(&item.message, id);
            }
            match self.options.after {
                AfterReplay::Delete => {
                    let replay = Arc::clone(self);
                    deletions.spawn(async move { replay.delete(&ids).await });
                }
                AfterReplay::Keep => ids.iter().for_each(|id| self.leases.set_aside(*id)),
            }
        }
        self.record_failures(failed)
    }

    /// Sends messages. Those for which a function has no free concurrency are sent again until it has, they are no longer
    /// held, or the replay must stop.
    async fn send_unthrottled(&self, items: &[Item], messages: &[ReplayMessage<'_>]) -> Result<Vec<Outcome>> {
        let mut outcomes = self.sender.send(messages).await?;
        let give_up = Instant::now() + MAX_THROTTLED_TIME;
        while !self.must_stop() && Instant::now() < give_up {
            let is_throttled = |index: &usize| is_throttled(&outcomes[*index]) && self.leases.holds(items[*index].id());
            let throttled: Vec<usize> = (0..messages.len()).filter(is_throttled).collect();
            if throttled.is_empty() {
                break;
            }
            tokio::time::sleep(THROTTLED_PAUSE).await;
            let again: Vec<ReplayMessage<'_>> = throttled.iter().map(|index| messages[*index]).collect();
            for (index, outcome) in throttled.into_iter().zip(self.sender.send(&again).await?) {
                outcomes[index] = outcome;
            }
        }
        Ok(outcomes)
    }

    /// Leaves out messages that were still throttled when the replay had to stop: they did not fail.
    fn without_throttled(&self, items: Vec<Item>, outcomes: Vec<Outcome>) -> Result<(Vec<Item>, Vec<Outcome>)> {
        let is_left_out = |(item, outcome): &(Item, Outcome)| {
            is_throttled(outcome) && (self.must_stop() || !self.leases.holds(item.id()))
        };
        let (left_out, sent): (Vec<_>, Vec<_>) = items.into_iter().zip(outcomes).partition(is_left_out);
        self.take_back(left_out.into_iter().map(|(item, _)| item).collect(), THROTTLED)?;
        Ok(sent.into_iter().unzip())
    }

    /// Leaves out messages that another consumer may have taken, because this process was suspended or SQS did not renew
    /// their leases.
    fn still_held(&self, items: Vec<Item>) -> Result<Vec<Item>> {
        let (held, lost): (Vec<Item>, Vec<Item>) = items.into_iter().partition(|item| self.leases.holds(item.id()));
        self.take_back(lost, "LeaseOver")?;
        Ok(held)
    }

    /// Takes back messages that were not sent, for a reason that is no failure.
    fn take_back(&self, items: Vec<Item>, reason: &str) -> Result<()> {
        if items.is_empty() {
            return Ok(());
        }
        let messages = items.iter().map(|item| refused(&item.message, reason)).collect();
        self.journal.append(Entry::Failed { messages })?;
        for item in items {
            self.receiver.forget(item.id());
        }
        Ok(())
    }

    fn split_by_outcome(&self, items: Vec<Item>, outcomes: Vec<Outcome>) -> (Handled, Handled) {
        let (mut accepted, mut failed) = (Vec::new(), Vec::new());
        for (item, outcome) in items.into_iter().zip(outcomes) {
            match outcome {
                Ok(id) => {
                    self.breaker.record(false, "");
                    accepted.push((item, id));
                }
                Err(error) => {
                    self.breaker.record(true, &error);
                    failed.push((item, error));
                }
            }
        }
        (accepted, failed)
    }

    /// Messages that were not accepted stay in the queue, and are hidden until the end.
    fn record_failures(&self, failed: Handled) -> Result<()> {
        if failed.is_empty() {
            return Ok(());
        }
        Progress::add(&self.progress.failed, failed.len());
        let messages = failed.iter().map(|(item, error)| refused(&item.message, error)).collect();
        self.journal.append(Entry::Failed { messages })?;
        for (item, _) in failed {
            self.leases.set_aside(item.id());
            let blocked = self.receiver.fail(&item.message).into_iter();
            self.skip(
                blocked.map(|message| (message, "an earlier message of its subject failed".to_owned())).collect(),
            )?;
        }
        Ok(())
    }

    async fn delete(&self, ids: &[Uuid]) -> Result<()> {
        let receipts_by_id: Vec<(Uuid, String)> =
            ids.iter().filter_map(|id| Some((*id, self.leases.receipt(*id)?))).collect();
        let receipts: Vec<String> = receipts_by_id.iter().map(|(_, receipt)| receipt.clone()).collect();
        let failed = batches::delete(self.queue.sqs(), self.queue.url(), &receipts).await?;
        self.breaker.check_deletions(failed.values());
        let mut deleted = Vec::new();
        for (index, (id, _)) in receipts_by_id.into_iter().enumerate() {
            // A message that was not deleted is received again, and deleted then.
            self.leases.remove(id);
            if !failed.contains_key(&index) {
                deleted.push(id);
            }
        }
        self.deleted.fetch_add(deleted.len() as u64, Ordering::Relaxed);
        self.record_deletions(&failed.keys().map(|index| ids[*index]).collect::<Vec<_>>(), &deleted);
        if deleted.is_empty() { Ok(()) } else { self.journal.append(Entry::Deleted { ids: deleted }) }
    }

    fn intent(&self, item: &Item) -> Intent {
        let key = match self.options.selection.target {
            ReplayTarget::Queue(_) | ReplayTarget::Topic(_) => replay_key(&item.message),
            ReplayTarget::Origin => failure_id(&item.message).to_string(),
        };
        Intent {
            id: item.message.message_id.clone(),
            receipt: item.message.receipt_handle.clone(),
            key,
            attempt: item.attempt,
        }
    }
}

fn is_throttled(outcome: &Outcome) -> bool {
    outcome.as_ref().is_err_and(|error| error == THROTTLED)
}

/// Messages, each with the id that the target gave it, or with the kind of error.
type Handled = Vec<(Item, String)>;

/// Takes up to `max` from the quota.
fn reserve(quota: &AtomicU64, max: u64) -> u64 {
    let mut taken = 0;
    quota
        .fetch_update(Ordering::AcqRel, Ordering::Acquire, |left| {
            taken = left.min(max);
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
