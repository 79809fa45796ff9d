//! `--wait`: a command that ends when the consumers are done with what it has sent.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use indicatif::ProgressBar;
use ops::dlq::filter;
use ops::dlq::journal::entry::Summary;
use ops::dlq::replay::consumers::{Consumers, Consumption, WaitEnd};
use serde::Serialize;

use crate::cli::dlq::inspect::grouped;
use crate::cli::interrupts;
use crate::cli::output::{self, Outcome, one_line, program};

/// Whether to wait for the consumers, and how long.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct WaitArgs {
    /// Wait until the consumers are done: until the queues that messages were sent to are empty, in AWS for a minute, because
    /// its counts lag. The responses of functions are awaited. Whether the subscribers of a topic are done cannot be known.
    /// The default if standard error is a terminal
    #[arg(long, conflicts_with = "no_wait")]
    wait: bool,
    /// End when everything was sent. The default if standard error is not a terminal
    #[arg(long)]
    no_wait: bool,
    /// The longest time to wait after the last message was sent
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = timeout, conflicts_with = "no_wait")]
    wait_timeout: Duration,
}

impl WaitArgs {
    /// The longest time to wait; `None` for not at all.
    pub(crate) fn timeout(self) -> Option<Duration> {
        let waits = self.wait || (output::is_error_terminal() && !self.no_wait);
        waits.then_some(self.wait_timeout)
    }

    /// The longest time to wait, if it was asked for.
    pub(crate) fn demanded(self) -> Option<Duration> {
        self.wait.then_some(self.wait_timeout)
    }
}

fn timeout(text: &str) -> Result<Duration, String> {
    Duration::try_from(filter::age(text)?).map_err(|error| error.to_string())
}

/// The summary of a replay, and what was seen of the consumers.
#[derive(Serialize)]
pub(crate) struct WaitedSummary<'a> {
    #[serde(flatten)]
    summary: &'a Summary,
    #[serde(skip_serializing_if = "Option::is_none")]
    wait: Option<&'a Consumption>,
}

impl<'a> WaitedSummary<'a> {
    pub(crate) fn new(summary: &'a Summary, wait: Option<&'a Consumption>) -> Self {
        Self { summary, wait }
    }
}

/// Waits for the consumers, and shows on a terminal how many messages are left. When nothing of the replay remains, an early
/// end prints the command that goes on waiting.
pub(crate) async fn wait(
    consumers: &Consumers,
    timeout: Duration,
    stopped: &AtomicBool,
    summary: &Summary,
) -> Result<Consumption> {
    interrupts::hold_nothing();
    if summary.remaining == 0 {
        let again = format!("all was sent: `{} dlq resume {} --wait` goes on waiting", program(), summary.journal);
        output::set_continuation(Some(again));
    }
    // It draws only on a terminal.
    let spinner = ProgressBar::new_spinner();
    let report = |waiting| {
        spinner.set_message(format!("{} messages wait for their consumers", grouped(waiting)));
        spinner.tick();
    };
    let consumption = Box::pin(consumers.wait(timeout, stopped, report)).await;
    spinner.finish_and_clear();
    let is_over = |seen: &Consumption| matches!(seen.end, WaitEnd::Consumed | WaitEnd::NotKnown);
    if summary.remaining == 0 && consumption.as_ref().is_ok_and(is_over) {
        output::set_continuation(None);
    }
    consumption
}

/// Prints what is not done.
pub(crate) fn report(consumption: &Consumption) -> Outcome {
    let Consumption { end, waiting, came_back, not_known } = consumption;
    let waiting = grouped(*waiting);
    match end {
        WaitEnd::Consumed | WaitEnd::NotKnown => {}
        WaitEnd::TimedOut => output::print_notice(&format!(
            "{waiting} messages were not consumed in time: check whether the consumer runs; --wait-timeout waits longer"
        )),
        WaitEnd::Interrupted => {
            output::print_notice(&format!("interrupted: {waiting} messages were not consumed yet"));
        }
    }
    if *came_back > 0 {
        let count = grouped(*came_back);
        output::print_notice(&format!(
            "{count} messages came to the dead-letter queue meanwhile: they failed again, or are new"
        ));
    }
    for what in not_known {
        output::print_notice(&format!("it cannot be known whether {} are done", one_line(what)));
    }
    if consumption.is_complete() { Outcome::Complete } else { Outcome::Incomplete }
}
