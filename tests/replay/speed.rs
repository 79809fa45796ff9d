//! The speed of commands on whole queues, compared with a bare loop of the same calls and with a mover in Python, and the
//! memory of a replay.

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
    /// Messages per second of an export.
    pub(crate) export: f64,
    /// Messages per second of the bare loop.
    pub(crate) bare: f64,
    /// Messages per second of a mover that uses boto3 in eight threads, without the start of Python.
    pub(crate) boto3: f64,
    /// The peak memory of the replay in MiB; only on Linux.
    pub(crate) memory: Option<u64>,
}

/// Replays and exports `count` messages, and moves as many by a bare loop and with boto3, `rounds` times in turn; the best of
/// each.
pub(crate) async fn measure(endpoint: &str, ops: &Path, count: u64, rounds: u32) -> Speed {
    let client = Client::new(&naive::settings(endpoint));
    let mut best = Speed { replay: 0.0, export: 0.0, bare: 0.0, boto3: 0.0, memory: None };
    for _ in 0..rounds {
        let (bare, _) = timed(&client, count, async |from, to| bare(endpoint, from, to).await).await;
        let (replay, memory) = timed(&client, count, async |from, to| replay(endpoint, ops, from, to).await).await;
        let (_, seconds) = timed(&client, count, async |from, to| boto3(endpoint, from, to).await).await;
        best.boto3 = best.boto3.max(per_second(count, seconds));
        best.export = best.export.max(export(&client, endpoint, ops, count).await);
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
    (per_second(count, seconds), done)
}

pub(crate) fn per_second(count: u64, seconds: f64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "far fewer messages than a float counts exactly")]
    let count = count as f64;
    count / seconds
}

/// A mover in Python; the seconds that it took.
async fn boto3(endpoint: &str, from: &Queue, to: &Queue) -> f64 {
    let venv = std::env::var_os("BUSLINE_VENV").expect("BUSLINE_VENV: `cargo xtask replay-speed` sets it");
    let mut command = Command::new(Path::new(&venv).join("bin/python"));
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/replay/mover.py")).args([endpoint, &from.name, &to.name]);
    let output = command.stderr(Stdio::inherit()).kill_on_drop(true).output().await.expect("Python");
    assert!(output.status.success(), "the mover is done: {}", output.status);
    String::from_utf8(output.stdout).expect("text").trim().parse().expect("seconds")
}

/// Messages per second of an export.
async fn export(client: &Client, endpoint: &str, ops: &Path, count: u64) -> f64 {
    let queue = Queue::create(client, format!("speed-export-{}", Uuid::new_v4())).await;
    queue.fill(count).await;
    let file = std::env::temp_dir().join(format!("busline-export-{}", Uuid::new_v4()));
    let (seconds, _) = run(ops_dlq(endpoint, ops).args(["export", &queue.name, "--out"]).arg(&file)).await;
    let lines = std::fs::read_to_string(&file).expect("an export").lines().count();
    std::fs::remove_file(&file).expect("an export");
    assert_eq!((lines as u64, queue.depth().await), (count, count), "all messages were exported and stay");
    queue.delete().await;
    per_second(count, seconds)
}

/// The seconds in which `list` lists so many dead-letter queues.
pub(crate) async fn list(endpoint: &str, ops: &Path, count: u64) -> f64 {
    let client = Client::new(&naive::settings(endpoint));
    let mut queues = Vec::new();
    for number in 0..count {
        let queue = Queue::create(&client, format!("speed-list-{number}-{}-dlq", Uuid::new_v4())).await;
        queue.fill(1).await;
        queues.push(queue);
    }
    let (seconds, shown) = run(ops_dlq(endpoint, ops).args(["list", "--format", "ndjson"])).await;
    assert!(queues.iter().all(|queue| shown.contains(&queue.name)), "all queues are listed");
    for queue in queues {
        queue.delete().await;
    }
    seconds
}

/// The seconds in which `verify` predicts what would happen to so many failed events.
pub(crate) async fn verify(endpoint: &str, ops: &Path, count: u64, failure: impl Fn(u64) -> String) -> f64 {
    let client = Client::new(&naive::settings(endpoint));
    let queue = Queue::create(&client, format!("speed-verify-{}", Uuid::new_v4())).await;
    queue.fill_with(count, |number| (failure(number), None)).await;
    let (seconds, shown) = run(ops_dlq(endpoint, ops).args(["verify", &queue.name, "--format", "ndjson"])).await;
    assert_eq!(shown.lines().count() as u64, count, "all messages were verified");
    queue.delete().await;
    seconds
}

fn ops_dlq(endpoint: &str, ops: &Path) -> Command {
    let mut command = Command::new(ops);
    command.arg("dlq").envs([("AWS_ENDPOINT_URL", endpoint), ("AWS_REGION", "eu-west-1")]);
    command.envs([("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test")]);
    command.stderr(Stdio::inherit()).kill_on_drop(true);
    command
}

/// The seconds that a command takes, and what it prints. With the exit code 2 it has something to tell.
async fn run(command: &mut Command) -> (f64, String) {
    let start = Instant::now();
    let output = command.output().await.expect("the operations CLI");
    assert!(matches!(output.status.code(), Some(0 | 2)), "it is done: {}", output.status);
    (start.elapsed().as_secs_f64(), String::from_utf8(output.stdout).expect("text"))
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
    let mut command = ops_dlq(endpoint, ops);
    command.args(["replay", &from.name, "--to-queue", &to.name, "--journal-dir"]).arg(&folder);
    command.stdout(Stdio::null()).stderr(Stdio::null());
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
