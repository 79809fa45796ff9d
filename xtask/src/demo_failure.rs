//! The situation of three o'clock at night, on the local cloud: hundreds of failures of four kinds, and one poison.
//!
//! Everything real is made as a user would make it: people sign up, items are added and completed. What is broken is
//! what a deployment breaks: a misspelt setting, a role that was mixed up, a rule that points to a function that is gone,
//! a script that wrote events by hand.

mod breakage;
mod crowd;

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;

use crate::aws::{LOCAL, Target};
use crate::demo_failure::breakage::Breakage;
use crate::demo_failure::crowd::Crowd;
use crate::home::Home;
use crate::status::Status;
use crate::ui::{self, Step};

/// The longest time until all failures have reached their queues. Lambda tries each event three times, in about three
/// seconds on the local cloud.
const PATIENCE: Duration = Duration::from_mins(5);

/// What to make, or to mend.
#[derive(Debug, Args)]
pub(crate) struct DemoFailure {
    /// How many failures, beside the poison.
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u32).range(10..=3000), conflicts_with = "mend")]
    count: u32,
    /// Set right what was broken; the failures stay in their queues.
    #[arg(long)]
    mend: bool,
}

/// How many failures of which kind.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Shares {
    /// Welcome mails that SES refuses.
    refused: u32,
    /// New items whose inbox entry may not be written.
    forbidden: u32,
    /// Completed items whose rule has lost its target.
    undelivered: u32,
    /// Events that no job can read.
    unreadable: u32,
}

impl Shares {
    fn of(count: u32) -> Self {
        let (refused, forbidden, undelivered) = (count * 4 / 10, count * 3 / 10, count * 2 / 10);
        Self { refused, forbidden, undelivered, unreadable: count - refused - forbidden - undelivered }
    }
}

/// `cargo xtask demo-failure`.
pub(crate) async fn command(home: &Home, run: &DemoFailure) -> Result<()> {
    let target = Target::of(home, LOCAL).await?;
    let breakage = Breakage::of(home, &target);
    if run.mend { mend(&breakage).await } else { make(&target, &breakage, run.count).await }
}

async fn make(target: &Target, breakage: &Breakage<'_>, count: u32) -> Result<()> {
    ensure!(
        !breakage.is_there()?,
        "the situation is there already: look with `cargo ops dlq list`, or mend it with \
         `cargo xtask demo-failure --mend` first"
    );
    let status = Status::read(target).await?;
    let shares = Shares::of(count);
    let crowd = Crowd::gather(target, &status).await?;
    let before = waiting(target).await?;

    let step = Step::start("Broken");
    breakage.break_all(&status).await?;
    step.done("one setting, one role, one rule");
    let made = produce(&crowd, breakage, shares, &status).await;
    // Whatever came of it, `--mend` is what to do next.
    made.context("the situation is made in part; `cargo xtask demo-failure --mend` sets it right")?;
    arrived(target, &before, count).await?;
    ui::print(story(shares));
    Ok(())
}

async fn produce(crowd: &Crowd, breakage: &Breakage<'_>, shares: Shares, status: &Status) -> Result<()> {
    let step = Step::start("Sign-ups");
    crowd.sign_up(shares.refused).await?;
    step.done(shares.refused);
    let step = Step::start("To-do items");
    let items = crowd.add_items(shares.forbidden).await?;
    crowd.complete(&items[..shares.undelivered as usize]).await?;
    step.done(format_args!("{} added, {} completed", shares.forbidden, shares.undelivered));
    let step = Step::start("Rows by hand");
    crowd.backfill(shares.unreadable, status).await?;
    breakage.poison(status).await?;
    step.done(format_args!("{} that nobody can read, 1 poison", shares.unreadable));
    Ok(())
}

/// Waits until every failure waits in its queue.
async fn arrived(target: &Target, before: &Depths, count: u32) -> Result<()> {
    let step = Step::start("Failures");
    let begun = Instant::now();
    loop {
        let now = waiting(target).await?;
        let failed = now.notifications.saturating_sub(before.notifications);
        let poisons = now.todos.saturating_sub(before.todos);
        step.at(format_args!("{failed} of {count}, {poisons} poison"));
        if failed >= u64::from(count) && poisons >= 1 {
            step.done(format_args!("{failed} in notifications, {poisons} in todos"));
            return Ok(());
        }
        if begun.elapsed() > PATIENCE {
            bail!(
                "after {} only {failed} of {count} failures and {poisons} of 1 poison are in the queues: look with \
                 `cargo xtask status`, then `cargo xtask demo-failure --mend`",
                ui::seconds(PATIENCE)
            );
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

struct Depths {
    notifications: u64,
    todos: u64,
}

async fn waiting(target: &Target) -> Result<Depths> {
    let status = Status::read(target).await?;
    let depth = |service: &str| {
        let queue = status.services.get(service).and_then(|service| service.dlq_depth);
        queue.with_context(|| format!("{service} has no dead-letter queue: run `cargo xtask up`"))
    };
    Ok(Depths { notifications: depth("notifications")?, todos: depth("todos")? })
}

fn story(shares: Shares) -> String {
    let Shares { refused, forbidden, undelivered, unreadable } = shares;
    format!(
        "
It is 3 a.m. and the alarm busline-local-notifications-failed-messages has gone off.

Broken, as a bad deployment breaks it:
  send-welcome-mail   its MAIL_FROM has a typo: SES refuses every mail        {refused:>4} failures
  todo-created        it runs with another job's role: it may not write       {forbidden:>4} failures
  todo-completed      its rule points to a function that is gone              {undelivered:>4} failures
  attachment-rejected a script wrote events without an owner                  {unreadable:>4} failures
  todos-publish       a row in the table's outbox is no event                    1 poison

Next, as docs/runbook-dlq.md says:
  cargo ops dlq list                       where, and how many
  cargo ops dlq clusters notifications     what, and why
  cargo xtask demo-failure --mend          mend the causes (the failures stay in their queues)"
    )
}

async fn mend(breakage: &Breakage<'_>) -> Result<()> {
    if !breakage.is_there()? {
        ui::note("Nothing is broken.");
        return Ok(());
    }
    let step = Step::start("Mended");
    let mended = breakage.mend().await?;
    step.done(mended.join(", "));
    ui::print(
        "
The causes are gone; the failures still wait in their queues.
  cargo ops dlq verify notifications       what would pass now",
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shares_are_the_whole() {
        for count in [10, 11, 299, 300, 3000] {
            let Shares { refused, forbidden, undelivered, unreadable } = Shares::of(count);
            assert_eq!(refused + forbidden + undelivered + unreadable, count);
            assert!(undelivered <= forbidden, "only an item that was added can be completed");
            assert!(undelivered > 0 && unreadable > 0);
        }
    }
}
