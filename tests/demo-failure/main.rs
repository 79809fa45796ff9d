//! Breaks the running local cloud as a bad deployment would, to practise `docs/runbook-dlq.md`: `cargo xtask demo-failure`.
//!
//! Users sign up, items are added and completed, over the product's own interfaces. What breaks is what a deployment can
//! break: a setting with a typo, a wrong role, a rule with a missing target, events that a script wrote.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a scenario with the tools of the tests: it fails by panicking, reports by printing, and reads the clock"
)]

mod faults;
mod load;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use aws_sdk_sqs::types::QueueAttributeName;
use clap::Parser;
use tests::product::Product;

use crate::faults::Faults;
use crate::load::Load;

/// The longest time until all failures are in their queues. Lambda tries each event three times, in about three seconds
/// on the local cloud.
const DEADLINE: Duration = Duration::from_mins(5);

/// The service with the failing jobs, and the one with the failing publisher.
const CONSUMER: &str = "notifications";
const PUBLISHER: &str = "todos";

/// Injects the failures, or removes their causes.
#[derive(Parser)]
struct Arguments {
    /// How many failures, beside the invalid stream record.
    #[arg(long, default_value_t = 300)]
    count: u32,
    /// Remove the causes; the failures stay in their queues.
    #[arg(long)]
    repair: bool,
    /// The file that keeps what was there before, so that a later call can restore it.
    #[arg(long)]
    state: PathBuf,
}

/// How many failures of each kind.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Shares {
    /// Welcome emails that SES refuses.
    refused: u32,
    /// New items, for which the function's role may not write an inbox entry.
    forbidden: u32,
    /// Completed items, for which the rule has a target that does not exist.
    undelivered: u32,
    /// Events without a required field.
    unreadable: u32,
}

impl Shares {
    fn new(count: u32) -> Self {
        let (refused, forbidden, undelivered) = (count * 4 / 10, count * 3 / 10, count * 2 / 10);
        Self { refused, forbidden, undelivered, unreadable: count - refused - forbidden - undelivered }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let product = Product::shared().await;
    let faults = Faults::new(&product, arguments.state);
    match (arguments.repair, faults.are_injected()) {
        (true, true) => repair(&faults).await,
        (true, false) => eprintln!("Nothing is broken."),
        (false, false) => inject(&product, &faults, arguments.count).await,
        (false, true) => {
            eprintln!(
                "error: the failures are there already: look with `cargo ops dlq list`, or run `cargo xtask demo-failure \
                 --repair` first"
            );
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// One kind of failure after the other: each waits until its failures are in the queue, because the next fault may stop
/// its events from getting that far.
async fn inject(product: &Product, faults: &Faults<'_>, count: u32) {
    let shares = Shares::new(count);
    let load = Load::new(product);
    let queues = Queues { product, before: (depth(product, CONSUMER).await, depth(product, PUBLISHER).await) };
    let mut expected = 0;
    let mut wait_for = async |step: &str, failures: u32| {
        expected += u64::from(failures);
        queues.wait(expected, 0).await;
        eprintln!("✓ {step:<24} {failures} failures");
    };

    load.write_unreadable_events(shares.unreadable).await;
    wait_for("Unreadable events", shares.unreadable).await;

    faults.misspell_sender().await;
    load.sign_up(shares.refused).await;
    wait_for("Refused emails", shares.refused).await;

    faults.exchange_role().await;
    let items = load.add_items(shares.forbidden).await;
    wait_for("Forbidden writes", shares.forbidden).await;

    faults.remove_target().await;
    load.complete(&items[..shares.undelivered as usize]).await;
    wait_for("Undelivered events", shares.undelivered).await;

    faults.write_invalid_record().await;
    queues.wait(u64::from(count), 1).await;
    eprintln!("✓ {:<24} 1 failure", "Invalid stream record");
    println!("{}", summary(shares));
}

async fn repair(faults: &Faults<'_>) {
    let repaired = faults.repair().await;
    eprintln!("✓ Repaired                 {}", repaired.join(", "));
    println!(
        "
The causes are removed; the failures are still in their queues.
  cargo ops dlq verify {CONSUMER}       what would succeed now"
    );
}

/// The dead-letter queues of the two services, and how full they were.
struct Queues<'a> {
    product: &'a Product,
    before: (u64, u64),
}

impl Queues<'_> {
    async fn wait(&self, failures: u64, records: u64) {
        let deadline = Instant::now() + DEADLINE;
        loop {
            let failed = depth(self.product, CONSUMER).await.saturating_sub(self.before.0);
            let invalid = depth(self.product, PUBLISHER).await.saturating_sub(self.before.1);
            if failed >= failures && invalid >= records {
                return;
            }
            assert!(
                Instant::now() < deadline,
                "after {DEADLINE:?} only {failed} of {failures} failures and {invalid} of {records} invalid records are in \
                 the queues: look with `cargo xtask status`, then run `cargo xtask demo-failure --repair`"
            );
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    }
}

async fn depth(product: &Product, service: &str) -> u64 {
    let name = QueueAttributeName::ApproximateNumberOfMessages;
    let client = aws_sdk_sqs::Client::new(product.sdk());
    let request = client.get_queue_attributes().queue_url(product.dead_letter_queue_url(service));
    let response = request.attribute_names(name.clone()).send().await.expect("a dead-letter queue");
    let depth = response.attributes.and_then(|attributes| attributes.get(&name)?.parse().ok());
    depth.expect("a queue has a number of messages")
}

fn summary(shares: Shares) -> String {
    let Shares { refused, forbidden, undelivered, unreadable } = shares;
    let (sender, inbox) = (faults::WELCOME_EMAIL, faults::NEW_ITEM);
    let (completed, invalid) = (faults::COMPLETED_ITEM, faults::REJECTED_ATTACHMENT);
    format!(
        "
The alarm busline-local-{CONSUMER}-failed-messages has gone off.

Broken, as a bad deployment would break it:
  {sender:<22} its MAIL_FROM has a typo: SES refuses every email       {refused:>4} failures
  {inbox:<22} it has another function's role, which may not write      {forbidden:>4} failures
  {completed:<22} its rule has a target that does not exist             {undelivered:>4} failures
  {invalid:<22} a script wrote events without a required field        {unreadable:>4} failures
  publish ({PUBLISHER})        a row in the table's outbox is not an event              1 failure

Next, as in docs/runbook-dlq.md:
  cargo ops dlq list                       where, and how many
  cargo ops dlq clusters {CONSUMER}     what, and why
  cargo xtask demo-failure --repair        remove the causes (the failures stay in their queues)"
    )
}
