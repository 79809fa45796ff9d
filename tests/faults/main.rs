//! Changes through a faulty network, and a ledger of their effects: none is missing, none is repeated.
//!
//! `cargo xtask faults` runs it on a separate local cloud; `BUSLINE_STATUS` names that cloud. After a failure, and after a
//! control run, the functions stay changed, and the cloud cannot be used any more.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test, though it has arguments: it fails by panicking, reports by printing, and creates ids as a client would"
)]

mod bus;
mod functions;
mod ledger;
mod load;
mod plan;
mod proxy;
mod replay;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use clap::Parser;
use tests::product::Product;
use tokio::sync::Semaphore;

use crate::ledger::Ledger;
use crate::load::{Account, Progress};
use crate::plan::{Outage, Plan};
use crate::proxy::Proxy;
use tests::rng::SeededRng;

/// Makes changes through a faulty network and compares their effects with the expected ones.
#[derive(Parser)]
struct Arguments {
    /// The number of changes of to-do items.
    #[arg(long)]
    changes: u64,
    /// The number of users who make them.
    #[arg(long)]
    users: u32,
    /// The seed of the faults.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Replaces publisher and subscriber by naive ones, which must lose and repeat some effects.
    #[arg(long)]
    control: bool,
}

/// The number of users who act at the same time; more only wait for each other on a small machine.
const CONCURRENT_USERS: usize = 12;
/// All work is done when there was no call for this long: the longest pause between two attempts is eight seconds.
const QUIET: Duration = Duration::from_secs(12);
/// The same after a replay, during which nothing fails and waits for another attempt.
const QUIET_AFTER_REPLAY: Duration = Duration::from_secs(3);
/// Longer than Lambda's three attempts of an event, so that the outage leaves dead-letter messages.
const TABLE_OUTAGE: Duration = Duration::from_secs(6);
/// Longer than the six attempts of a batch, which take two seconds each and are up to eight seconds apart.
const BUS_OUTAGE: Duration = Duration::from_secs(40);
/// A run with at least this many changes has an outage of the bus, which takes a minute.
const LARGE_RUN: u64 = 10_000;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let product = Product::shared().await;
    let start = Instant::now();
    let accounts = load::sign_up(&product, arguments.users).await;
    eprintln!("{} users after {:.0?}", accounts.len(), start.elapsed());
    if arguments.control {
        functions::make_naive(&product).await;
    }
    let plan = Arc::new(Plan::new(arguments.seed));
    let proxy = Proxy::start(&product, Arc::clone(&plan)).await;
    functions::set_endpoint(&product, Some(proxy.endpoint())).await;

    let start = Instant::now();
    let progress = Arc::new(Progress::default());
    plan.begin();
    let accounts = work(accounts, &arguments, &plan, &progress).await;
    plan.end();
    let worked = start.elapsed();
    eprintln!("all changes made after {worked:.0?}; waiting until all work is done");
    let replayed = settle(&product, &proxy).await;
    functions::set_endpoint(&product, None).await;
    let ledger = Ledger::compare(&product, &accounts, &proxy.bus().published()).await;

    println!("\n{} changes by {} users, seed {}", arguments.changes, arguments.users, arguments.seed);
    println!("  made in {:.0} s, all work done after {:.0} s", worked.as_secs_f64(), start.elapsed().as_secs_f64());
    println!("  repeated calls: {}", progress.retries.load(Ordering::Relaxed));
    println!(
        "  changes that were made although the answer was lost: {}",
        progress.made_without_answer.load(Ordering::Relaxed)
    );
    println!("\nfaults");
    for (fault, count) in plan.counts() {
        println!("  {fault:<44} {count:>8}");
    }
    println!("\nreplayed dead-letter messages");
    for (service, count) in replayed {
        println!("  {service:<44} {count:>8}");
    }
    println!("\nledger\n{ledger}");
    verdict(&ledger, arguments.control)
}

/// Lets the users work at the same time, during outages too.
async fn work(
    accounts: Vec<Account>,
    arguments: &Arguments,
    plan: &Arc<Plan>,
    progress: &Arc<Progress>,
) -> Vec<Account> {
    let permits = Arc::new(Semaphore::new(CONCURRENT_USERS));
    let users = accounts.len() as u64;
    let mut working = Vec::new();
    for (number, mut account) in (0_u64..).zip(accounts) {
        let share = arguments.changes / users + u64::from(number < arguments.changes % users);
        let (permits, progress) = (Arc::clone(&permits), Arc::clone(progress));
        let rng = SeededRng::new(arguments.seed, number + 2);
        working.push(tokio::spawn(async move {
            let _permit = permits.acquire_owned().await.expect("a permit");
            account.work(share, &rng, &progress).await;
            account
        }));
    }
    let outages = tokio::spawn(cause_outages(arguments.changes, Arc::clone(plan), Arc::clone(progress)));
    let mut accounts = Vec::new();
    for task in working {
        accounts.push(task.await.expect("a user who has made every change"));
    }
    outages.abort();
    accounts
}

async fn cause_outages(changes: u64, plan: Arc<Plan>, progress: Arc<Progress>) {
    let after = async |share: u64| {
        while progress.changes.load(Ordering::Relaxed) < changes * share / 100 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        eprintln!("{share} % of the changes made");
    };
    after(25).await;
    after(50).await;
    plan.begin_outage(Outage::Table("notifications"), TABLE_OUTAGE);
    after(75).await;
    if changes >= LARGE_RUN {
        plan.begin_outage(Outage::Bus, BUS_OUTAGE);
    }
    after(100).await;
}

/// Waits until all work is done and no dead-letter message is left; the messages that were replayed.
async fn settle(product: &Product, proxy: &Proxy) -> replay::Replayed {
    let mut all = Vec::new();
    proxy.wait_until_quiet(QUIET).await;
    loop {
        let replayed = replay::all_queues(product).await;
        if replayed.is_empty() {
            return all;
        }
        all.extend(replayed);
        proxy.wait_until_quiet(QUIET_AFTER_REPLAY).await;
    }
}

fn verdict(ledger: &Ledger, control: bool) -> ExitCode {
    if control {
        if ledger.missing > 0 && ledger.repeated > 0 {
            println!("the ledger detects what naive functions lose and repeat");
            return ExitCode::SUCCESS;
        }
        println!("FAILED: naive functions must lose and repeat some effects, and the ledger must detect it");
        return ExitCode::FAILURE;
    }
    if ledger.is_balanced() {
        println!("every change had its effect once");
        return ExitCode::SUCCESS;
    }
    println!("FAILED: effects are missing, repeated or out of step");
    ExitCode::FAILURE
}
