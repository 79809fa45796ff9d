//! `dlq replay` and `resume`: commands that replay messages.
#![allow(clippy::disallowed_methods, reason = "a command reads the clock and creates ids here")]

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::{Args, Subcommand};
use indicatif::ProgressBar;
use jiff::Timestamp;
use ops::connection;
use ops::dlq::history::History;
use ops::dlq::journal::entry::{Entry, Summary};
use ops::dlq::journal::state::State;
use ops::dlq::journal::{Journal, read};
use ops::dlq::options::MessageSelection;
use ops::dlq::plan::{FILTERED_OUT, Plan, plan};
use ops::dlq::queue::Queue;
use ops::dlq::replay::consumers::{Consumers, Consumption};
use ops::dlq::replay::progress::Progress;
use ops::dlq::replay::{PlannedReplay, Replay, ReplayResult, ReplaySource};
use ops::error::UsageError;
use serde_json::json;
use uuid::Uuid;

use crate::cli::confirmation::is_confirmed;
use crate::cli::dlq::import;
use crate::cli::dlq::inspect::grouped;
use crate::cli::dlq::journal::{self, JournalArgs, JournalCommand};
use crate::cli::dlq::reading::with_progress;
use crate::cli::dlq::replay_arguments::ReplayArgs;
use crate::cli::dlq::waiting::{self, WaitArgs, WaitedSummary};
use crate::cli::interrupts::stop_at_interrupt;
use crate::cli::output::{self, Format, Outcome, one_line};
use crate::cli::progress_bar::progress_bar;

/// The last line of output, and the exit codes.
const RESULT_HELP: &str = "\
The last line is {\"planned\", \"replayed\", \"parked\", \"skipped\", \"failed\", \"remaining\", \"journal\"}, \
with --wait also \"wait\": {\"end\": \"consumed\", \"notKnown\", \"timedOut\" or \"interrupted\", \"waiting\", \"cameBack\", \"notKnown\"}.

Exit codes: 0 all that was planned is done, with --wait also by the consumers, and nothing came back; 1 AWS or the network \
failed: `resume` continues; 2 something is left; 64 invalid \
arguments, or the queue or journal does not exist.";

const REPLAY_EXAMPLES: &str = "\
Examples:
  cargo ops dlq replay notifications --dry-run
  cargo ops dlq replay notifications --error-type MailRefused --ramp
  cargo ops dlq replay todos --order subject --rate 50
  ops dlq replay my-dlq --to-queue my-queue --wait --wait-timeout 15m
  cargo ops dlq replay notifications --cluster 4f0c1f5e --yes
  ops dlq replay my-dlq --to-queue my-queue
  ops dlq replay my-dlq --to-topic arn:aws:sns:eu-west-1:123456789012:orders --dry-run
  ops dlq replay my-dlq --as lambda-dlq --invoke my-function --count 1";

const RESUME_EXAMPLES: &str = "\
Examples:
  cargo ops dlq journal list
  cargo ops dlq resume 019a";

/// Commands that replay messages.
#[derive(Debug, Subcommand)]
pub(crate) enum ReplayCommand {
    /// Replays messages to what failed, to a queue or to an SNS topic
    ///
    /// A message is deleted only after its target accepted it and the journal recorded that. Without --ramp or --order,
    /// an event for a function is accepted when Lambda has queued it; with them, when the function has returned without
    /// an error.
    #[command(after_help = REPLAY_EXAMPLES, after_long_help = format!("{REPLAY_EXAMPLES}\n\n{RESULT_HELP}"))]
    Replay(Box<ReplayArgs>),
    /// Resumes a replay that ended before it was complete, for any reason
    #[command(after_help = RESUME_EXAMPLES, after_long_help = format!("{RESUME_EXAMPLES}\n\n{RESULT_HELP}"))]
    Resume(ResumeArgs),
    /// Shows journals of replays
    #[command(subcommand)]
    Journal(JournalCommand),
}

#[derive(Debug, Args)]
pub(crate) struct ResumeArgs {
    #[command(flatten)]
    journal: JournalArgs,
    #[command(flatten)]
    wait: WaitArgs,
}

pub(crate) async fn run(command: ReplayCommand) -> Result<Outcome> {
    match command {
        ReplayCommand::Replay(arguments) => replay(*arguments).await,
        ReplayCommand::Resume(arguments) => resume(arguments).await,
        ReplayCommand::Journal(command) => journal::run(&command),
    }
}

async fn replay(arguments: ReplayArgs) -> Result<Outcome> {
    let mut filter = arguments.filter.clone().filter(Timestamp::now())?;
    let connection = connection::connect(arguments.queue.env.as_deref(), Some(&arguments.queue.queue)).await?;
    let queue = Queue::resolve(&connection, &arguments.queue.queue).await?;
    let options = arguments.options(&connection, &queue).await?;
    let folder = arguments.folder.path()?;
    let count = arguments.count.map(|count| usize::try_from(count).unwrap_or(usize::MAX));
    let limits = arguments.browse.limits();
    if let Some(cluster) = &arguments.cluster {
        match cluster.find(&queue, &filter, limits.clone()).await? {
            ControlFlow::Continue(id) => filter.cluster = Some(id),
            ControlFlow::Break(plan) => {
                output::print_text(dry_run_result(&plan, arguments.format)?.as_bytes())?;
                return Ok(Outcome::Incomplete);
            }
        }
    }
    let chosen = MessageSelection::new(filter, count);
    let history = History::read(&folder, None)?;
    let stopped = Arc::clone(&limits.cancelled);
    let read = async |limits| plan(&queue, &options, &chosen, &history, limits).await;
    let plan = with_progress(limits, read).await?;
    print_plan(&plan, &queue);
    if stopped.load(Ordering::Relaxed) {
        return stopped_while_planning(&plan, arguments.format);
    }
    if arguments.dry_run {
        return output::print_text(dry_run_result(&plan, arguments.format)?.as_bytes());
    }
    if (plan.planned > 0 || plan.everything) && !arguments.yes && options.rehearsal.is_none() {
        let question = format!("Send these {} messages and delete them from {}?", grouped(plan.planned), queue.name());
        if !is_confirmed(&question, &stopped).await {
            output::print_notice("nothing was sent");
            output::print_text(dry_run_result(&plan, arguments.format)?.as_bytes())?;
            return Ok(Outcome::Incomplete);
        }
    }
    let id = Uuid::now_v7().to_string();
    let journal = Journal::create(&folder, &id)?;
    offer_resume(journal.path());
    let source = ReplaySource { queue, env: connection.env, sdk: connection.sdk };
    let planned = PlannedReplay { plan, filter: chosen.filter, history };
    let replay = Box::pin(Replay::start(source, options, planned, journal, id)).await?;
    run_to_end(replay, &stopped, arguments.wait.timeout(), arguments.format).await
}

async fn resume(ResumeArgs { journal: arguments, wait }: ResumeArgs) -> Result<Outcome> {
    let folder = arguments.folder.path()?;
    let path = read::find(&folder, &arguments.replay)?;
    let (journal, state) = Journal::reopen(&path)?;
    let no_plan = || {
        UsageError("the journal has no plan: the replay ended before it sent a message. Run `replay` again".to_owned())
    };
    let planned = state.plan.clone().ok_or_else(no_plan)?;
    if state.is_plan_incomplete() {
        let summary = Summary {
            planned: planned.planned,
            remaining: planned.planned,
            journal: path.display().to_string(),
            ..Summary::default()
        };
        journal.write(Entry::Closed(summary.clone())).await?;
        output::print_notice(
            "this replay ended while its plan was written, before it sent a message: run `replay` again",
        );
        output::print_summary(&summary, arguments.format)?;
        return Ok(Outcome::Incomplete);
    }
    if let Some(closed) = state.closed.as_ref().filter(|closed| closed.remaining == 0) {
        output::print_notice("this replay is complete");
        return match wait.demanded() {
            Some(timeout) => wait_again(&arguments, &state, closed, timeout).await,
            None => print_result(closed, arguments.format),
        };
    }
    if import::is_import(&planned) {
        return import::report_earlier(&path, &planned, &state, arguments.format);
    }
    ensure!(
        !planned.options.is_null(),
        UsageError(
            "this is the journal of an edit, which cannot be \
             resumed: check with `peek` whether the edited message exists (its \
             attribute busline-edited names the original one), then `edit` again or `purge` the superfluous one"
                .to_owned()
        )
    );
    offer_resume(&path);
    let connection = connection::connect(arguments.env.as_deref(), Some(&planned.queue)).await?;
    let queue = Queue::open(&connection, &planned.queue).await;
    queue.attributes().await?;
    if !state.uncertain.is_empty() {
        output::print_notice(&format!(
            "{} messages were being sent when it ended: they are sent again under the same key",
            state.uncertain.len()
        ));
    }
    let history = History::read(&folder, Some(&path))?;
    let source = ReplaySource { queue, env: planned.env, sdk: connection.sdk };
    let replay = Box::pin(Replay::resume(source, history, journal, state)).await?;
    run_to_end(replay, &stop_at_interrupt(Arc::default()), wait.timeout(), arguments.format).await
}

/// The result when a command is interrupted before it has sent anything.
pub(crate) fn stopped_while_planning(plan: &Plan, format: Format) -> Result<Outcome> {
    output::print_notice("interrupted: nothing was sent. Run the same command again");
    output::print_text(dry_run_result(plan, format)?.as_bytes())?;
    Ok(Outcome::Incomplete)
}

/// If the command does not end with success, the operator is told how to continue the replay of this journal.
pub(crate) fn offer_resume(journal: &Path) {
    let id = journal.file_stem().unwrap_or_default().to_string_lossy();
    output::set_continuation(Some(format!(
        "replay {id} is not complete: `{} dlq resume {}` continues it",
        output::program(),
        journal.display()
    )));
}

/// Runs a replay, and shows its progress on a terminal. With a time, waits for the consumers afterwards.
pub(crate) async fn run_to_end(
    replay: Replay,
    stopped: &Arc<AtomicBool>,
    wait: Option<Duration>,
    format: Format,
) -> Result<Outcome> {
    let replay = if wait.is_some() { replay.awaiting_functions() } else { replay };
    let (progress, stop) = (replay.progress(), replay.stop());
    let bar = progress_bar("{bar:30} {pos}/{len} {rate} {left} {msg}", Duration::ZERO);
    let running = tokio::spawn(replay.run());
    while !running.is_finished() {
        show_progress(&bar, &progress);
        if stopped.load(Ordering::Relaxed) {
            stop.store(true, Ordering::Relaxed);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    bar.finish_and_clear();
    let ReplayResult { summary, consumers, stopped: reason, is_complete } =
        running.await.context("the replay task failed")??;
    if let Some(reason) = reason {
        output::print_notice(&format!("stopped: {reason}"));
    }
    let outcome = match wait {
        // After an interrupt it only looks.
        Some(timeout) => wait_and_print(&consumers, &summary, timeout, stopped, format).await?,
        None => print_result(&summary, format)?,
    };
    Ok(if is_complete { outcome } else { Outcome::Incomplete })
}

/// Waits for the consumers of a replay that has ended, and prints the summary.
async fn wait_and_print(
    consumers: &Consumers,
    summary: &Summary,
    timeout: Duration,
    stopped: &AtomicBool,
    format: Format,
) -> Result<Outcome> {
    let consumption = waiting::wait(consumers, timeout, stopped, summary).await;
    let outcome = print_waited_result(summary, consumption.as_ref().ok(), format)?;
    let is_consumed = waiting::report(&consumption?) == Outcome::Complete;
    Ok(if is_consumed { outcome } else { Outcome::Incomplete })
}

/// Waits again for the consumers of a replay that is complete.
async fn wait_again(arguments: &JournalArgs, state: &State, summary: &Summary, timeout: Duration) -> Result<Outcome> {
    let plan = state.plan.as_ref().filter(|plan| !plan.options.is_null());
    let no_replay = || UsageError("this is not the journal of a replay: there is nothing to wait for".to_owned());
    let plan = plan.ok_or_else(no_replay)?;
    let stopped = stop_at_interrupt(Arc::default());
    let connection = connection::connect(arguments.env.as_deref(), Some(&plan.queue)).await?;
    let queue = Queue::open(&connection, &plan.queue).await;
    let consumers = Consumers::from_journal(&queue, &connection.sdk, state).await?;
    wait_and_print(&consumers, summary, timeout, &stopped, arguments.format).await
}

fn show_progress(bar: &ProgressBar, progress: &Progress) {
    let value = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    bar.set_length(value(&progress.planned));
    bar.set_position(value(&progress.replayed) + value(&progress.parked));
    bar.set_message(format!("{} failed, {} parked", value(&progress.failed), value(&progress.parked)));
}

/// Prints the summary, the last line of output.
pub(crate) fn print_result(summary: &Summary, format: Format) -> Result<Outcome> {
    print_waited_result(summary, None, format)
}

fn print_waited_result(summary: &Summary, consumption: Option<&Consumption>, format: Format) -> Result<Outcome> {
    output::print_summary(&WaitedSummary::new(summary, consumption), format)?;
    for (reason, count) in summary.left_out.iter().filter(|(reason, _)| *reason != FILTERED_OUT) {
        output::print_notice(&format!("{} left: {}", grouped(*count), one_line(reason)));
    }
    if summary.remaining == 0 {
        if consumption.is_none() {
            output::set_continuation(None);
        }
        let is_complete = summary.superseded() == 0;
        return Ok(if is_complete { Outcome::Complete } else { Outcome::Incomplete });
    }
    output::print_notice(&format!(
        "{} messages are left: check the journal, then `resume` or `replay`",
        grouped(summary.remaining)
    ));
    Ok(Outcome::Incomplete)
}

pub(crate) fn print_plan(plan: &Plan, queue: &Queue) {
    let messages = if plan.planned == 1 { "message" } else { "messages" };
    output::print_notice(&format!("{} {messages} of {}", grouped(plan.planned), queue.name()));
    for (target, count) in &plan.targets {
        output::print_notice(&format!("  {:>7}  to {}", grouped(*count), one_line(target)));
    }
    for (reason, count) in &plan.left_out {
        output::print_notice(&format!("  {:>7}  left out: {}", grouped(*count), one_line(reason)));
    }
}

/// The result of `--dry-run`: the summary of a replay without messages, and the plan.
fn dry_run_result(plan: &Plan, format: Format) -> Result<String> {
    let skipped: u64 = plan.left_out.values().sum();
    let plan = json!({
        "planned": plan.planned, "replayed": 0, "parked": 0, "skipped": skipped, "failed": 0,
        "remaining": plan.planned + plan.unseen,
        "journal": null, "roads": plan.targets, "leftOut": plan.left_out,
    });
    if format == Format::Json { output::json_text(&plan) } else { output::json_line(&plan) }
}
