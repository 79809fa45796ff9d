//! The replays and the rollback that are killed.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use aws_sdk_sqs::Client;
use serde_json::Value;
use tests::killed_command::{Continuation, KilledCommand, journals};
use tests::product::Product;
use tests::rng::SeededRng;
use uuid::Uuid;

use crate::Run;
use crate::inboxes::Inboxes;
use crate::proxy::Proxy;
use crate::queues::{Effects, Queue};

/// The approximate size of a message in a replay's journal, in bytes.
const REPLAY_BYTES: u64 = 400;

/// The approximate size of a message in a rollback's journal, in bytes.
const ROLLBACK_BYTES: u64 = 160;

/// How long a killed replay's messages stay hidden.
const HIDDEN: &str = "5s";

#[derive(Debug)]
pub(crate) struct ScenarioResult {
    pub(crate) what: &'static str,
    pub(crate) messages: u64,
    pub(crate) kills: u32,
    pub(crate) time: Duration,
    /// The last line of output.
    pub(crate) summary: Value,
    pub(crate) effects: Effects,
}

/// A folder of journals, which is deleted with this value.
#[derive(Debug)]
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        Self(std::env::temp_dir().join(format!("busline-replay-{}", Uuid::new_v4())))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).expect("the folder of journals");
    }
}

fn arguments(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// Messages with attributes of every type, replayed to another queue.
pub(crate) async fn replay_to_queue(run: &Run, client: &Client, proxy: &Proxy) -> ScenarioResult {
    let (from, to) = queues(client, "moved").await;
    from.fill(run.messages).await;
    let (folder, start) = (Folder::new(), Instant::now());
    let killed = KilledCommand {
        ops: &run.ops,
        endpoint: proxy.endpoint(),
        folder: &folder.0,
        command: arguments(&["replay", &from.name, "--to-queue", &to.name, "--hidden", HIDDEN]),
        continuation: Continuation::Resume,
        journal_bytes: run.messages * REPLAY_BYTES,
    };
    let (kills, summary) = killed.run(run.kills, &SeededRng::new(run.seed, 2)).await;
    let time = start.elapsed();
    assert_eq!(from.depth().await, 0, "nothing is left in the queue");
    let effects = to.consume(run.messages).await;
    from.delete().await;
    to.delete().await;
    ScenarioResult { what: "replay to a queue", messages: run.messages, kills, time, summary, effects }
}

/// Failed events of a subscriber, replayed by invoking it.
pub(crate) async fn replay_by_function(run: &Run, client: &Client, proxy: &Proxy, product: &Product) -> ScenarioResult {
    let from = Queue::create(client, format!("invoked-{}", Uuid::new_v4())).await;
    let inboxes = Inboxes::new(product, run.messages);
    from.fill_with(run.messages, |number| (inboxes.failure(number), None)).await;
    // Messages that a cut connection has lost stay hidden for half a minute longer than this.
    let deadline = format!("{}s", 10 + run.messages / 100);
    let (folder, start) = (Folder::new(), Instant::now());
    let killed = KilledCommand {
        ops: &run.ops,
        endpoint: proxy.endpoint(),
        folder: &folder.0,
        // In order, so that each answer is awaited: otherwise Lambda accepts all at once, and starts as many processes.
        command: arguments(&["replay", &from.name, "--order", "subject", "--hidden", HIDDEN, "--deadline", &deadline]),
        continuation: Continuation::Resume,
        journal_bytes: run.messages * REPLAY_BYTES,
    };
    let (kills, summary) = killed.run(run.kills, &SeededRng::new(run.seed, 4)).await;
    let time = start.elapsed();
    assert_eq!(from.depth().await, 0, "nothing is left in the queue");
    let effects = inboxes.effects().await;
    from.delete().await;
    ScenarioResult { what: "replay by function", messages: run.messages, kills, time, summary, effects }
}

/// A replay to another queue, rolled back before any consumer has read it.
pub(crate) async fn roll_back(run: &Run, client: &Client, proxy: &Proxy, endpoint: &str) -> ScenarioResult {
    let messages = run.messages / 5;
    let (from, to) = queues(client, "rolled-back").await;
    from.fill(messages).await;
    let folder = Folder::new();
    let command = arguments(&["replay", &from.name, "--to-queue", &to.name]);
    let (ops, continuation) = (&*run.ops, Continuation::Repeat);
    KilledCommand { ops, endpoint, folder: &folder.0, command, continuation, journal_bytes: 0 }.finish().await;
    assert_eq!((from.depth().await, to.depth().await), (0, messages), "all messages were moved");

    let journal = journals(&folder.0).pop().expect("a journal");
    let command = arguments(&["rollback", journal.to_str().expect("a path in Unicode"), "--hidden", HIDDEN]);
    let (endpoint, start) = (proxy.endpoint(), Instant::now());
    let killed = KilledCommand {
        ops,
        endpoint,
        folder: &folder.0,
        command,
        continuation,
        journal_bytes: messages * ROLLBACK_BYTES,
    };
    let (kills, summary) = killed.run(run.kills, &SeededRng::new(run.seed, 5)).await;
    let time = start.elapsed();
    assert_eq!(to.depth().await, 0, "nothing is left in the replay's target");
    let effects = from.consume(messages).await;
    from.delete().await;
    to.delete().await;
    ScenarioResult { what: "rollback", messages, kills, time, summary, effects }
}

async fn queues(client: &Client, name: &str) -> (Queue, Queue) {
    let queue = |end: &str| Queue::create(client, format!("{name}-{end}-{}", Uuid::new_v4()));
    (queue("from").await, queue("to").await)
}
