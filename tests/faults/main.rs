//! Changes through a faulty network, and a ledger of what must come out: none missing, none twice.
//!
//! `cargo xtask faults` runs it on a local cloud of its own; `BUSLINE_STATUS` names that cloud. After a failure, and after
//! a control run, the functions stay changed, so the cloud is of no use any more.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test, though it has arguments: it fails by panicking, reports by printing, and makes ids as a client would"
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
use crate::plan::{Plan, Storm};
use crate::proxy::Proxy;
use tests::dice::Dice;

/// Makes changes through a faulty network and compares what comes out with what must.
#[derive(Parser)]
struct Arguments {
    /// How many changes of to-do items.
    #[arg(long)]
    changes: u64,
    /// By how many users.
    #[arg(long)]
    users: u32,
    /// Decides the faults.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// With a naive publisher and a naive subscriber: then some must be lost and some doubled.
    #[arg(long)]
    control: bool,
}

/// This many users act at once; more only wait for each other on a small machine.
const AT_ONCE: usize = 12;
/// Nothing comes any more when nothing has come for this long: the longest pause between two attempts is eight seconds.
const QUIET: Duration = Duration::from_secs(12);
/// After a replay nothing fails any more, so that nothing waits for another attempt.
const QUIET_AGAIN: Duration = Duration::from_secs(3);
/// Longer than Lambda's three attempts of an event, so that the storm leaves dead letters.
const TABLE_STORM: Duration = Duration::from_secs(6);
/// Longer than the six attempts of a batch, of two seconds each and up to eight apart.
const BUS_STORM: Duration = Duration::from_secs(40);
/// From this size on a run has a storm over the bus, which takes a minute.
const LARGE: u64 = 10_000;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let product = Product::shared().await;
    let begun = Instant::now();
    let accounts = load::sign_up(&product, arguments.users).await;
    eprintln!("{} users after {:.0?}", accounts.len(), begun.elapsed());
    if arguments.control {
        functions::make_naive(&product).await;
    }
    let plan = Arc::new(Plan::new(arguments.seed));
    let proxy = Proxy::start(&product, Arc::clone(&plan)).await;
    functions::send_through(&product, Some(proxy.endpoint())).await;

    let begun = Instant::now();
    let progress = Arc::new(Progress::default());
    plan.begin();
    let accounts = work(accounts, &arguments, &plan, &progress).await;
    plan.end();
    let worked = begun.elapsed();
    eprintln!("all changes made after {worked:.0?}; waiting until nothing comes any more");
    let letters = settle(&product, &proxy).await;
    functions::send_through(&product, None).await;
    let ledger = Ledger::close(&product, &accounts, &proxy.bus().published()).await;

    println!("\n{} changes by {} users, seed {}", arguments.changes, arguments.users, arguments.seed);
    println!("  made in {:.0} s, settled after {:.0} s", worked.as_secs_f64(), begun.elapsed().as_secs_f64());
    println!("  calls made again: {}", progress.retries.load(Ordering::Relaxed));
    println!("  changes found made after lost answers: {}", progress.unsure.load(Ordering::Relaxed));
    println!("\nfaults");
    for (fault, count) in plan.counts() {
        println!("  {fault:<44} {count:>8}");
    }
    println!("\ndead letters, replayed");
    for (service, count) in letters {
        println!("  {:<44} {count:>8}", service.name());
    }
    println!("\nledger\n{ledger}");
    verdict(&ledger, arguments.control)
}

/// Lets the users work side by side, and storms rage over them.
async fn work(
    accounts: Vec<Account>,
    arguments: &Arguments,
    plan: &Arc<Plan>,
    progress: &Arc<Progress>,
) -> Vec<Account> {
    let seats = Arc::new(Semaphore::new(AT_ONCE));
    let users = accounts.len() as u64;
    let mut working = Vec::new();
    for (number, mut account) in (0_u64..).zip(accounts) {
        let share = arguments.changes / users + u64::from(number < arguments.changes % users);
        let (seats, progress) = (Arc::clone(&seats), Arc::clone(progress));
        let dice = Dice::new(arguments.seed, number + 2);
        working.push(tokio::spawn(async move {
            let _seat = seats.acquire_owned().await.expect("a seat");
            account.work(share, &dice, &progress).await;
            account
        }));
    }
    let weather = tokio::spawn(weather(arguments.changes, Arc::clone(plan), Arc::clone(progress)));
    let mut accounts = Vec::new();
    for task in working {
        accounts.push(task.await.expect("a user whose every change is made"));
    }
    weather.abort();
    accounts
}

async fn weather(changes: u64, plan: Arc<Plan>, progress: Arc<Progress>) {
    let after = async |share: u64| {
        while progress.changes.load(Ordering::Relaxed) < changes * share / 100 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        eprintln!("{share} % of the changes made");
    };
    after(25).await;
    after(50).await;
    plan.rage(Storm::Table("notifications"), TABLE_STORM);
    after(75).await;
    if changes >= LARGE {
        plan.rage(Storm::Bus, BUS_STORM);
    }
    after(100).await;
}

/// Waits until nothing comes any more and no dead letter is left; the letters that were replayed on the way.
async fn settle(product: &Product, proxy: &Proxy) -> replay::Replayed {
    let mut letters = Vec::new();
    proxy.quiet_for(QUIET).await;
    loop {
        let replayed = replay::everything(product).await;
        if replayed.is_empty() {
            return letters;
        }
        letters.extend(replayed);
        proxy.quiet_for(QUIET_AGAIN).await;
    }
}

fn verdict(ledger: &Ledger, control: bool) -> ExitCode {
    if control {
        if ledger.missing > 0 && ledger.doubled > 0 {
            println!("the ledger sees what naive functions lose and double");
            return ExitCode::SUCCESS;
        }
        println!("FAILED: naive functions must lose some changes and double some, and the ledger must see it");
        return ExitCode::FAILURE;
    }
    if ledger.is_even() {
        println!("every change had its effect once");
        return ExitCode::SUCCESS;
    }
    println!("FAILED: something was lost, doubled or out of step");
    ExitCode::FAILURE
}
