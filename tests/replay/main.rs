//! Replays to a queue, replays by function and rollbacks that are killed again and again on a faulty network, and what
//! must come out: every message once.
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

mod inboxes;
mod killed;
mod naive;
mod proxy;
mod queues;
mod speed;
mod stories;

use std::path::PathBuf;
use std::process::{ExitCode, Stdio};
use std::time::Duration;

use aws_sdk_sqs::Client;
use clap::{Args, Parser, Subcommand};
use serde_json::Value;
use tests::dice::Dice;
use tests::product::Product;
use tokio::process::Command;
use uuid::Uuid;

use crate::proxy::Proxy;
use crate::queues::{Effects, Queue};
use crate::stories::Story;

/// A process that is not killed ends within this time.
pub(crate) const DEADLINE: Duration = Duration::from_mins(10);

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
    /// How many messages are replayed to a queue, and as many by function; a fifth of them is rolled back
    #[arg(long)]
    messages: u64,
    /// How many kills of each
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
        Part::Run(run) => Box::pin(whole(&run)).await,
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
    let product = Product::shared().await;
    println!("{} messages, seed {}", run.messages, run.seed);
    let (moved, invoked, rolled_back, naive) = tokio::join!(
        stories::moved(run, &client, &proxy),
        stories::invoked(run, &client, &proxy, &product),
        stories::rolled_back(run, &client, &proxy, &endpoint),
        control(run, &client, &proxy),
    );
    let stories = [moved, invoked, rolled_back];
    for story in &stories {
        println!("\n{}: killed {} times, done after {:.0?}", story.what, story.kills, story.time);
        println!("  {}", story.summary);
        report(&story.effects);
    }
    println!("\nnaive mover: killed {} times", naive.kills);
    report(&naive.effects);
    println!("\nfaults");
    for (fault, count) in proxy.counts() {
        println!("  {fault:<58} {count:>8}");
    }
    verdict(run, &stories, &naive.effects)
}

fn verdict(run: &Run, stories: &[Story], naive: &Effects) -> ExitCode {
    for story in stories {
        let Story { what, kills, effects, .. } = story;
        if !effects.is_exact(story.messages) {
            println!("\nFAILED: {what}: not once each");
            return ExitCode::FAILURE;
        }
        if *kills < run.kills {
            println!("\nFAILED: {what}: only {kills} kills: give more messages or fewer kills");
            return ExitCode::FAILURE;
        }
    }
    if naive.missing + naive.doubled == 0 {
        println!("\nFAILED: the naive mover must lose or double some");
        return ExitCode::FAILURE;
    }
    println!("\nevery message had its effect once; the naive mover lost or doubled some");
    ExitCode::SUCCESS
}

/// What came of the control.
struct Naive {
    kills: u32,
    effects: Effects,
}

/// A naive mover that is killed and started again.
async fn control(run: &Run, client: &Client, proxy: &Proxy) -> Naive {
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
    let effects = to.consume(run.messages).await;
    from.delete().await;
    to.delete().await;
    Naive { kills, effects }
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
