//! `dlq park`, `unpark`, `edit`, `import`, `purge`, `rollback`: commands that move, change or delete messages.
#![allow(clippy::disallowed_methods, reason = "a command reads the clock and creates ids here")]

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use jiff::Timestamp;
use ops::connection::{self, Connection};
use ops::dlq::history::History;
use ops::dlq::journal::entry::{Purpose, Summary};
use ops::dlq::journal::{Journal, read};
use ops::dlq::options::{AfterReplay, MessageSelection, Options, Order, Pace, Superseded};
use ops::dlq::plan::plan;
use ops::dlq::queue::Queue;
use ops::dlq::removal::RemovalLimits;
use ops::dlq::replay::{PlannedReplay, Replay, ReplaySource};
use ops::dlq::replay_metadata::MetadataPolicy;
use ops::dlq::rollback;
use ops::dlq::targets::selection::{ReplayTarget, TargetSelection};
use ops::error::UsageError;
use uuid::Uuid;

use crate::cli::arguments::{BrowseArgs, FilterArgs, ForceArgs, QueueArgs, non_empty_text};
use crate::cli::completion;
use crate::cli::dlq::edit::{self, Edit};
use crate::cli::dlq::import::{self, Import};
use crate::cli::dlq::journal::JournalFolder;
use crate::cli::dlq::purge::{self, Purge};
use crate::cli::dlq::reading::with_progress;
use crate::cli::dlq::replay::{offer_resume, print_plan, run_to_end, stopped_while_planning};
use crate::cli::dlq::replay_arguments::{parking_queue, seconds};
use crate::cli::interrupts::stop_at_interrupt;
use crate::cli::output::{self, Format, Outcome};

/// Commands that move, change or delete messages.
#[derive(Debug, Subcommand)]
pub(crate) enum TransferCommand {
    /// Moves messages into the parking queue of their dead-letter queue
    #[command(after_help = "Examples:\n  cargo ops dlq park notifications --event-id 019a…\n  \
                            ops dlq park my-dlq --parking my-parking --error-type BadInput\n\n\
                            Exit codes: 0 all are parked; 1 AWS or the network failed: `resume` continues; 2 something is \
                            left; 64 invalid arguments.")]
    Park(Box<ParkingArgs>),
    /// Moves parked messages back to their dead-letter queue, where they can be replayed; earlier replays no longer
    /// count
    #[command(after_help = "Examples:\n  cargo ops dlq unpark notifications\n  \
                            ops dlq unpark my-dlq --parking my-parking --message-id 4f0c\n\n\
                            Exit codes: 0 all are back; 1 AWS or the network failed: `resume` continues; 2 something is \
                            left; 64 invalid arguments.")]
    Unpark(Box<ParkingArgs>),
    /// Changes the event in a message: shows the difference, checks the event's schema, replaces the message
    #[command(after_help = "Examples:\n  EDITOR=vi cargo ops dlq edit notifications 4f0c\n  \
                            cargo ops dlq edit todos 4f0c --set '$.detail.data.title=\"Milk\"' --dry-run\n\n\
                            Exit codes: 0 it is changed, or there was nothing to change; 1 AWS or the network failed; 2 \
                            both messages exist, or it was interrupted; 64 invalid arguments, or the event violates its schema.")]
    Edit(Box<Edit>),
    /// Sends messages of an `export` to a queue, with their text, attributes and group
    #[command(after_help = "Examples:\n  cargo ops dlq import notifications failures.ndjson\n  \
                            gunzip -c failures.ndjson.gz | ops dlq import my-dlq -\n\n\
                            The last line is {\"imported\", \"failed\", \"alreadyImported\", \"remaining\", \"journal\"}. Exit codes: 0 all \
                            were sent; 1 AWS or the network failed: `--resume` continues; 2 some were not; 64 invalid \
                            arguments, or a line is not a message.")]
    Import(Import),
    /// Deletes messages after writing them to a file
    #[command(
        after_help = "Examples:\n  cargo ops dlq purge notifications --error-type BadInput --export gone.ndjson \
                            --yes-delete 12\n\n\
                            Nothing is deleted unless the number is that of the matching messages. The last line is \
                            {\"exported\", \"deleted\"}.\n\n\
                            Exit codes: 0 all that was exported is deleted; 1 AWS or the network failed; 2 something is \
                            left; 64 invalid arguments, or a different number of messages matches."
    )]
    Purge(Box<Purge>),
    /// Rolls back a replay to a queue: returns the messages that were not consumed yet
    ///
    /// Invocations of functions and publications to topics cannot be rolled back.
    #[command(after_help = "Examples:\n  cargo ops dlq rollback 019a\n\n\
                            The last line is that of a replay: `replayed` counts returned messages, `remaining` those \
                            that were consumed.\n\n\
                            Exit codes: 0 all are back; 1 AWS or the network failed: run it again; 2 something is left; \
                            64 invalid arguments, the replay cannot be rolled back, or must be resumed first.")]
    Rollback(Rollback),
}

/// Which messages to park or unpark.
#[derive(Debug, Args)]
pub(crate) struct ParkingArgs {
    #[command(flatten)]
    queue: QueueArgs,
    #[command(flatten)]
    filter: FilterArgs,
    #[command(flatten)]
    browse: BrowseArgs,
    #[command(flatten)]
    folder: JournalFolder,
    /// The parking queue; by default the one of the service, or `<name>-parking` for `<name>-dlq`
    #[arg(long, value_name = "QUEUE", add = completion::queues())]
    parking: Option<String>,
    /// At most this many messages
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..), allow_hyphen_values = true)]
    count: Option<u64>,
    /// The output format; the last line is always a JSON object
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct Rollback {
    /// The replay's id, its beginning, or the journal's file
    #[arg(add = completion::replays())]
    replay: String,
    #[command(flatten)]
    folder: JournalFolder,
    /// The environment, if it differs from the one in the journal
    #[arg(long, value_parser = non_empty_text())]
    env: Option<String>,
    /// The visibility timeout: how long messages stay hidden if this program is killed
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = seconds)]
    hidden: u64,
    #[command(flatten)]
    force: ForceArgs,
    /// The output format; the last line is always a JSON object
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

pub(crate) async fn run(command: TransferCommand) -> Result<Outcome> {
    match command {
        TransferCommand::Park(arguments) => {
            let (connection, queue, parking) = arguments.queues().await?;
            arguments.transfer(connection, queue, parking, Purpose::Park).await
        }
        TransferCommand::Unpark(arguments) => {
            let (connection, queue, parking) = arguments.queues().await?;
            arguments.transfer(connection, parking, queue, Purpose::Replay).await
        }
        TransferCommand::Edit(arguments) => edit::run(*arguments).await,
        TransferCommand::Import(arguments) => import::run(arguments).await,
        TransferCommand::Purge(arguments) => purge::run(*arguments).await,
        TransferCommand::Rollback(arguments) => roll_back(arguments).await,
    }
}

impl ParkingArgs {
    async fn queues(&self) -> Result<(Connection, Queue, Queue)> {
        let connection = connection::connect(self.queue.env.as_deref(), Some(&self.queue.queue)).await?;
        let queue = Queue::resolve(&connection, &self.queue.queue).await?;
        let Some(parking) = parking_queue(&connection, &queue, self.parking.as_deref()).await? else {
            bail!(UsageError(format!("{} has no parking queue: give --parking", queue.name())));
        };
        let parking = Queue::open(&connection, &parking).await;
        parking.require_other_than(&queue).await?;
        Ok((connection, queue, parking))
    }

    async fn transfer(self, connection: Connection, from: Queue, to: Queue, purpose: Purpose) -> Result<Outcome> {
        let folder = self.folder.path()?;
        let count = self.count.map(|count| usize::try_from(count).unwrap_or(usize::MAX));
        let chosen = MessageSelection::new(self.filter.filter(Timestamp::now())?, count);
        let options = options(to.url(), purpose);
        let limits = self.browse.limits();
        let stopped = Arc::clone(&limits.cancelled);
        let history = History::default();
        let read = async |limits| plan(&from, &options, &chosen, &history, limits).await;
        let plan = with_progress(limits, read).await?;
        print_plan(&plan, &from);
        if stopped.load(Ordering::Relaxed) {
            return stopped_while_planning(&plan, self.format);
        }
        let id = Uuid::now_v7().to_string();
        let journal = Journal::create(&folder, &id)?;
        offer_resume(journal.path());
        let source = ReplaySource { queue: from, env: connection.env, sdk: connection.sdk };
        let planned = PlannedReplay { plan, filter: chosen.filter, history };
        let replay = Box::pin(Replay::start(source, options, planned, journal, id)).await?;
        run_to_end(replay, &stopped, None, self.format).await
    }
}

/// Messages are moved unchanged. Parked ones keep their replay metadata; unparked ones get it reset.
fn options(to: &str, purpose: Purpose) -> Options {
    let (metadata, parking) = match purpose {
        Purpose::Park => (MetadataPolicy::Keep, Some(to.to_owned())),
        Purpose::Replay => (MetadataPolicy::Reset, None),
    };
    Options {
        selection: TargetSelection {
            target: ReplayTarget::Queue(to.to_owned()),
            function: None,
            assumed_envelope: None,
            metadata,
        },
        order: Order::Any,
        pace: Pace::Full,
        rate: None,
        concurrency: 8,
        max_replays: u32::MAX,
        parking,
        purpose,
        after: AfterReplay::Delete,
        rehearsal: None,
        superseded: Superseded::Replay,
        visibility_timeout: 60,
        settle: 1,
    }
}

async fn roll_back(arguments: Rollback) -> Result<Outcome> {
    let path = read::find(&arguments.folder.path()?, &arguments.replay)?;
    let mut queue = None;
    read::read(&path, |line| {
        if let ops::dlq::journal::entry::Entry::Plan(plan) = line.entry {
            queue = Some(plan.queue);
        }
    })?;
    let connection = connection::connect(arguments.env.as_deref(), queue.as_deref()).await?;
    let stopped = stop_at_interrupt(Arc::default());
    let id = path.file_stem().unwrap_or_default().to_string_lossy();
    output::set_continuation(Some(format!(
        "the rollback of {id} is not complete: `{} dlq rollback {}` continues it",
        output::program(),
        path.display()
    )));
    let limits = RemovalLimits {
        visibility_timeout: Duration::from_secs(arguments.hidden),
        ..RemovalLimits::new(usize::MAX, &stopped, arguments.force.redriving())
    };
    let summary = rollback::rollback(&connection.sdk, &path, limits).await?;
    if stopped.load(Ordering::Relaxed) {
        output::print_notice("interrupted");
    } else if summary.remaining > 0 {
        output::print_notice(&format!(
            "{} messages were not received: they were consumed, are in flight, or are delayed; run it again to check once more",
            summary.remaining
        ));
    }
    let Summary { remaining, .. } = &summary;
    let outcome = if *remaining == 0 { Outcome::Complete } else { Outcome::Incomplete };
    output::print_summary(&summary, arguments.format)?;
    Ok(outcome)
}
