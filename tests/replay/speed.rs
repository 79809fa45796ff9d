//! The speed of a replay, compared with a bare loop of the same calls, and its memory.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use aws_sdk_sqs::Client;
use tokio::process::{Child, Command};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::naive;
use crate::queues::Queue;

/// The number of concurrent calls, as in the replay.
const CONCURRENCY: usize = 8;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Speed {
    /// Messages per second of the replay, from the start of its process to its end.
    pub(crate) replay: f64,
    /// Messages per second of the bare loop.
    pub(crate) bare: f64,
    /// The peak memory of the replay in MiB; only on Linux.
    pub(crate) memory: Option<u64>,
}

/// Replays `count` messages to another queue, and moves as many by a bare loop, `rounds` times in turn; the best of each.
pub(crate) async fn measure(endpoint: &str, ops: &Path, count: u64, rounds: u32) -> Speed {
    let client = Client::new(&naive::settings(endpoint));
    let mut best = Speed { replay: 0.0, bare: 0.0, memory: None };
    for _ in 0..rounds {
        let (bare, _) = timed(&client, count, async |from, to| bare(endpoint, from, to).await).await;
        let (replay, memory) = timed(&client, count, async |from, to| replay(endpoint, ops, from, to).await).await;
        best.bare = best.bare.max(bare);
        best.replay = best.replay.max(replay);
        best.memory = best.memory.max(memory);
    }
    best
}

async fn timed<T>(client: &Client, count: u64, work: impl AsyncFnOnce(&Queue, &Queue) -> T) -> (f64, T) {
    let from = Queue::create(client, format!("speed-from-{}", Uuid::new_v4())).await;
    let to = Queue::create(client, format!("speed-to-{}", Uuid::new_v4())).await;
    from.fill(count).await;
    let start = Instant::now();
    let done = work(&from, &to).await;
    let seconds = start.elapsed().as_secs_f64();
    assert_eq!((from.depth().await, to.depth().await), (0, count), "all messages were moved");
    from.delete().await;
    to.delete().await;
    #[expect(clippy::cast_precision_loss, reason = "far fewer messages than a float counts exactly")]
    (count as f64 / seconds, done)
}

/// The upper bound: only the calls.
async fn bare(endpoint: &str, from: &Queue, to: &Queue) -> Option<u64> {
    let mut movers = JoinSet::new();
    for _ in 0..CONCURRENCY {
        let (endpoint, from, to) = (endpoint.to_owned(), from.name.clone(), to.name.clone());
        movers.spawn(async move { naive::run(&endpoint, &from, &to).await });
    }
    movers.join_all().await;
    None
}

async fn replay(endpoint: &str, ops: &Path, from: &Queue, to: &Queue) -> Option<u64> {
    let folder = std::env::temp_dir().join(format!("busline-replay-{}", Uuid::new_v4()));
    let mut command = Command::new(ops);
    command.args(["dlq", "replay", &from.name, "--to-queue", &to.name, "--journal-dir"]).arg(&folder);
    command.envs([("AWS_ENDPOINT_URL", endpoint), ("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test")]);
    command.env("AWS_REGION", "eu-west-1").stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    let mut process = command.spawn().expect("the operations CLI");
    let memory = peak_until_end(&mut process).await;
    std::fs::remove_dir_all(&folder).expect("the folder of journals");
    memory
}

/// Waits for the end of a process; its peak memory in MiB.
async fn peak_until_end(process: &mut Child) -> Option<u64> {
    let mut highest = None;
    loop {
        if let Some(status) = process.try_wait().expect("a process") {
            assert!(status.success(), "the replay is done: {status}");
            return highest;
        }
        highest = process.id().and_then(peak).max(highest);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// `VmHWM` is the peak of resident memory: <https://man7.org/linux/man-pages/man5/proc_pid_status.5.html>
fn peak(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? / 1024)
}
