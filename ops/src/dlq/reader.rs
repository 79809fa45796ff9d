//! Receiving the messages of a queue, each once, until nothing new arrives. All are held under leases meanwhile.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::dlq::journal::state::short_id;
use crate::dlq::lease::{Leases, Renewal};
use crate::dlq::limits::BATCH_SIZE;
use crate::dlq::message::Message;
use crate::dlq::queue::Queue;
use crate::dlq::raw_message::RawMessage;

/// How long SQS waits for a message when it finds none. With a wait it queries all its servers, not only some.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-short-and-long-polling.html>
pub(crate) const RECEIVE_WAIT: Duration = Duration::from_secs(1);

/// Reads a queue under leases.
#[derive(Debug)]
pub(crate) struct LeasedReader {
    queue: Queue,
    leases: Arc<Leases>,
    /// Leases are renewed as long as the reader exists.
    _renewal: Renewal,
    seen: HashSet<Uuid>,
    /// Calls that have not ended, or with messages that were not taken yet: SQS answers while messages are decoded.
    calls: JoinSet<Result<Vec<RawMessage>>>,
    /// The number of concurrent calls, which make up a round.
    concurrency: usize,
    /// The number of calls in a row without a new message.
    empty_calls: usize,
    /// The number of calls in a row without any message.
    silent_calls: usize,
}

/// The messages of one or several calls.
#[derive(Debug, Default)]
pub(crate) struct Round {
    /// The messages that were not seen before.
    pub(crate) fresh: Vec<RawMessage>,
    /// The number of messages that were received, new or not.
    pub(crate) received: usize,
}

impl LeasedReader {
    /// A reader. Its messages are hidden for `lease`, and for longer while it exists.
    pub(crate) fn open(queue: &Queue, lease: Duration) -> Self {
        let leases = Arc::new(Leases::new(queue, lease));
        Self {
            queue: queue.clone(),
            _renewal: leases.keep(),
            leases,
            seen: HashSet::new(),
            calls: JoinSet::new(),
            concurrency: 1,
            empty_calls: 0,
            silent_calls: 0,
        }
    }

    /// The messages of the calls that have ended, at least of one. Others go on, up to `concurrency`.
    ///
    /// # Errors
    /// When SQS fails. The messages of the other calls are held, and seen.
    pub(crate) async fn next(&mut self, concurrency: usize) -> Result<Round> {
        self.start_calls(concurrency);
        let mut round = Round::default();
        let mut ended = self.calls.join_next().await;
        while let Some(call) = ended {
            self.take(call.map_err(anyhow::Error::from).flatten()?, &mut round);
            ended = self.calls.try_join_next();
        }
        Ok(round)
    }

    /// The messages of a whole round: of `concurrency` calls, after which none goes on.
    ///
    /// # Errors
    /// When SQS fails. The messages of the other calls are held.
    pub(crate) async fn next_round(&mut self, concurrency: usize) -> Result<Round> {
        self.start_calls(concurrency);
        let mut round = Round::default();
        while let Some(call) = self.calls.join_next().await {
            self.take(call.map_err(anyhow::Error::from).flatten()?, &mut round);
        }
        Ok(round)
    }

    fn start_calls(&mut self, concurrency: usize) {
        self.concurrency = concurrency.max(1);
        while self.calls.len() < self.concurrency {
            let leases = Arc::clone(&self.leases);
            self.calls.spawn(async move { leases.receive(RECEIVE_WAIT).await });
        }
    }

    fn take(&mut self, messages: Vec<RawMessage>, round: &mut Round) {
        self.silent_calls = if messages.is_empty() { self.silent_calls + 1 } else { 0 };
        round.received += messages.len();
        let seen = self.seen.len();
        round.fresh.extend(messages.into_iter().filter(|message| self.seen.insert(short_id(&message.message_id))));
        self.empty_calls = if self.seen.len() == seen { self.empty_calls + 1 } else { 0 };
    }

    /// Decodes messages, unless `stop` comes first: then they count as not seen, and the answer is `None`.
    ///
    /// # Errors
    /// When a message makes the program panic.
    pub(crate) async fn decode(
        &mut self,
        fresh: Vec<RawMessage>,
        stop: impl Future<Output = ()>,
    ) -> Result<Option<Vec<Message>>> {
        let ids: Vec<Uuid> = fresh.iter().map(|message| short_id(&message.message_id)).collect();
        tokio::select! {
            messages = decode_concurrently(&self.queue, fresh) => messages.map(Some),
            () = stop => {
                for id in &ids {
                    self.seen.remove(id);
                }
                Ok(None)
            }
        }
    }

    /// The number of rounds in a row without a new message.
    pub(crate) fn empty_rounds(&self) -> usize {
        self.empty_calls / self.concurrency
    }

    /// The number of rounds in a row without any message, not even one that was given back.
    pub(crate) fn silent_rounds(&self) -> usize {
        self.silent_calls / self.concurrency
    }

    /// Starts to count empty rounds again.
    pub(crate) fn expect_more(&mut self) {
        self.empty_calls = 0;
    }

    /// The number of messages that were seen.
    pub(crate) fn seen(&self) -> usize {
        self.seen.len()
    }

    /// The number of messages that it holds.
    pub(crate) fn held(&self) -> usize {
        self.leases.count()
    }

    /// Forgets messages that it no longer holds, because others may have taken them. The rest is returned.
    pub(crate) fn retain_held(&mut self, messages: Vec<Message>) -> Vec<Message> {
        let (held, lost): (Vec<Message>, Vec<Message>) =
            messages.into_iter().partition(|message| self.leases.holds(short_id(&message.message_id)));
        for message in lost {
            self.seen.remove(&short_id(&message.message_id));
        }
        held
    }

    /// Keeps messages that stay in the queue with longer and longer leases.
    pub(crate) fn set_aside(&self, messages: &[Message]) {
        for message in messages {
            self.leases.set_aside(short_id(&message.message_id));
        }
    }

    /// Records that messages are no longer in the queue.
    pub(crate) fn remove(&self, ids: &[Uuid]) {
        for id in ids {
            self.leases.remove(*id);
        }
    }

    /// Makes all messages visible to other consumers again.
    ///
    /// # Errors
    /// When some stay hidden until their leases end.
    pub(crate) async fn give_back(&mut self) -> Result<()> {
        // A call that is cut off may have received messages, which would stay hidden. A failed one has received none.
        while self.calls.join_next().await.is_some() {}
        self.leases.return_all().await
    }

    /// The same for up to `count` messages.
    ///
    /// # Errors
    /// When some stay hidden until their leases end.
    pub(crate) async fn give_back_some(&self, count: usize) -> Result<()> {
        self.leases.return_some(count).await
    }
}

/// Batches in parallel: an object in S3 takes much longer than a message.
async fn decode_concurrently(queue: &Queue, messages: Vec<RawMessage>) -> Result<Vec<Message>> {
    let mut messages = messages.into_iter();
    let mut calls = JoinSet::new();
    loop {
        let batch: Vec<RawMessage> = messages.by_ref().take(BATCH_SIZE).collect();
        if batch.is_empty() {
            break;
        }
        let queue = queue.clone();
        calls.spawn(async move { queue.read_all(batch).await });
    }
    let mut decoded = Vec::new();
    while let Some(batch) = calls.join_next().await {
        decoded.extend(batch?);
    }
    Ok(decoded)
}
