//! `dlq peek`, `show`, `clusters`, `export`: commands that take nothing out.
#![allow(clippy::disallowed_methods, reason = "a command-line tool looks at the clock here")]

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::atomic::Ordering;

use anyhow::{Result, bail, ensure};
use clap::{Args, Subcommand};
use jiff::Timestamp;
use ops::dlq::cluster::Clusters;
use ops::dlq::look::{End, Looked, Until, look};
use ops::dlq::message::Message;
use ops::dlq::queue::{Queue, WrongUse};

use crate::arguments::{FilterArgs, LookArgs, QueueArgs};
use crate::dlq_list_command::{self, LIST_EXAMPLES, List};
use crate::export::Sink;
use crate::output::{self, Format, Outcome};
use crate::tables;

/// What one JSON object holds; [`ops::dlq::message::Message`] in words.
const MACHINE_FORMAT: &str = "\
Machine format, one object a message: messageId, envelope (lambda-destination, lambda-dlq, rule-dlq, sqs-redrive, \
stream-metadata, stream-payload, unknown), wrappedBySns, service, function, rule, errorType, errorMessage, failedAt \
(RFC 3339), event (what the function, target or queue was given; of a stream the whole batch; or null), eventId, \
eventType, subject, sequence (of a batch's first event), attributes ({\"name\": {\"type\": \"String\", \"value\": \"…\"}}, \
binary values in base64), body (raw), systemAttributes (SQS's own), and only where they are: events (all of a batch's), \
problem (what could not be read).

Exit codes: 0 done; 1 AWS or the network failed; 2 something is left; 64 wrong use, or there is no such thing.";

const PEEK_EXAMPLES: &str = "\
Examples:
  cargo ops dlq peek notifications
  cargo ops dlq peek todos --env prod --error /timed?.out/ --since 2h --format ndjson
  cargo ops dlq peek notifications --field '$.detail.data.ownerId=…' --count 100
  ops dlq peek https://sqs.eu-west-1.amazonaws.com/123456789012/my-dlq";

const SHOW_EXAMPLES: &str = "\
Examples:
  cargo ops dlq show notifications 4f0c
  ops dlq show my-dlq 4f0c1f5e --format json | jq .event";

const CLUSTERS_EXAMPLES: &str = "\
Examples:
  cargo ops dlq clusters notifications
  cargo ops dlq clusters todos --env prod --since 1d --format json

Exit codes: 0 done; 1 AWS or the network failed; 2 not all messages were seen; 64 wrong use, or there is no such queue.";

const EXPORT_EXAMPLES: &str = "\
Examples:
  cargo ops dlq export notifications --out failures.ndjson
  ops dlq export my-dlq --since 1d | gzip > failures.ndjson.gz";

/// Commands that take nothing out of a queue.
#[derive(Debug, Subcommand)]
pub(crate) enum Reading {
    /// Lists dead-letter queues: depth, growth, oldest message, what feeds them and where a replay would bring it
    #[command(after_help = LIST_EXAMPLES)]
    List(List),
    /// Shows messages, by filters
    #[command(after_help = PEEK_EXAMPLES, after_long_help = format!("{PEEK_EXAMPLES}\n\n{MACHINE_FORMAT}"))]
    Peek(Box<Peek>),
    /// Shows one message whole: event, failure, every attribute, ids and trace
    #[command(after_help = SHOW_EXAMPLES, after_long_help = format!("{SHOW_EXAMPLES}\n\n{MACHINE_FORMAT}"))]
    Show(Show),
    /// Groups messages by cause: function, kind of error, text without its ids and numbers, event
    #[command(after_help = CLUSTERS_EXAMPLES)]
    Clusters(Box<OfQueue>),
    /// Writes messages with all that SQS keeps of them, which `import` puts back
    #[command(after_help = EXPORT_EXAMPLES, after_long_help = format!("{EXPORT_EXAMPLES}\n\n{MACHINE_FORMAT}"))]
    Export(Box<Export>),
}

/// A queue's messages.
#[derive(Debug, Args)]
pub(crate) struct OfQueue {
    #[command(flatten)]
    queue: QueueArgs,
    #[command(flatten)]
    look: LookArgs,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    #[command(flatten)]
    filter: FilterArgs,
}

/// Some messages of a queue.
#[derive(Debug, Args)]
pub(crate) struct Peek {
    #[command(flatten)]
    of: OfQueue,
    /// How many messages at the most
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    count: u32,
}

/// One message of a queue.
#[derive(Debug, Args)]
pub(crate) struct Show {
    #[command(flatten)]
    queue: QueueArgs,
    /// The message's id, or as much of its beginning as no other has
    message: String,
    #[command(flatten)]
    look: LookArgs,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

/// All messages of a queue.
#[derive(Debug, Args)]
pub(crate) struct Export {
    #[command(flatten)]
    queue: QueueArgs,
    /// The file to write, which must not be there yet; without it, standard output
    #[arg(long)]
    out: Option<PathBuf>,
    /// How many messages at the most
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    count: Option<u32>,
    #[command(flatten)]
    look: LookArgs,
    /// How to write; a table would lose what it cuts
    #[arg(long, value_enum, default_value_t = Format::Ndjson)]
    format: Format,
    #[command(flatten)]
    filter: FilterArgs,
}

/// Runs a command.
pub(crate) async fn run(command: Reading) -> Result<Outcome> {
    match command {
        Reading::List(list) => dlq_list_command::run(list).await,
        Reading::Peek(peek) => self::peek(*peek).await,
        Reading::Show(show) => self::show(show).await,
        Reading::Clusters(of) => clusters(*of).await,
        Reading::Export(export) => self::export(*export).await,
    }
}

async fn peek(peek: Peek) -> Result<Outcome> {
    let now = Timestamp::now();
    let filter = peek.of.filter.filter(now)?;
    let queue = open(&peek.of.queue).await?;
    let count = usize::try_from(peek.count).unwrap_or(usize::MAX);
    let mut found: Vec<Message> = Vec::new();
    let looked = look(&queue, until(&peek.of.look), |message| {
        if filter.admits(&message) {
            found.push(message);
        }
        Ok(if found.len() < count { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
    });
    let looked = looked.await?;
    output::rows(&found, peek.of.format, || tables::messages(&found, now))?;
    Ok(outcome(&queue, &looked))
}

async fn show(show: Show) -> Result<Outcome> {
    ensure!(!show.message.is_empty(), WrongUse("give the beginning of a message's id; `peek` shows them".to_owned()));
    let queue = open(&show.queue).await?;
    let mut found: Vec<Message> = Vec::new();
    let looked = look(&queue, until(&show.look), |message| {
        let is_whole = message.message_id == show.message;
        if message.message_id.starts_with(&show.message) {
            found.push(message);
        }
        Ok(if is_whole { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    });
    let looked = looked.await?;
    match found.as_slice() {
        [message] => output::one(message, show.format, || tables::page(message, Timestamp::now())),
        [] => bail!(WrongUse(format!(
            "no message of {} begins with `{}` among the {} that could be seen; `peek` shows their ids",
            queue.name(),
            show.message,
            looked.read
        ))),
        [first, second, ..] => bail!(WrongUse(format!(
            "{} messages begin with `{}`, such as {} and {}: give more of the id",
            found.len(),
            show.message,
            first.message_id,
            second.message_id
        ))),
    }
}

async fn clusters(of: OfQueue) -> Result<Outcome> {
    let now = Timestamp::now();
    let filter = of.filter.filter(now)?;
    let queue = open(&of.queue).await?;
    let mut clusters = Clusters::default();
    let looked = look(&queue, until(&of.look), |message| {
        if filter.admits(&message) {
            clusters.add(&message);
        }
        Ok(ControlFlow::Continue(()))
    });
    let looked = looked.await?;
    let clusters = clusters.finish();
    output::rows(&clusters, of.format, || tables::clusters(&clusters, now))?;
    Ok(outcome(&queue, &looked))
}

async fn export(export: Export) -> Result<Outcome> {
    ensure!(
        export.format != Format::Table,
        WrongUse("a table loses what it cuts: export with --format ndjson or json".to_owned())
    );
    let filter = export.filter.filter(Timestamp::now())?;
    let queue = open(&export.queue).await?;
    let count = export.count.map_or(usize::MAX, |count| usize::try_from(count).unwrap_or(usize::MAX));
    let mut sink = Sink::open(export.out.as_deref(), export.format)?;
    let looked = look(&queue, until(&export.look), |message| {
        if filter.admits(&message) && sink.write(&message)?.is_break() {
            return Ok(ControlFlow::Break(()));
        }
        Ok(if sink.count() < count { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
    });
    let looked = looked.await?;
    let outcome = outcome(&queue, &looked);
    sink.close(outcome)?;
    Ok(outcome)
}

/// Opens a queue, and warns where even a look has an effect.
async fn open(queue: &QueueArgs) -> Result<Queue> {
    let queue = queue.open().await?;
    if let Some(most) = queue.attributes().await?.max_receive_count() {
        output::remark(&format!(
            "warning: {} gives messages up itself after {most} receives, and every look is one",
            queue.name()
        ));
    }
    Ok(queue)
}

/// Until the deadline, or until somebody presses Ctrl-C: what is held is given back before this program ends. Pressed
/// again, it ends at once, and what it held stays hidden until its visibility timeout.
fn until(look: &LookArgs) -> Until {
    let until = Until::after(look.deadline);
    let stopped = until.stopped.clone();
    tokio::spawn(async move {
        while tokio::signal::ctrl_c().await.is_ok() {
            if stopped.swap(true, Ordering::Relaxed) {
                std::process::exit(130);
            }
        }
    });
    until
}

/// Says what was not seen.
fn outcome(queue: &Queue, looked: &Looked) -> Outcome {
    let (read, expected) = (looked.read, looked.expected);
    let unseen = expected.saturating_sub(u64::try_from(read).unwrap_or(u64::MAX));
    let reason = match looked.end {
        End::Enough => return Outcome::Done,
        End::AllSeen if unseen == 0 => return Outcome::Done,
        End::AllSeen if queue.is_fifo() => "a FIFO queue shows the first ten of a group at the most",
        End::AllSeen => "somebody else holds the others, or there are fewer by now",
        End::Deadline => "the time was over, see --deadline",
        End::Stopped => "it was stopped",
    };
    output::remark(&format!("saw {read} of about {expected} messages: {reason}"));
    if looked.end == End::AllSeen && !queue.is_fifo() { Outcome::Done } else { Outcome::Left }
}
