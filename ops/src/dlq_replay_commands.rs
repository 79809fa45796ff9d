//! `dlq replay` and `resume`: commands that bring messages back.
#![allow(clippy::disallowed_methods, reason = "a command-line tool looks at the clock and makes ids here")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::Subcommand;
use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use ops::dlq::history::History;
use ops::dlq::journal::entry::Summary;
use ops::dlq::journal::{Journal, read};
use ops::dlq::look::Until;
use ops::dlq::options::Wanted;
use ops::dlq::plan::{Plan, plan};
use ops::dlq::queue::{Queue, WrongUse};
use ops::dlq::replay::progress::Progress;
use ops::dlq::replay::{Ended, Meant, Place, Replay};
use ops::target;
use serde_json::json;
use uuid::Uuid;

use crate::dlq_journal_commands::{self, JournalCommand, OfJournal};
use crate::dlq_replay_arguments::ReplayArgs;
use crate::interrupts::stop_at_interrupt;
use crate::output::{self, Format, Outcome};

/// How results and exit codes look.
const ENDS_WITH: &str = "\
The last line is {\"planned\", \"replayed\", \"parked\", \"skipped\", \"failed\", \"remaining\", \"journal\"}.

Exit codes: 0 all that was planned is done; 1 AWS or the network failed: `resume` goes on; 2 something is left; 64 wrong \
use, or there is no such thing.";

const REPLAY_EXAMPLES: &str = "\
Examples:
  cargo ops dlq replay notifications --dry-run
  cargo ops dlq replay notifications --error-type MailRefused --ramp
  cargo ops dlq replay todos --order subject --rate 50
  ops dlq replay my-dlq --to-queue my-queue
  ops dlq replay my-dlq --as lambda-dlq --invoke my-function --count 1";

const RESUME_EXAMPLES: &str = "\
Examples:
  cargo ops dlq journal list
  cargo ops dlq resume 019a";

/// Commands that bring messages back.
#[derive(Debug, Subcommand)]
pub(crate) enum Moving {
    /// Brings messages back to what failed, or to a queue
    ///
    /// A message leaves the queue only after its replay was accepted and journaled. Without --ramp or --order, a function
    /// counts as having accepted an event when Lambda has; with them, when it has done its job.
    #[command(after_help = REPLAY_EXAMPLES, after_long_help = format!("{REPLAY_EXAMPLES}\n\n{ENDS_WITH}"))]
    Replay(Box<ReplayArgs>),
    /// Goes on with a replay that ended before all was done, however it ended
    #[command(after_help = RESUME_EXAMPLES, after_long_help = format!("{RESUME_EXAMPLES}\n\n{ENDS_WITH}"))]
    Resume(OfJournal),
    /// Shows what replays did
    #[command(subcommand)]
    Journal(JournalCommand),
}

/// Does what was asked.
pub(crate) async fn run(command: Moving) -> Result<Outcome> {
    match command {
        Moving::Replay(arguments) => replay(*arguments).await,
        Moving::Resume(arguments) => resume(arguments).await,
        Moving::Journal(command) => dlq_journal_commands::run(&command),
    }
}

async fn replay(arguments: ReplayArgs) -> Result<Outcome> {
    let filter = arguments.filter.clone().filter(Timestamp::now())?;
    let target = target::connect(arguments.queue.env.as_deref(), Some(&arguments.queue.queue)).await?;
    let queue = Queue::resolve(&target.sdk, &target.env, &arguments.queue.queue).await?;
    let options = arguments.options(&target, &queue).await?;
    let folder = arguments.folder.path()?;
    let count = arguments.count.map(|count| usize::try_from(count).unwrap_or(usize::MAX));
    let wanted = Wanted::new(filter, count);
    let history = History::read(&folder, None)?;
    let until = Until::after(arguments.look.deadline);
    let stopped = stop_at_interrupt(Arc::clone(&until.stopped));
    let plan = plan(&queue, &options, &wanted, &history, until).await?;
    tell(&plan, &queue);
    if arguments.dry_run || stopped.load(Ordering::Relaxed) {
        return output::text(dry(&plan, arguments.format).as_bytes());
    }
    let id = Uuid::now_v7().to_string();
    let journal = Journal::create(&folder, &id)?;
    let place = Place { queue, env: target.env, sdk: target.sdk };
    let meant = Meant { plan, filter: wanted.filter, history };
    let replay = Box::pin(Replay::begin(place, options, meant, journal, id)).await?;
    follow(replay, &stopped, arguments.format).await
}

async fn resume(arguments: OfJournal) -> Result<Outcome> {
    let folder = arguments.folder.path()?;
    let path = read::find(&folder, &arguments.replay)?;
    let (journal, state) = Journal::reopen(&path)?;
    let no_plan =
        || WrongUse("the journal has no plan: the replay ended before it did anything. `replay` again".to_owned());
    let planned = state.plan.clone().ok_or_else(no_plan)?;
    if let Some(closed) = state.closed.as_ref().filter(|closed| closed.remaining == 0) {
        output::remark("nothing is left of this replay");
        return end(closed, arguments.format);
    }
    ensure!(
        !planned.options.is_null(),
        WrongUse(
            "it is the journal of an edit, which is not resumed: look with `peek` whether the edited message is there (its \
             attribute busline-edited names the old one), and `edit` again or `purge` the one that is too much"
                .to_owned()
        )
    );
    let target = target::connect(arguments.env.as_deref(), Some(&planned.queue)).await?;
    let queue = Queue::at(&target.sdk, &planned.queue);
    queue.attributes().await?;
    if !state.unsure.is_empty() {
        output::remark(&format!(
            "{} messages were being sent when it ended: they are sent again under the same key",
            state.unsure.len()
        ));
    }
    let history = History::read(&folder, Some(&path))?;
    let place = Place { queue, env: planned.env, sdk: target.sdk };
    let replay = Box::pin(Replay::resume(place, history, journal, state)).await?;
    follow(replay, &stop_at_interrupt(Arc::default()), arguments.format).await
}

/// Lets a replay run, with its progress on a terminal.
pub(crate) async fn follow(replay: Replay, stopped: &Arc<AtomicBool>, format: Format) -> Result<Outcome> {
    let (progress, stop) = (replay.progress(), replay.stop());
    let bar = bar();
    let running = tokio::spawn(replay.run());
    while !running.is_finished() {
        show_progress(&bar, &progress);
        if stopped.load(Ordering::Relaxed) {
            stop.store(true, Ordering::Relaxed);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    bar.finish_and_clear();
    let Ended { summary, stopped, is_whole } = running.await.context("the replay ended early")??;
    if let Some(reason) = stopped {
        output::remark(&format!("stopped: {reason}"));
    }
    let outcome = end(&summary, format)?;
    Ok(if is_whole { outcome } else { Outcome::Left })
}

fn bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {per_sec} {eta} left {msg}");
    // It draws on a terminal alone.
    ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn show_progress(bar: &ProgressBar, progress: &Progress) {
    let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    bar.set_length(of(&progress.planned));
    bar.set_position(of(&progress.replayed) + of(&progress.parked));
    bar.set_message(format!("{} failed, {} parked", of(&progress.failed), of(&progress.parked)));
}

/// Prints the last line.
pub(crate) fn end(summary: &Summary, format: Format) -> Result<Outcome> {
    output::last(summary, format)?;
    if summary.remaining == 0 {
        return Ok(Outcome::Done);
    }
    output::remark(&format!("{} messages are left: see the journal, then `resume` or `replay`", summary.remaining));
    Ok(Outcome::Left)
}

pub(crate) fn tell(plan: &Plan, queue: &Queue) {
    output::remark(&format!("{} messages of {}", plan.planned, queue.name()));
    for (road, count) in &plan.roads {
        output::remark(&format!("  {count:>7}  to {road}"));
    }
    for (reason, count) in &plan.left_out {
        output::remark(&format!("  {count:>7}  left out: {reason}"));
    }
}

/// The plan as it ends `--dry-run`: the last line of a replay that did nothing, and where messages would go.
fn dry(plan: &Plan, format: Format) -> String {
    let skipped: u64 = plan.left_out.values().sum();
    let plan = json!({
        "planned": plan.planned, "replayed": 0, "parked": 0, "skipped": skipped, "failed": 0,
        "remaining": plan.planned + plan.unseen,
        "journal": null, "roads": plan.roads, "leftOut": plan.left_out,
    });
    if format == Format::Json { format!("{plan:#}\n") } else { format!("{plan}\n") }
}
