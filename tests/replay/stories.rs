//! What is replayed, or taken back, while it is killed.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use aws_sdk_sqs::Client;
use serde_json::Value;
use tests::dice::Dice;
use tests::product::Product;
use uuid::Uuid;

use crate::Run;
use crate::inboxes::Inboxes;
use crate::killed::{GoesOn, Killed, journals};
use crate::proxy::Proxy;
use crate::queues::{Effects, Queue};

/// What a replay's journal writes for a message, in bytes, approximately.
const REPLAYED: u64 = 400;

/// What a rollback's journal writes for a message, in bytes, approximately.
const ROLLED_BACK: u64 = 160;

/// How long a killed replay's messages stay hidden.
const HIDDEN: &str = "5s";

/// What came of it.
#[derive(Debug)]
pub(crate) struct Story {
    pub(crate) what: &'static str,
    pub(crate) messages: u64,
    pub(crate) kills: u32,
    pub(crate) time: Duration,
    /// The last line of the last process.
    pub(crate) summary: Value,
    pub(crate) effects: Effects,
}

/// A folder of journals, gone with it.
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
pub(crate) async fn moved(run: &Run, client: &Client, proxy: &Proxy) -> Story {
    let (from, to) = queues(client, "moved").await;
    from.fill(run.messages).await;
    let (folder, begun) = (Folder::new(), Instant::now());
    let killed = Killed {
        ops: &run.ops,
        endpoint: proxy.endpoint(),
        folder: &folder.0,
        command: arguments(&["replay", &from.name, "--to-queue", &to.name, "--hidden", HIDDEN]),
        goes_on: GoesOn::ByResume,
        writes: run.messages * REPLAYED,
    };
    let (kills, summary) = killed.run(run.kills, &Dice::new(run.seed, 2)).await;
    let time = begun.elapsed();
    assert_eq!(from.depth().await, 0, "nothing is left in the queue");
    let effects = to.consume(run.messages).await;
    from.delete().await;
    to.delete().await;
    Story { what: "replay to a queue", messages: run.messages, kills, time, summary, effects }
}

/// Failures of a subscriber of the product, replayed by invoking it.
pub(crate) async fn invoked(run: &Run, client: &Client, proxy: &Proxy, product: &Product) -> Story {
    let from = Queue::create(client, format!("invoked-{}", Uuid::new_v4())).await;
    let inboxes = Inboxes::of(product, run.messages);
    from.fill_with(run.messages, |number| (inboxes.failure(number), None)).await;
    // What the plan's look was about to get when a connection was cut stays hidden for half a minute longer than this.
    let look = format!("{}s", 10 + run.messages / 100);
    let (folder, begun) = (Folder::new(), Instant::now());
    let killed = Killed {
        ops: &run.ops,
        endpoint: proxy.endpoint(),
        folder: &folder.0,
        // In order, so that each answer is awaited: otherwise Lambda takes all at once, and starts as many processes.
        command: arguments(&["replay", &from.name, "--order", "subject", "--hidden", HIDDEN, "--deadline", &look]),
        goes_on: GoesOn::ByResume,
        writes: run.messages * REPLAYED,
    };
    let (kills, summary) = killed.run(run.kills, &Dice::new(run.seed, 4)).await;
    let time = begun.elapsed();
    assert_eq!(from.depth().await, 0, "nothing is left in the queue");
    let effects = inboxes.effects().await;
    from.delete().await;
    Story { what: "replay by function", messages: run.messages, kills, time, summary, effects }
}

/// A replay to another queue that nobody has read since, taken back.
pub(crate) async fn rolled_back(run: &Run, client: &Client, proxy: &Proxy, endpoint: &str) -> Story {
    let messages = run.messages / 5;
    let (from, to) = queues(client, "rolled-back").await;
    from.fill(messages).await;
    let folder = Folder::new();
    let command = arguments(&["replay", &from.name, "--to-queue", &to.name]);
    let (ops, goes_on) = (&*run.ops, GoesOn::ByItself);
    Killed { ops, endpoint, folder: &folder.0, command, goes_on, writes: 0 }.finish().await;
    assert_eq!((from.depth().await, to.depth().await), (0, messages), "all messages were moved");

    let journal = journals(&folder.0).pop().expect("a journal");
    let command = arguments(&["rollback", journal.to_str().expect("a path in Unicode"), "--hidden", HIDDEN]);
    let (endpoint, begun) = (proxy.endpoint(), Instant::now());
    let killed = Killed { ops, endpoint, folder: &folder.0, command, goes_on, writes: messages * ROLLED_BACK };
    let (kills, summary) = killed.run(run.kills, &Dice::new(run.seed, 5)).await;
    let time = begun.elapsed();
    assert_eq!(to.depth().await, 0, "nothing is left where the replay had put it");
    let effects = from.consume(messages).await;
    from.delete().await;
    to.delete().await;
    Story { what: "rollback", messages, kills, time, summary, effects }
}

async fn queues(client: &Client, name: &str) -> (Queue, Queue) {
    let queue = |end: &str| Queue::create(client, format!("{name}-{end}-{}", Uuid::new_v4()));
    (queue("from").await, queue("to").await)
}
