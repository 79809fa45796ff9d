//! `dlq park`, `unpark`, `import`, `purge`, `rollback`: commands that put messages elsewhere, or away.
#![allow(clippy::disallowed_methods, reason = "a command-line tool looks at the clock and makes ids here")]

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use jiff::Timestamp;
use ops::dlq::batches::{self, Outgoing};
use ops::dlq::history::History;
use ops::dlq::journal::entry::{Purpose, Summary};
use ops::dlq::journal::{Journal, read};
use ops::dlq::look::Until;
use ops::dlq::marks::{self, Marking};
use ops::dlq::message::{Attribute, Message};
use ops::dlq::options::{After, Options, Order, Pace, Superseded, Wanted};
use ops::dlq::plan::plan;
use ops::dlq::queue::{BATCH, Queue, WrongUse};
use ops::dlq::replay::{Meant, Place, Replay};
use ops::dlq::roads::choice::{Choice, Way};
use ops::dlq::roads::outgoing;
use ops::dlq::rollback;
use ops::target::{self, Target};
use serde_json::json;
use uuid::Uuid;

use crate::arguments::{FilterArgs, LookArgs, QueueArgs, text};
use crate::dlq_edit_command::{self, Edit};
use crate::dlq_journal_commands::JournalFolder;
use crate::dlq_purge_command::{self, Purge};
use crate::dlq_replay_arguments::{parking, seconds};
use crate::dlq_replay_commands::{follow, tell};
use crate::interrupts::stop_at_interrupt;
use crate::output::{self, Format, Outcome};

/// Commands that put messages elsewhere, or away.
#[derive(Debug, Subcommand)]
pub(crate) enum Transferring {
    /// Takes messages out of the way, into the parking queue beside their queue
    #[command(after_help = "Examples:\n  cargo ops dlq park notifications --event-id 019a…\n  \
                            ops dlq park my-dlq --parking my-parking --error-type BadInput\n\n\
                            Exit codes: 0 all are parked; 1 AWS or the network failed: `resume` goes on; 2 something is \
                            left; 64 wrong use.")]
    Park(Box<Parking>),
    /// Brings parked messages back to their queue, from where they can be replayed; how often they failed is forgotten
    #[command(after_help = "Examples:\n  cargo ops dlq unpark notifications\n  \
                            ops dlq unpark my-dlq --parking my-parking --message-id 4f0c\n\n\
                            Exit codes: 0 all are back; 1 AWS or the network failed: `resume` goes on; 2 something is \
                            left; 64 wrong use.")]
    Unpark(Box<Parking>),
    /// Changes the event in a message: shows the difference, holds it against the event's schema, puts it in as a new one
    #[command(after_help = "Examples:\n  EDITOR=vi cargo ops dlq edit notifications 4f0c\n  \
                            cargo ops dlq edit todos 4f0c --set '$.detail.data.title=\"Milk\"' --dry-run\n\n\
                            Exit codes: 0 it is changed, or there was nothing to change; 1 AWS or the network failed; 2 \
                            both messages are there; 64 wrong use, or the event breaks its schema.")]
    Edit(Box<Edit>),
    /// Puts messages of an `export` into a queue, with their text, attributes and group
    #[command(after_help = "Examples:\n  cargo ops dlq import notifications failures.ndjson\n  \
                            gunzip -c failures.ndjson.gz | ops dlq import my-dlq -\n\n\
                            The last line is {\"imported\", \"failed\"}. Exit codes: 0 all were put in; 1 AWS or the network \
                            failed; 2 some were not; 64 wrong use, or a line is no message.")]
    Import(Import),
    /// Deletes messages, after it has written them to a file
    #[command(
        after_help = "Examples:\n  cargo ops dlq purge notifications --error-type BadInput --export gone.ndjson \
                            --yes-delete 12\n\n\
                            Nothing is deleted unless the number is that of the messages that fit. The last line is \
                            {\"exported\", \"deleted\"}.\n\n\
                            Exit codes: 0 all that was exported is deleted; 1 AWS or the network failed; 2 something is \
                            left; 64 wrong use, or another number fits."
    )]
    Purge(Box<Purge>),
    /// Takes back what a replay put into a queue, as far as nobody has taken it
    ///
    /// What functions were given cannot be taken back.
    #[command(after_help = "Examples:\n  cargo ops dlq rollback 019a\n\n\
                            The last line is that of a replay: `replayed` counts what was put back, `remaining` what \
                            somebody has taken already.\n\n\
                            Exit codes: 0 all are back; 1 AWS or the network failed: run it again; 2 something is left; \
                            64 wrong use, it cannot be taken back, or the replay must be resumed first.")]
    Rollback(Rollback),
}

/// Which messages to park or bring back.
#[derive(Debug, Args)]
pub(crate) struct Parking {
    #[command(flatten)]
    queue: QueueArgs,
    #[command(flatten)]
    filter: FilterArgs,
    #[command(flatten)]
    look: LookArgs,
    #[command(flatten)]
    folder: JournalFolder,
    /// The parking queue; `<name>-parking` beside `<name>-dlq` when not given
    #[arg(long = "parking", value_name = "QUEUE")]
    lot: Option<String>,
    /// At most this many messages
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
    /// How to print; the last line is a JSON object in each
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

/// What to import.
#[derive(Debug, Args)]
pub(crate) struct Import {
    #[command(flatten)]
    queue: QueueArgs,
    /// The file, or `-` for standard input
    file: PathBuf,
    /// How to print; the last line is a JSON object in each
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

/// What to take back.
#[derive(Debug, Args)]
pub(crate) struct Rollback {
    /// A replay's id, its beginning, or the journal's file
    replay: String,
    #[command(flatten)]
    folder: JournalFolder,
    /// The environment, when it is not the one that the journal names
    #[arg(long, value_parser = text())]
    env: Option<String>,
    /// How long a message stays hidden at the most when this program dies
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = seconds)]
    hidden: u64,
    /// How to print; the last line is a JSON object in each
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

/// Does what was asked.
pub(crate) async fn run(command: Transferring) -> Result<Outcome> {
    match command {
        Transferring::Park(arguments) => {
            let (target, queue, lot) = arguments.queues().await?;
            arguments.transfer(target, queue, lot, Purpose::Park).await
        }
        Transferring::Unpark(arguments) => {
            let (target, queue, lot) = arguments.queues().await?;
            arguments.transfer(target, lot, queue, Purpose::Replay).await
        }
        Transferring::Edit(arguments) => dlq_edit_command::run(*arguments).await,
        Transferring::Import(arguments) => import(arguments).await,
        Transferring::Purge(arguments) => dlq_purge_command::run(*arguments).await,
        Transferring::Rollback(arguments) => take_back(arguments).await,
    }
}

impl Parking {
    async fn queues(&self) -> Result<(Target, Queue, Queue)> {
        let target = target::connect(self.queue.env.as_deref(), Some(&self.queue.queue)).await?;
        let queue = Queue::resolve(&target.sdk, &target.env, &self.queue.queue).await?;
        let Some(lot) = parking(&target, &queue, self.lot.as_deref()).await? else {
            bail!(WrongUse(format!("{} has no parking queue beside it: give --parking", queue.name())));
        };
        let lot = Queue::at(&target.sdk, &lot);
        lot.differs_from(&queue)?;
        Ok((target, queue, lot))
    }

    async fn transfer(self, target: Target, from: Queue, to: Queue, purpose: Purpose) -> Result<Outcome> {
        let folder = self.folder.path()?;
        let count = self.count.map(|count| usize::try_from(count).unwrap_or(usize::MAX));
        let wanted = Wanted::new(self.filter.filter(Timestamp::now())?, count);
        let options = options(to.url(), purpose);
        let until = Until::after(self.look.deadline);
        let stopped = stop_at_interrupt(until.stopped.clone());
        let plan = plan(&from, &options, &wanted, &History::default(), until).await?;
        tell(&plan, &from);
        let id = Uuid::now_v7().to_string();
        let journal = Journal::create(&folder, &id)?;
        let place = Place { queue: from, env: target.env, sdk: target.sdk };
        let meant = Meant { plan, filter: wanted.filter, history: History::default() };
        let replay = Box::pin(Replay::begin(place, options, meant, journal, id)).await?;
        follow(replay, &stopped, self.format).await
    }
}

/// Moves messages as they are: parked ones keep the marks of their replays, brought back they begin anew.
fn options(to: &str, purpose: Purpose) -> Options {
    let (marking, parking) = match purpose {
        Purpose::Park => (Marking::Keep, Some(to.to_owned())),
        Purpose::Replay => (Marking::Anew, None),
    };
    Options {
        choice: Choice { way: Way::Queue(to.to_owned()), function: None, taken_as: None, marking },
        order: Order::Any,
        pace: Pace::Full,
        rate: None,
        concurrency: 8,
        max_replays: u32::MAX,
        parking,
        purpose,
        after: After::Remove,
        rehearsal: None,
        superseded: Superseded::Replay,
        hidden: 60,
        settle: 1,
    }
}

async fn import(arguments: Import) -> Result<Outcome> {
    let queue = arguments.queue.open().await?;
    let input: Box<dyn BufRead> = if arguments.file == Path::new("-") {
        Box::new(BufReader::new(io::stdin()))
    } else {
        let cannot = |error| WrongUse(format!("cannot read {}: {error}", arguments.file.display()));
        Box::new(BufReader::new(File::open(&arguments.file).map_err(cannot)?))
    };
    let (mut imported, mut failed, mut messages) = (0, 0, Vec::new());
    for (number, line) in input.lines().enumerate() {
        let unreadable = |error: io::Error| {
            WrongUse(format!("cannot read line {}: {error}; {imported} messages before it are imported", number + 1))
        };
        let line = line.map_err(unreadable)?;
        if line.trim().is_empty() {
            continue;
        }
        let message: Message = serde_json::from_str(&line).map_err(|error| {
            WrongUse(format!(
                "line {} is no message ({error}); {imported} before it are imported. Give what `export --format ndjson` writes",
                number + 1
            ))
        })?;
        messages.push(message);
        if messages.len() == BATCH {
            put(&queue, &mut messages, &mut imported, &mut failed).await?;
        }
    }
    put(&queue, &mut messages, &mut imported, &mut failed).await?;
    output::last(&json!({"imported": imported, "failed": failed}), arguments.format)?;
    Ok(if failed == 0 { Outcome::Done } else { Outcome::Left })
}

async fn put(queue: &Queue, messages: &mut Vec<Message>, imported: &mut u64, failed: &mut u64) -> Result<()> {
    let sent: Vec<Outgoing> = messages.iter().map(|message| imported_as(message, queue)).collect();
    let outcomes = if queue.is_fifo() {
        batches::send_in_order(queue.sqs(), queue.url(), &sent).await?
    } else {
        batches::send(queue.sqs(), queue.url(), &sent).await?
    };
    for (message, outcome) in messages.iter().zip(outcomes) {
        match outcome {
            Ok(_) => *imported += 1,
            Err(error) => {
                *failed += 1;
                output::remark(&format!("message {} was not imported: {error}", message.message_id));
            }
        }
    }
    messages.clear();
    Ok(())
}

/// A message as it was, with the marks that it had, and its key: imported twice, it is known as the same.
fn imported_as(message: &Message, queue: &Queue) -> Outgoing {
    let mut attributes = marks::kept(message, Marking::Keep);
    if !attributes.iter().any(|(name, _)| name == marks::KEY) {
        marks::add(&mut attributes, message, marks::KEY, Attribute::text(marks::key(message)));
    }
    outgoing(message, queue.url(), &message.body, attributes)
}

async fn take_back(arguments: Rollback) -> Result<Outcome> {
    let path = read::find(&arguments.folder.path()?, &arguments.replay)?;
    let mut queue = None;
    read::read(&path, |line| {
        if let ops::dlq::journal::entry::Entry::Plan(plan) = line.entry {
            queue = Some(plan.queue);
        }
    })?;
    let target = target::connect(arguments.env.as_deref(), queue.as_deref()).await?;
    let stopped = stop_at_interrupt(Arc::default());
    let summary = rollback::rollback(&target.sdk, &path, Duration::from_secs(arguments.hidden), &stopped).await?;
    if stopped.load(Ordering::Relaxed) {
        output::remark("interrupted: run it again to go on");
    } else if summary.remaining > 0 {
        output::remark(&format!(
            "{} messages did not come: somebody has taken them, or holds them, or the queue delays them; run it again to look \
             once more",
            summary.remaining
        ));
    }
    let Summary { remaining, .. } = &summary;
    let outcome = if *remaining == 0 { Outcome::Done } else { Outcome::Left };
    output::last(&summary, arguments.format)?;
    Ok(outcome)
}
