//! `dlq peek`, `show`, `clusters`, `export`: commands that remove no message.
#![allow(clippy::disallowed_methods, reason = "a command reads the clock here")]

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::atomic::Ordering;

use anyhow::{Result, bail, ensure};
use clap::{Args, Subcommand};
use jiff::Timestamp;
use ops::dlq::browse::{BrowseEnd, BrowseLimits, BrowseResult, browse};
use ops::dlq::cluster::Clusters;
use ops::dlq::message::Message;
use ops::dlq::queue::Queue;
use ops::error::UsageError;

use crate::cli::arguments::{BrowseArgs, FilterArgs, QueueArgs};
use crate::cli::dlq::export_file::ExportFile;
use crate::cli::dlq::list::{self, LIST_EXAMPLES, List};
use crate::cli::dlq::tables;
use crate::cli::output::{self, Format, Outcome};

/// The fields of [`ops::dlq::message::Message`].
const MACHINE_FORMAT: &str = "\
Machine format, one object a message: messageId, envelope (lambda-destination, lambda-dlq, rule-dlq, sqs-redrive, \
stream-metadata, stream-payload, unknown), wrappedBySns, service, function, rule, errorType, errorMessage, failedAt \
(RFC 3339), event (what the function, target or queue received; of a stream the whole batch; or null), eventId, \
eventType, subject, sequence (of the first event of a batch), attributes ({\"name\": {\"type\": \"String\", \"value\": \"…\"}}, \
binary values in base64), body (unchanged), systemAttributes (those of SQS), and only if present: events (of a batch), \
problem (what could not be read).

Exit codes: 0 done; 1 AWS or the network failed; 2 something is left; 64 invalid arguments, or the \
queue or message does not exist.";

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

Exit codes: 0 done; 1 AWS or the network failed; 2 not all messages were seen; 64 invalid \
arguments, or the queue does not exist.";

const EXPORT_EXAMPLES: &str = "\
Examples:
  cargo ops dlq export notifications --out failures.ndjson
  ops dlq export my-dlq --since 1d | gzip > failures.ndjson.gz";

/// Commands that remove no message.
#[derive(Debug, Subcommand)]
pub(crate) enum InspectCommand {
    /// Lists dead-letter queues: depth, growth, oldest message, sources and replay targets
    #[command(after_help = LIST_EXAMPLES)]
    List(List),
    /// Shows messages that match filters
    #[command(after_help = PEEK_EXAMPLES, after_long_help = format!("{PEEK_EXAMPLES}\n\n{MACHINE_FORMAT}"))]
    Peek(Box<Peek>),
    /// Shows one message completely: failure, event, every attribute, ids and trace
    #[command(after_help = SHOW_EXAMPLES, after_long_help = format!("{SHOW_EXAMPLES}\n\n{MACHINE_FORMAT}"))]
    Show(Show),
    /// Groups messages by cause: function, error type, error text without ids and numbers, event type
    #[command(after_help = CLUSTERS_EXAMPLES)]
    Clusters(Box<MessagesArgs>),
    /// Writes messages with everything that SQS keeps of them, for `import`
    #[command(after_help = EXPORT_EXAMPLES, after_long_help = format!("{EXPORT_EXAMPLES}\n\n{MACHINE_FORMAT}"))]
    Export(Box<Export>),
}

/// Messages of a queue.
#[derive(Debug, Args)]
pub(crate) struct MessagesArgs {
    #[command(flatten)]
    queue: QueueArgs,
    #[command(flatten)]
    browse: BrowseArgs,
    /// The format of the result on standard output
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    #[command(flatten)]
    filter: FilterArgs,
}

#[derive(Debug, Args)]
pub(crate) struct Peek {
    #[command(flatten)]
    messages: MessagesArgs,
    /// The maximum number of messages
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    count: u32,
}

#[derive(Debug, Args)]
pub(crate) struct Show {
    #[command(flatten)]
    queue: QueueArgs,
    /// The message id, or enough of its beginning to be unique
    message: String,
    #[command(flatten)]
    browse: BrowseArgs,
    /// The format of the result on standard output
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct Export {
    #[command(flatten)]
    queue: QueueArgs,
    /// The file to write, which must not exist yet; by default standard output
    #[arg(long)]
    out: Option<PathBuf>,
    /// The maximum number of messages
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    count: Option<u32>,
    #[command(flatten)]
    browse: BrowseArgs,
    /// The format of the export; a table would lose data
    #[arg(long, value_enum, default_value_t = Format::Ndjson)]
    format: Format,
    #[command(flatten)]
    filter: FilterArgs,
}

pub(crate) async fn run(command: InspectCommand) -> Result<Outcome> {
    match command {
        InspectCommand::List(list) => list::run(list).await,
        InspectCommand::Peek(peek) => self::peek(*peek).await,
        InspectCommand::Show(show) => self::show(show).await,
        InspectCommand::Clusters(arguments) => clusters(*arguments).await,
        InspectCommand::Export(export) => self::export(*export).await,
    }
}

async fn peek(peek: Peek) -> Result<Outcome> {
    let now = Timestamp::now();
    let filter = peek.messages.filter.filter(now)?;
    let queue = open(&peek.messages.queue).await?;
    let count = usize::try_from(peek.count).unwrap_or(usize::MAX);
    let mut found: Vec<Message> = Vec::new();
    let browsed = browse(&queue, limits(&peek.messages.browse), |message| {
        if filter.admits(&message) {
            found.push(message);
        }
        Ok(if found.len() < count { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
    });
    let browsed = browsed.await?;
    output::print_rows(&found, peek.messages.format, || tables::messages(&found, now))?;
    Ok(outcome(&queue, &browsed))
}

async fn show(show: Show) -> Result<Outcome> {
    ensure!(
        !show.message.is_empty(),
        UsageError("give the beginning of a message id; `peek` shows the ids".to_owned())
    );
    let queue = open(&show.queue).await?;
    let mut found: Vec<Message> = Vec::new();
    let browsed = browse(&queue, limits(&show.browse), |message| {
        let is_exact = message.message_id == show.message;
        if message.message_id.starts_with(&show.message) {
            found.push(message);
        }
        Ok(if is_exact { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    });
    let browsed = browsed.await?;
    match found.as_slice() {
        [message] => output::print_item(message, show.format, || tables::page(message, Timestamp::now())),
        [] => bail!(UsageError(format!(
            "no message of {} begins with `{}` among the {} that could be read; `peek` shows their ids",
            queue.name(),
            show.message,
            browsed.read
        ))),
        [first, second, ..] => bail!(UsageError(format!(
            "{} messages begin with `{}`, such as {} and {}: give more of the id",
            found.len(),
            show.message,
            first.message_id,
            second.message_id
        ))),
    }
}

async fn clusters(arguments: MessagesArgs) -> Result<Outcome> {
    let now = Timestamp::now();
    let filter = arguments.filter.filter(now)?;
    let queue = open(&arguments.queue).await?;
    let mut clusters = Clusters::default();
    let browsed = browse(&queue, limits(&arguments.browse), |message| {
        if filter.admits(&message) {
            clusters.add(&message);
        }
        Ok(ControlFlow::Continue(()))
    });
    let browsed = browsed.await?;
    let clusters = clusters.finish();
    output::print_rows(&clusters, arguments.format, || tables::clusters(&clusters, now))?;
    Ok(outcome(&queue, &browsed))
}

async fn export(export: Export) -> Result<Outcome> {
    ensure!(
        export.format != Format::Table,
        UsageError("a table would lose data: export with --format ndjson or json".to_owned())
    );
    let filter = export.filter.filter(Timestamp::now())?;
    let queue = open(&export.queue).await?;
    let count = export.count.map_or(usize::MAX, |count| usize::try_from(count).unwrap_or(usize::MAX));
    let mut file = ExportFile::create(export.out.as_deref(), export.format)?;
    let browsed = browse(&queue, limits(&export.browse), |message| {
        if filter.admits(&message) && file.write(&message)?.is_break() {
            return Ok(ControlFlow::Break(()));
        }
        Ok(if file.count() < count { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
    });
    let browsed = browsed.await?;
    let outcome = outcome(&queue, &browsed);
    file.close(outcome)?;
    Ok(outcome)
}

/// Opens a queue, and warns if browsing has an effect.
async fn open(queue: &QueueArgs) -> Result<Queue> {
    let queue = queue.open().await?;
    if let Some(max) = queue.attributes().await?.max_receive_count() {
        output::print_notice(&format!(
            "warning: {} moves messages to its own dead-letter queue after {max} receives, and browsing counts as one",
            queue.name()
        ));
    }
    Ok(queue)
}

/// Until the deadline or Ctrl-C: messages are made visible before the program ends. A second Ctrl-C ends it at once,
/// and messages stay hidden until their visibility timeout.
fn limits(browse: &BrowseArgs) -> BrowseLimits {
    let limits = BrowseLimits::after(browse.deadline);
    let cancelled = limits.cancelled.clone();
    tokio::spawn(async move {
        while tokio::signal::ctrl_c().await.is_ok() {
            if cancelled.swap(true, Ordering::Relaxed) {
                std::process::exit(130);
            }
        }
    });
    limits
}

/// Reports what was not seen.
fn outcome(queue: &Queue, browsed: &BrowseResult) -> Outcome {
    let (read, expected) = (browsed.read, browsed.expected);
    let unseen = expected.saturating_sub(u64::try_from(read).unwrap_or(u64::MAX));
    let reason = match browsed.end {
        BrowseEnd::LimitReached => return Outcome::Complete,
        BrowseEnd::AllSeen if unseen == 0 => return Outcome::Complete,
        BrowseEnd::AllSeen if queue.is_fifo() => "of a FIFO group only the first ten can be seen",
        BrowseEnd::AllSeen => "others are in flight elsewhere, or were deleted",
        BrowseEnd::DeadlineReached => "the deadline passed; give more time with --deadline",
        BrowseEnd::Cancelled => "it was interrupted",
    };
    output::print_notice(&format!("saw {read} of about {expected} messages: {reason}"));
    if browsed.end == BrowseEnd::AllSeen && !queue.is_fifo() { Outcome::Complete } else { Outcome::Incomplete }
}
