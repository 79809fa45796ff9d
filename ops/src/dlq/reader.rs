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
    /// The number of rounds in a row without a new message.
    empty_rounds: u32,
}

/// The result of one round.
#[derive(Debug)]
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
        Self { queue: queue.clone(), _renewal: leases.keep(), leases, seen: HashSet::new(), empty_rounds: 0 }
    }

    /// One or several concurrent calls.
    ///
    /// # Errors
    /// When SQS fails. The messages of the other calls are held, and seen.
    pub(crate) async fn next(&mut self, concurrency: usize) -> Result<Round> {
        let mut calls = JoinSet::new();
        for _ in 0..concurrency {
            let leases = Arc::clone(&self.leases);
            calls.spawn(async move { leases.receive(RECEIVE_WAIT).await });
        }
        let (mut fresh, mut received, mut failure) = (Vec::new(), 0, None);
        while let Some(call) = calls.join_next().await {
            match call.map_err(anyhow::Error::from).flatten() {
                Ok(messages) => {
                    received += messages.len();
                    fresh
                        .extend(messages.into_iter().filter(|message| self.seen.insert(short_id(&message.message_id))));
                }
                Err(error) => failure = Some(error),
            }
        }
        self.empty_rounds = if fresh.is_empty() { self.empty_rounds + 1 } else { 0 };
        failure.map_or(Ok(Round { fresh, received }), Err)
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
    pub(crate) fn empty_rounds(&self) -> u32 {
        self.empty_rounds
    }

    /// Starts to count empty rounds again.
    pub(crate) fn expect_more(&mut self) {
        self.empty_rounds = 0;
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
    pub(crate) async fn give_back(&self) -> Result<()> {
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
