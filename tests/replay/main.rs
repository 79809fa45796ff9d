//! Replays to a queue, replays by function and rollbacks that are killed repeatedly on a faulty network: every message must
//! have its effect once.
//!
//! `cargo xtask replay-crashes` runs it on a separate local cloud; `BUSLINE_STATUS` names that cloud. As a control, a naive
//! mover must lose or repeat some messages in the same run.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test, though it has arguments: it fails by panicking, reports by printing, and creates ids as a client would"
)]

mod inboxes;
mod naive;
mod proxy;
mod queues;
mod scenarios;
mod speed;

use std::path::PathBuf;
use std::process::{ExitCode, Stdio};
use std::time::Duration;

use aws_sdk_sqs::Client;
use clap::{Args, Parser, Subcommand};
use serde_json::Value;
use tests::product::Product;
use tests::rng::SeededRng;
use tokio::process::Command;
use uuid::Uuid;

use crate::inboxes::Inboxes;
use crate::proxy::Proxy;
use crate::queues::{Effects, Queue};
use crate::scenarios::ScenarioResult;

/// The maximum time of a process that is not killed.
pub(crate) const DEADLINE: Duration = Duration::from_mins(10);

/// Kills replays at random points, resumes them, and counts the effects.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    part: Part,
}

#[derive(Subcommand)]
enum Part {
    /// Kills replays many times and counts their effects
    Run(Run),
    /// Messages per second, compared with a bare loop of the same calls and with boto3, and memory
    Speed(SpeedRun),
    /// The control: a common kind of mover, which the run starts and kills
    Naive { endpoint: String, from: String, to: String },
}

#[derive(Args)]
struct Run {
    /// The number of messages that are replayed to a queue, and again by function; a fifth of them is rolled back
    #[arg(long)]
    messages: u64,
    /// How often each replay is killed
    #[arg(long)]
    kills: u32,
    /// The seed of the faults and of the times of kills
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The path of the operations CLI
    #[arg(long)]
    ops: PathBuf,
}

#[derive(Args)]
struct SpeedRun {
    /// The number of messages; may be given more than once, for several sizes
    #[arg(long, required = true)]
    messages: Vec<u64>,
    /// How often each size is measured
    #[arg(long, default_value_t = 3)]
    rounds: u32,
    /// The number of messages that `verify` reads
    #[arg(long, default_value_t = 50_000)]
    verified: u64,
    /// The path of the operations CLI
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
        Part::Run(run) => Box::pin(kill_all(&run)).await,
        Part::Speed(run) => measure_speed(&run).await,
    }
}

/// The minimum of a replay's speed, as a share of the bare loop's.
const MIN_SHARE: f64 = 0.8;

/// The minimum of the speed of a replay and an export, as a share of that of a mover with boto3 in eight threads.
const MIN_SHARE_OF_BOTO3: f64 = 1.0;

/// The number of queues that are listed.
const QUEUES: u64 = 45;

/// The maximum memory of a replay with any number of messages, in MiB.
const MAX_MEMORY: u64 = 100;

async fn measure_speed(run: &SpeedRun) -> ExitCode {
    println!("messages a second; a share of boto3 is that of a mover of eight threads in Python");
    println!("messages  replay  bare loop  share   boto3  share  export  share  memory of the replay");
    let (endpoint, mut is_good, mut boto3) = (endpoint(), true, 0.0_f64);
    for &count in &run.messages {
        let found = speed::measure(&endpoint, &run.ops, count, run.rounds).await;
        let (replay, export) = (found.replay / found.boto3, found.export / found.boto3);
        let memory = found.memory.map_or("-".to_owned(), |memory| format!("{memory} MiB"));
        println!(
            "{count:>8} {:>7.0} {:>10.0} {:>6.2} {:>7.0} {replay:>6.2} {:>7.0} {export:>6.2}  {memory}",
            found.replay,
            found.bare,
            found.replay / found.bare,
            found.boto3,
            found.export,
        );
        is_good &= found.replay / found.bare >= MIN_SHARE && found.memory.is_none_or(|memory| memory < MAX_MEMORY);
        is_good &= replay >= MIN_SHARE_OF_BOTO3 && export >= MIN_SHARE_OF_BOTO3;
        boto3 = boto3.max(found.boto3);
    }
    println!("list of {QUEUES} queues: {:.2} s", speed::list(&endpoint, &run.ops, QUEUES).await);
    let product = Product::shared().await;
    let inboxes = Inboxes::new(&product, run.verified);
    let seconds = speed::verify(&endpoint, &run.ops, run.verified, |number| inboxes.failure(number)).await;
    let share = speed::per_second(run.verified, seconds) / boto3;
    println!("verify of {} messages: {seconds:.1} s, {share:.2} of the messages that boto3 moves", run.verified);
    if is_good {
        return ExitCode::SUCCESS;
    }
    println!("FAILED: the bounds are {MIN_SHARE} of the bare loop, {MIN_SHARE_OF_BOTO3} of boto3 and {MAX_MEMORY} MiB");
    ExitCode::FAILURE
}

async fn kill_all(run: &Run) -> ExitCode {
    let endpoint = endpoint();
    let client = Client::new(&naive::settings(&endpoint));
    let proxy = Proxy::start(&endpoint, run.seed).await;
    let product = Product::shared().await;
    println!("{} messages, seed {}", run.messages, run.seed);
    let (moved, invoked, rolled_back, naive) = tokio::join!(
        scenarios::replay_to_queue(run, &client, &proxy),
        scenarios::replay_by_function(run, &client, &proxy, &product),
        scenarios::roll_back(run, &client, &proxy, &endpoint),
        control(run, &client, &proxy),
    );
    let results = [moved, invoked, rolled_back];
    for result in &results {
        println!("\n{}: killed {} times, done after {:.0?}", result.what, result.kills, result.time);
        println!("  {}", result.summary);
        report(&result.effects);
    }
    println!("\nnaive mover: killed {} times", naive.kills);
    report(&naive.effects);
    println!("\nfaults");
    for (fault, count) in proxy.counts() {
        println!("  {fault:<58} {count:>8}");
    }
    verdict(run, &results, &naive.effects)
}

fn verdict(run: &Run, results: &[ScenarioResult], naive: &Effects) -> ExitCode {
    for result in results {
        let ScenarioResult { what, kills, effects, .. } = result;
        if !effects.is_exact(result.messages) {
            println!("\nFAILED: {what}: some messages did not have their effect once");
            return ExitCode::FAILURE;
        }
        if *kills < run.kills {
            println!("\nFAILED: {what}: only {kills} kills: use more messages or fewer kills");
            return ExitCode::FAILURE;
        }
    }
    if naive.missing + naive.repeated == 0 {
        println!("\nFAILED: the naive mover must lose or repeat some messages");
        return ExitCode::FAILURE;
    }
    println!("\nevery message had its effect once; the naive mover lost or repeated some");
    ExitCode::SUCCESS
}

/// The result of the control.
struct NaiveResult {
    kills: u32,
    effects: Effects,
}

/// A naive mover that is killed and started again.
async fn control(run: &Run, client: &Client, proxy: &Proxy) -> NaiveResult {
    let from = Queue::create(client, format!("naive-from-{}", Uuid::new_v4())).await;
    let to = Queue::create(client, format!("naive-to-{}", Uuid::new_v4())).await;
    from.fill(run.messages).await;
    let rng = SeededRng::new(run.seed, 3);
    let this = std::env::current_exe().expect("this program");
    let mut kills = 0;
    loop {
        let mut command = Command::new(&this);
        command.args(["naive", proxy.endpoint(), &from.name, &to.name]).stderr(Stdio::null()).kill_on_drop(true);
        let mut process = command.spawn().expect("the naive mover");
        let time = if kills < run.kills { rng.milliseconds(50, 400) } else { DEADLINE };
        if tokio::time::timeout(time, process.wait()).await.is_ok() {
            if from.depth().await == 0 {
                break;
            }
        } else {
            process.kill().await.expect("a process that can be killed");
            kills += 1;
        }
    }
    let effects = to.consume(run.messages).await;
    from.delete().await;
    to.delete().await;
    NaiveResult { kills, effects }
}

fn report(effects: &Effects) {
    println!("  deliveries                   {:>8}", effects.deliveries);
    println!("  messages with their effect   {:>8}", effects.effective);
    println!("  messages without effect      {:>8}", effects.missing);
    println!("  messages with several effects{:>8}", effects.repeated);
    println!("  messages that were changed   {:>8}", effects.changed);
}

/// The endpoint of the local cloud.
fn endpoint() -> String {
    let path =
        std::env::var("BUSLINE_STATUS").expect("BUSLINE_STATUS: run `cargo xtask replay-crashes`, which sets it");
    let status: Value = serde_json::from_slice(&std::fs::read(path).expect("the status")).expect("a status in JSON");
    status["endpoint"].as_str().expect("an endpoint").to_owned()
}
