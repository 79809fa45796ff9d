//! `dlq replay`, `resume`, `rollback`, `journal`: commands that bring messages back.
#![allow(clippy::disallowed_methods, reason = "a command-line tool looks at the clock and makes ids here")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use ops::dlq::envelope::Envelope;
use ops::dlq::journal::entry::Summary;
use ops::dlq::journal::{Journal, read};
use ops::dlq::look::Until;
use ops::dlq::marks::Marking;
use ops::dlq::plan::{After, History, Options, Order, Pace, Plan, Superseded, Wanted, plan};
use ops::dlq::queue::{Queue, WrongUse};
use ops::dlq::replay::{Ended, Meant, Place, Progress, Replay};
use ops::dlq::roads::{Choice, Way};
use ops::target::{self, Target};
use serde_json::json;
use uuid::Uuid;

use crate::arguments::{FilterArgs, LookArgs, QueueArgs};
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

/// What to do with journals.
#[derive(Debug, Subcommand)]
pub(crate) enum JournalCommand {
    /// Lists replays, the oldest first
    #[command(after_help = "Example:\n  cargo ops dlq journal list")]
    List(JournalList),
    /// Prints a journal
    #[command(after_help = "Example:\n  cargo ops dlq journal show 019a")]
    Show(OfJournal),
    /// Checks that no line of a journal was changed, taken out or put in
    #[command(after_help = "Example:\n  cargo ops dlq journal verify 019a\n\n\
                            Exit codes: 0 it is whole; 1 it is broken; 64 there is no such journal.")]
    Verify(OfJournal),
}

/// A journal.
#[derive(Debug, Args)]
pub(crate) struct OfJournal {
    /// A replay's id, its beginning, or the journal's file
    replay: String,
    #[command(flatten)]
    folder: JournalFolder,
    /// The environment, when it is not the one that the journal names
    #[arg(long)]
    env: Option<String>,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

/// All journals.
#[derive(Debug, Args)]
pub(crate) struct JournalList {
    #[command(flatten)]
    folder: JournalFolder,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

/// Where journals are.
#[derive(Clone, Debug, Args)]
pub(crate) struct JournalFolder {
    /// The folder of journals; `.busline/ops/replays` in this repository, else `$XDG_STATE_HOME/busline-ops/replays`
    #[arg(long, value_name = "FOLDER")]
    journal_dir: Option<PathBuf>,
}

impl JournalFolder {
    /// The folder, which may not be there yet.
    pub(crate) fn path(&self) -> Result<PathBuf> {
        self.journal_dir.clone().map_or_else(|| Ok(target::state_dir()?.join("replays")), Ok)
    }
}

/// What to replay and how.
#[derive(Debug, Args)]
pub(crate) struct ReplayArgs {
    #[command(flatten)]
    queue: QueueArgs,
    #[command(flatten)]
    filter: FilterArgs,
    #[command(flatten)]
    look: LookArgs,
    #[command(flatten)]
    folder: JournalFolder,
    #[command(flatten)]
    way: WayArgs,
    /// Show the plan, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// At most this many messages
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
    /// At most this many messages a second
    #[arg(long, value_name = "MESSAGES", value_parser = rate)]
    rate: Option<f64>,
    /// Calls at a time
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=256))]
    concurrency: u16,
    /// Begin with 1, 2, 5, 20, … messages, and stop at the fifth failure among twenty
    #[arg(long)]
    ramp: bool,
    /// With --ramp: how long a step waits for the queue that it sent to to be worked off
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = seconds)]
    settle: u64,
    /// Park a message that was replayed this often and failed again
    #[arg(long, value_name = "TIMES", default_value_t = 3)]
    max_replays: u32,
    /// `subject`: the messages of one subject in their sequence, one at a time
    #[arg(long, value_enum, default_value_t = OrderArg::Any)]
    order: OrderArg,
    /// Replay an event also when a newer one of its subject is in the plan
    #[arg(long)]
    superseded: bool,
    /// How long a message stays hidden at the most when this program dies
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = seconds)]
    hidden: u64,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

/// Which way messages go.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Which way")]
pub(crate) struct WayArgs {
    /// Not back, but to this queue as they are: its URL or name
    #[arg(long, value_name = "QUEUE")]
    to_queue: Option<String>,
    /// To another endpoint, for a rehearsal: the messages stay in their queue
    #[arg(long, value_name = "URL")]
    to: Option<String>,
    /// Take messages of an unknown shape for these
    #[arg(long = "as", value_name = "ENVELOPE")]
    taken_as: Option<Envelope>,
    /// The function for messages that do not say which one failed
    #[arg(long, value_name = "FUNCTION")]
    invoke: Option<String>,
    /// Where messages are parked that failed too often; the service's parking queue when not given
    #[arg(long, value_name = "QUEUE")]
    parking: Option<String>,
}

/// In which order messages go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum OrderArg {
    /// As they come
    Any,
    /// Those of one subject by their sequence
    Subject,
}

fn rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if rate.is_finite() && rate >= 0.001 => Ok(rate),
        _ => Err("a number of messages a second is wanted, such as 50 or 0.5".to_owned()),
    }
}

fn seconds(text: &str) -> Result<u64, String> {
    let time = ops::dlq::filter::age(text)?;
    match u64::try_from(time.as_secs()) {
        Ok(seconds) if (1..=12 * 60 * 60).contains(&seconds) => Ok(seconds),
        _ => Err("a time from 1s to 12h is wanted".to_owned()),
    }
}

/// Does what was asked.
pub(crate) async fn run(command: Moving) -> Result<Outcome> {
    match command {
        Moving::Replay(arguments) => replay(*arguments).await,
        Moving::Resume(arguments) => resume(arguments).await,
        Moving::Journal(JournalCommand::List(arguments)) => list(&arguments),
        Moving::Journal(JournalCommand::Show(arguments)) => show(&arguments),
        Moving::Journal(JournalCommand::Verify(arguments)) => verify(&arguments),
    }
}

async fn replay(arguments: ReplayArgs) -> Result<Outcome> {
    let target = target::connect(arguments.queue.env.as_deref(), Some(&arguments.queue.queue)).await?;
    let queue = Queue::resolve(&target.sdk, &target.env, &arguments.queue.queue).await?;
    let options = arguments.options(&target, &queue).await?;
    let folder = arguments.folder.path()?;
    let filter = arguments.filter.filter(Timestamp::now());
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
    follow(replay, &stopped).await
}

impl ReplayArgs {
    async fn options(&self, target: &Target, queue: &Queue) -> Result<Options> {
        let way = match &self.way.to_queue {
            None => Way::Back,
            Some(given) => {
                let to = Queue::resolve(&target.sdk, &target.env, given).await?;
                let is_same = to.url() == queue.url();
                ensure!(!is_same, WrongUse("messages cannot go to the queue that they come from".to_owned()));
                Way::Queue(to.url().to_owned())
            }
        };
        Ok(Options {
            choice: Choice {
                way,
                function: self.way.invoke.clone(),
                taken_as: self.way.taken_as,
                marking: Marking::Count,
            },
            order: if self.order == OrderArg::Subject { Order::Subject } else { Order::Any },
            pace: if self.ramp { Pace::Ramp } else { Pace::Full },
            rate: self.rate,
            concurrency: self.concurrency.into(),
            max_replays: self.max_replays,
            parking: parking(target, queue, self.way.parking.as_deref()).await?,
            after: if self.way.to.is_some() { After::Keep } else { After::Remove },
            rehearsal: self.way.to.clone(),
            superseded: if self.superseded { Superseded::Replay } else { Superseded::Leave },
            hidden: self.hidden,
            settle: self.settle,
        })
    }
}

/// The queue where messages are parked: the one that was named, else the one beside the dead-letter queue, if it is there.
pub(crate) async fn parking(target: &Target, queue: &Queue, given: Option<&str>) -> Result<Option<String>> {
    if let Some(given) = given {
        return Ok(Some(Queue::resolve(&target.sdk, &target.env, given).await?.url().to_owned()));
    }
    let Some(service) = queue.name().strip_suffix("-dlq") else {
        return Ok(None);
    };
    match Queue::resolve(&target.sdk, &target.env, &format!("{service}-parking")).await {
        Ok(found) => Ok(Some(found.url().to_owned())),
        Err(error) if error.is::<WrongUse>() => Ok(None),
        Err(error) => Err(error),
    }
}

async fn resume(arguments: OfJournal) -> Result<Outcome> {
    let folder = arguments.folder.path()?;
    let path = read::find(&folder, &arguments.replay)?;
    let (journal, state) = Journal::reopen(&path)?;
    let planned = state.plan.clone().context("the journal has no plan: the replay ended before it had one")?;
    if let Some(closed) = state.closed.as_ref().filter(|closed| closed.remaining == 0) {
        output::remark("nothing is left of this replay");
        return end(closed);
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
    follow(replay, &stop_at_interrupt(Arc::default())).await
}

/// Lets a replay run, with its progress on a terminal.
pub(crate) async fn follow(replay: Replay, stopped: &Arc<AtomicBool>) -> Result<Outcome> {
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
    let Ended { summary, stopped } = running.await.context("the replay ended early")??;
    if let Some(reason) = stopped {
        output::remark(&format!("stopped: {reason}"));
    }
    end(&summary)
}

fn bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {per_sec} {eta} left {msg}");
    // It draws on a terminal alone.
    ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn show_progress(bar: &ProgressBar, progress: &Progress) {
    let of = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
    bar.set_length(of(&progress.planned));
    bar.set_position(of(&progress.replayed) + of(&progress.parked));
    bar.set_message(format!("{} failed, {} parked", of(&progress.failed), of(&progress.parked)));
}

/// Prints the last line.
pub(crate) fn end(summary: &Summary) -> Result<Outcome> {
    output::text(output::line(summary)?.as_bytes())?;
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
        "planned": plan.planned, "replayed": 0, "parked": 0, "skipped": skipped, "failed": 0, "remaining": plan.planned,
        "journal": null, "roads": plan.roads, "leftOut": plan.left_out,
    });
    if format == Format::Json { format!("{plan:#}\n") } else { format!("{plan}\n") }
}

fn list(arguments: &JournalList) -> Result<Outcome> {
    let mut rows = Vec::new();
    for path in read::all(&arguments.folder.path()?)? {
        rows.push(row(&path));
    }
    output::rows(&rows, arguments.format, || {
        let mut table = comfy_table::Table::new();
        table.load_style(comfy_table::presets::NOTHING);
        table.set_header(["replay", "queue", "planned", "state"]);
        for row in &rows {
            let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
            table.add_row([text("replayId"), text("queue"), row["planned"].to_string(), text("state")]);
        }
        format!("{table}\n")
    })
}

/// What one journal says in short; a broken one too.
fn row(path: &Path) -> serde_json::Value {
    let mut state = ops::dlq::journal::state::State::default();
    let chain = read::read(path, |line| state.take(line.entry));
    let plan = state.plan;
    let says = match (&chain, &state.closed) {
        (Err(_), _) => "broken",
        (Ok(_), Some(summary)) if summary.remaining == 0 => "done",
        (Ok(_), Some(_)) => "some is left",
        (Ok(_), None) => "not ended: resume",
    };
    json!({
        "replayId": path.file_stem().map(|name| name.to_string_lossy()),
        "queue": plan.as_ref().map(|plan| plan.queue.clone()),
        "way": plan.as_ref().map(|plan| plan.way.clone()),
        "planned": plan.as_ref().map(|plan| plan.planned),
        "replayed": state.replayed,
        "parked": state.parked,
        "state": says,
        "journal": path,
    })
}

fn show(arguments: &OfJournal) -> Result<Outcome> {
    let path = read::find(&arguments.folder.path()?, &arguments.replay)?;
    let mut lines = Vec::new();
    read::read(&path, |line| lines.push(line))?;
    output::rows(&lines, arguments.format, || {
        let line = |line: &ops::dlq::journal::entry::Line| {
            let mut entry = serde_json::to_value(&line.entry).unwrap_or_default();
            let name = entry["entry"].as_str().unwrap_or_default().to_owned();
            if let Some(fields) = entry.as_object_mut() {
                fields.remove("entry");
            }
            format!("{} {:<10} {}\n", line.at.strftime("%F %T%.3fZ"), name, entry)
        };
        lines.iter().map(line).collect()
    })
}

fn verify(arguments: &OfJournal) -> Result<Outcome> {
    let path = read::find(&arguments.folder.path()?, &arguments.replay)?;
    let chain = read::read(&path, |_| {})?;
    ensure!(chain.lines > 0, "{} has no line: it is no whole journal, a replay begins with its plan", path.display());
    let found = json!({"journal": path, "lines": chain.lines, "head": chain.head, "torn": chain.torn});
    output::one(&found, arguments.format, || {
        let torn = if chain.torn { "; a crash left half a line at its end, which counts as not written" } else { "" };
        format!("{} is whole: {} lines, the last has the hash {}{torn}\n", path.display(), chain.lines, chain.head)
    })
}
