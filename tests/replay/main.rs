//! A replay that is killed again and again on a faulty network, and what must come out: every message once.
//!
//! `cargo xtask replay-crashes` runs it on a local cloud of its own; `BUSLINE_STATUS` names that cloud. A naive mover, as
//! control, must lose or double some in the same run.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test, though it has arguments: it fails by panicking, reports by printing, and makes ids as a client would"
)]

mod naive;
mod proxy;
mod queues;
mod speed;

use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};
use std::time::{Duration, Instant};

use aws_sdk_sqs::Client;
use clap::{Args, Parser, Subcommand};
use serde_json::Value;
use tests::dice::Dice;
use tokio::process::{Child, Command};
use uuid::Uuid;

use crate::proxy::Proxy;
use crate::queues::{Effects, Queue};

/// What a journal writes for a message, in bytes, approximately: enough to spread the kills over the run.
const BYTES_A_MESSAGE: u64 = 400;

/// A process that writes nothing for this long waits for hidden messages, and is killed at that.
const IDLE: Duration = Duration::from_secs(4);

/// How long a killed replay's messages stay hidden.
const HIDDEN: &str = "5s";

/// A process that is not killed ends within this time.
const DEADLINE: Duration = Duration::from_mins(10);

/// Kills replays at random points, resumes them, and counts what came out.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    part: Part,
}

#[derive(Subcommand)]
enum Part {
    /// The whole run
    Run(Run),
    /// Messages a second beside a bare loop of the same calls, and memory
    Speed(SpeedRun),
    /// The control: a mover as many are, which the run starts and kills
    Naive { endpoint: String, from: String, to: String },
}

#[derive(Args)]
struct Run {
    /// How many messages
    #[arg(long)]
    messages: u64,
    /// How many kills
    #[arg(long)]
    kills: u32,
    /// Decides the faults, and when to kill
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The operations CLI
    #[arg(long)]
    ops: PathBuf,
}

#[derive(Args)]
struct SpeedRun {
    /// How many messages, in one run after the other
    #[arg(long, required = true)]
    messages: Vec<u64>,
    /// How often each is measured
    #[arg(long, default_value_t = 3)]
    rounds: u32,
    /// The operations CLI
    #[arg(long)]
    ops: PathBuf,
}

#[tokio::main]
async fn main() -> ExitCode {
    match Arguments::parse().part {
        Part::Naive { endpoint, from, to } => {
            naive::run(&endpoint, &from, &to).await;
            ExitCode::SUCCESS
        }
        Part::Run(run) => whole(&run).await,
        Part::Speed(run) => speeds(&run).await,
    }
}

/// A replay must reach this share of a bare loop's speed.
const LEAST_SHARE: f64 = 0.8;

/// A replay must not take more memory than this, in MiB, however many messages there are.
const MOST_MEMORY: u64 = 100;

async fn speeds(run: &SpeedRun) -> ExitCode {
    println!("{:>9} {:>14} {:>14} {:>7} {:>12}", "messages", "replay /s", "bare loop /s", "share", "memory MiB");
    let mut is_good = true;
    for &count in &run.messages {
        let found = speed::measure(&endpoint(), &run.ops, count, run.rounds).await;
        let share = found.replay / found.bare;
        let memory = found.memory.map_or("-".to_owned(), |memory| memory.to_string());
        println!("{count:>9} {:>14.0} {:>14.0} {share:>7.2} {memory:>12}", found.replay, found.bare);
        is_good &= share >= LEAST_SHARE && found.memory.is_none_or(|memory| memory < MOST_MEMORY);
    }
    if is_good {
        return ExitCode::SUCCESS;
    }
    println!("FAILED: at least {LEAST_SHARE} of the bare loop's speed and less than {MOST_MEMORY} MiB are wanted");
    ExitCode::FAILURE
}

async fn whole(run: &Run) -> ExitCode {
    let endpoint = endpoint();
    let client = Client::new(&naive::settings(&endpoint));
    let proxy = Proxy::start(&endpoint, run.seed).await;
    println!("{} messages, seed {}", run.messages, run.seed);
    let replayed = replay(run, &client, &proxy).await;
    let moved = control(run, &client, &proxy).await;
    println!("\nfaults");
    for (fault, count) in proxy.counts() {
        println!("  {fault:<58} {count:>8}");
    }
    let is_exact = replayed.effective == run.messages && replayed.missing + replayed.doubled + replayed.changed == 0;
    let control_fails = moved.missing + moved.doubled > 0;
    if is_exact && control_fails {
        println!("\nevery message had its effect once; the naive mover lost or doubled some");
        return ExitCode::SUCCESS;
    }
    println!("\nFAILED: {}", if is_exact { "the naive mover must lose or double some" } else { "not once each" });
    ExitCode::FAILURE
}

/// A replay that is killed and resumed.
async fn replay(run: &Run, client: &Client, proxy: &Proxy) -> Effects {
    let from = Queue::create(client, format!("replay-from-{}", Uuid::new_v4())).await;
    let to = Queue::create(client, format!("replay-to-{}", Uuid::new_v4())).await;
    from.fill(run.messages).await;
    let folder = std::env::temp_dir().join(format!("busline-replay-{}", Uuid::new_v4()));
    let dice = Dice::new(run.seed, 2);
    let begun = Instant::now();
    let average = run.messages * BYTES_A_MESSAGE / u64::from(run.kills + 5);
    let mut kills = 0;
    while kills < run.kills {
        let mut process = start(run, &folder, &from, &to, proxy);
        let point = size(&folder) + dice.roll(2 * average + 1);
        if let Some(code) = reached(&mut process, &folder, point).await {
            // It ended before it could be killed.
            assert!([0, 1, 2].contains(&code), "exit code {code}");
            if code == 0 {
                break;
            }
            continue;
        }
        tokio::time::sleep(dice.time(0, 8)).await;
        process.kill().await.expect("a process that can be killed");
        kills += 1;
    }
    let summary = finish(run, &folder, &from, &to, proxy).await;
    println!("\nreplay: killed {kills} times, done after {:.0?}", begun.elapsed());
    println!("  {summary}");
    verify(run, &folder).await;
    assert_eq!(from.depth().await, 0, "nothing is left in the queue");
    let effects = to.consume(run.messages).await;
    report(&effects);
    assert!(kills >= run.kills, "only {kills} kills: give more messages or fewer kills");
    from.delete().await;
    to.delete().await;
    std::fs::remove_dir_all(&folder).expect("the folder of journals");
    effects
}

/// Starts the replay, or goes on with it.
fn start(run: &Run, folder: &Path, from: &Queue, to: &Queue, proxy: &Proxy) -> Child {
    let mut command = Command::new(&run.ops);
    command.args(["dlq"]);
    match journal(folder) {
        Some(journal) => command.arg("resume").arg(journal),
        None => command.args(["replay", &from.name, "--to-queue", &to.name, "--hidden", HIDDEN]),
    };
    command.arg("--journal-dir").arg(folder).envs(environment(proxy));
    command.stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true).spawn().expect("the operations CLI")
}

fn environment(proxy: &Proxy) -> [(&'static str, String); 4] {
    let key = || "test".to_owned();
    [
        ("AWS_ENDPOINT_URL", proxy.endpoint().to_owned()),
        ("AWS_ACCESS_KEY_ID", key()),
        ("AWS_SECRET_ACCESS_KEY", key()),
        ("AWS_REGION", "eu-west-1".to_owned()),
    ]
}

/// The journal of the replay, when its plan was written.
fn journal(folder: &Path) -> Option<PathBuf> {
    let files = std::fs::read_dir(folder).ok()?.map(|file| file.expect("a file").path());
    files.filter(|path| std::fs::read_to_string(path).is_ok_and(|text| text.contains('\n'))).max()
}

fn size(folder: &Path) -> u64 {
    journal(folder).map_or(0, |path| std::fs::metadata(path).expect("a journal").len())
}

/// Waits until the journal has this size, or nothing happens any more; the exit code if the process ends before.
async fn reached(process: &mut Child, folder: &Path, point: u64) -> Option<i32> {
    let (mut last, mut since) = (0, Instant::now());
    loop {
        if let Some(status) = process.try_wait().expect("a process") {
            return Some(status.code().expect("an exit code"));
        }
        let now = size(folder);
        if now >= point && now > 0 {
            return None;
        }
        if now != last {
            (last, since) = (now, Instant::now());
        }
        if since.elapsed() > IDLE {
            return None;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// Lets it end, as often as it takes; its last line.
async fn finish(run: &Run, folder: &Path, from: &Queue, to: &Queue, proxy: &Proxy) -> Value {
    let deadline = Instant::now() + DEADLINE;
    loop {
        let process = start(run, folder, from, to, proxy);
        let output = tokio::time::timeout(DEADLINE, process.wait_with_output()).await.expect("a replay that ends");
        let output = output.expect("the output");
        if output.status.success() {
            let text = String::from_utf8(output.stdout).expect("text");
            return serde_json::from_str(text.lines().last().expect("a last line")).expect("a last line in JSON");
        }
        assert!(Instant::now() < deadline, "the replay does not come to an end: {}", output.status);
    }
}

async fn verify(run: &Run, folder: &Path) {
    let journal = journal(folder).expect("a journal");
    let mut command = Command::new(&run.ops);
    command.args(["dlq", "journal", "verify"]).arg(&journal).stdout(Stdio::null());
    assert!(command.status().await.expect("the operations CLI").success(), "the journal's chain is whole");
}

/// A naive mover that is killed and started again.
async fn control(run: &Run, client: &Client, proxy: &Proxy) -> Effects {
    let from = Queue::create(client, format!("naive-from-{}", Uuid::new_v4())).await;
    let to = Queue::create(client, format!("naive-to-{}", Uuid::new_v4())).await;
    from.fill(run.messages).await;
    let dice = Dice::new(run.seed, 3);
    let this = std::env::current_exe().expect("this program");
    let mut kills = 0;
    loop {
        let mut command = Command::new(&this);
        command.args(["naive", proxy.endpoint(), &from.name, &to.name]).stderr(Stdio::null()).kill_on_drop(true);
        let mut process = command.spawn().expect("the naive mover");
        let time = if kills < run.kills { dice.time(50, 400) } else { DEADLINE };
        if tokio::time::timeout(time, process.wait()).await.is_ok() {
            if from.depth().await == 0 {
                break;
            }
        } else {
            process.kill().await.expect("a process that can be killed");
            kills += 1;
        }
    }
    println!("\nnaive mover: killed {kills} times");
    let effects = to.consume(run.messages).await;
    report(&effects);
    from.delete().await;
    to.delete().await;
    effects
}

fn report(effects: &Effects) {
    println!("  deliveries                   {:>8}", effects.deliveries);
    println!("  messages with their effect   {:>8}", effects.effective);
    println!("  messages without             {:>8}", effects.missing);
    println!("  messages with several        {:>8}", effects.doubled);
    println!("  messages that were changed   {:>8}", effects.changed);
}

/// Where the local cloud answers.
fn endpoint() -> String {
    let path =
        std::env::var("BUSLINE_STATUS").expect("BUSLINE_STATUS: run `cargo xtask replay-crashes`, which sets it");
    let status: Value = serde_json::from_slice(&std::fs::read(path).expect("the status")).expect("a status in JSON");
    status["endpoint"].as_str().expect("an endpoint").to_owned()
}
