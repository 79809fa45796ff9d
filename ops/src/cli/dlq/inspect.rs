//! `dlq peek`, `show`, `clusters`, `export`: commands that remove no message.
#![allow(clippy::disallowed_methods, reason = "a command reads the clock here")]

use std::ops::ControlFlow;
use std::path::PathBuf;

use anyhow::{Result, bail, ensure};
use clap::{Args, Subcommand};
use jiff::Timestamp;
use ops::dlq::browse::{BrowseEnd, BrowseResult, browse, browse_clusters};
use ops::dlq::message::Message;
use ops::dlq::queue::Queue;
use ops::dlq::queue::attributes::RedrivingQueue;
use ops::error::UsageError;

use crate::cli::arguments::{BrowseArgs, FilterArgs, QueueArgs};
use crate::cli::dlq::export_file::ExportFile;
use crate::cli::dlq::list::{self, LIST_EXAMPLES, List};
use crate::cli::dlq::reading::with_progress;
use crate::cli::dlq::tables;
use crate::cli::layout::ColumnsArgs;
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
    #[command(flatten)]
    columns: ColumnsArgs,
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
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..), allow_hyphen_values = true)]
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
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..), allow_hyphen_values = true)]
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
    let columns = peek.messages.columns.choose(&tables::MESSAGE, peek.messages.format)?;
    let queue = open(&peek.messages.queue, peek.messages.browse.redriving()).await?;
    let count = usize::try_from(peek.count).unwrap_or(usize::MAX);
    let mut found: Vec<Message> = Vec::new();
    let collect = |message: Message| {
        if filter.admits(&message) {
            found.push(message);
        }
        Ok(if found.len() < count { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
    };
    let read = async |limits| browse(&queue, limits, collect).await;
    let browsed = with_progress(peek.messages.browse.limits(), read).await?;
    output::print_rows(&found, peek.messages.format, || tables::messages(&found, now, &columns))?;
    report_limit(found.len(), &browsed);
    report_empty(&queue, found.len(), &browsed);
    Ok(outcome(&queue, &browsed))
}

async fn show(show: Show) -> Result<Outcome> {
    ensure!(
        !show.message.is_empty(),
        UsageError("give the beginning of a message id; `peek` shows the ids".to_owned())
    );
    let queue = open(&show.queue, show.browse.redriving()).await?;
    let mut found: Vec<Message> = Vec::new();
    let collect = |message: Message| {
        let is_exact = message.message_id == show.message;
        if message.message_id.starts_with(&show.message) {
            found.push(message);
        }
        Ok(if is_exact { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    };
    let read = async |limits| browse(&queue, limits, collect).await;
    let browsed = with_progress(show.browse.limits(), read).await?;
    match found.as_slice() {
        [message] => {
            output::print_item(message, show.format, || tables::page(message, Timestamp::now()))?;
            Ok(search_outcome(&queue, &browsed))
        }
        [] if search_outcome(&queue, &browsed) == Outcome::Incomplete => {
            output::print_notice(&format!("no message that was seen begins with `{}`", show.message));
            Ok(Outcome::Incomplete)
        }
        [] => bail!(UsageError(format!(
            "no message of {} begins with `{}` among the {} that could be read ({} were not seen); `peek` shows their ids",
            queue.name(),
            show.message,
            grouped(browsed.read as u64),
            grouped(browsed.unseen())
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
    let columns = arguments.columns.choose(&tables::CLUSTER, arguments.format)?;
    let queue = open(&arguments.queue, arguments.browse.redriving()).await?;
    let read = async |limits| browse_clusters(&queue, &filter, limits).await;
    let (clusters, browsed) = with_progress(arguments.browse.limits(), read).await?;
    output::print_rows(&clusters, arguments.format, || tables::clusters(&clusters, now, &columns))?;
    report_empty(&queue, clusters.len(), &browsed);
    Ok(outcome(&queue, &browsed))
}

async fn export(export: Export) -> Result<Outcome> {
    ensure!(
        export.format != Format::Table,
        UsageError("a table would lose data: export with --format ndjson or json".to_owned())
    );
    let filter = export.filter.filter(Timestamp::now())?;
    let queue = open(&export.queue, export.browse.redriving()).await?;
    let count = export.count.map_or(usize::MAX, |count| usize::try_from(count).unwrap_or(usize::MAX));
    let mut file = ExportFile::create(export.out.as_deref(), export.format)?;
    let mut has_reader = true;
    let write = |message: Message| {
        if filter.admits(&message) && file.write(&message)?.is_break() {
            has_reader = false;
            return Ok(ControlFlow::Break(()));
        }
        Ok(if file.count() < count { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
    };
    let (limits, read) = (export.browse.limits(), async |limits| browse(&queue, limits, write).await);
    let is_on_terminal = export.out.is_none() && output::is_terminal();
    let browsed = if is_on_terminal { read(limits).await? } else { with_progress(limits, read).await? };
    if !has_reader && browsed.end == BrowseEnd::LimitReached {
        let (written, total) = (grouped(file.count() as u64), grouped(browsed.total));
        output::print_notice(&format!("the reader has gone: {written} of about {total} messages were written"));
        return Ok(Outcome::Incomplete);
    }
    let outcome = outcome(&queue, &browsed);
    report_limit(file.count(), &browsed);
    file.close(outcome)?;
    Ok(outcome)
}

/// Opens a queue, and warns if browsing has an effect that the operator accepts.
async fn open(queue: &QueueArgs, redriving: RedrivingQueue) -> Result<Queue> {
    let queue = queue.open().await?;
    let attributes = queue.attributes().await?;
    attributes.require_harmless_reading(&queue, redriving)?;
    if let Some(max) = attributes.max_receive_count() {
        output::print_notice(&format!(
            "warning: {} moves messages to its own dead-letter queue after {max} receives, and browsing counts as one",
            queue.name()
        ));
    }
    Ok(queue)
}

/// Reports what was not seen.
pub(super) fn outcome(queue: &Queue, browsed: &BrowseResult) -> Outcome {
    if browsed.unseen() == 0 && matches!(browsed.end, BrowseEnd::AllSeen | BrowseEnd::LimitReached) {
        return Outcome::Complete;
    }
    let reasons = browsed.unseen_by_reason(queue.is_fifo());
    let mut reasons: Vec<String> =
        reasons.into_iter().map(|(reason, count)| format!("{} {reason}", grouped(count))).collect();
    match browsed.end {
        BrowseEnd::DeadlineReached => reasons.push("give more time with --deadline".to_owned()),
        BrowseEnd::Cancelled => reasons.push("it was interrupted".to_owned()),
        BrowseEnd::AllSeen | BrowseEnd::LimitReached => {}
    }
    let (read, total) = (grouped(browsed.read as u64), grouped(browsed.total.max(browsed.read as u64)));
    output::print_notice(&format!("saw {read} of about {total} messages: {}", reasons.join("; ")));
    Outcome::Incomplete
}

/// Reports that a search for one message ended before it saw all.
pub(super) fn search_outcome(queue: &Queue, browsed: &BrowseResult) -> Outcome {
    match browsed.end {
        BrowseEnd::DeadlineReached | BrowseEnd::Cancelled => outcome(queue, browsed),
        BrowseEnd::AllSeen | BrowseEnd::LimitReached => Outcome::Complete,
    }
}

/// Reports why a list is empty.
pub(super) fn report_empty(queue: &Queue, shown: usize, browsed: &BrowseResult) {
    if shown > 0 {
        return;
    }
    if browsed.read == 0 && browsed.total == 0 {
        output::print_notice(&format!("the queue is empty: {}", queue.name()));
    } else if browsed.unseen() == 0 {
        output::print_notice(&format!("no message matches, of {} in {}", grouped(browsed.read as u64), queue.name()));
    }
}

/// Tells how many messages there are besides those that `--count` selected.
fn report_limit(shown: usize, browsed: &BrowseResult) {
    if browsed.end == BrowseEnd::LimitReached && browsed.unread > 0 {
        let total = grouped(browsed.total);
        output::print_notice(&format!(
            "showing {} of about {total} messages: --count shows more",
            grouped(shown as u64)
        ));
    }
}

/// A number with a comma between groups of three digits.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let first = digits.len() % 3;
    let (head, tail) = digits.split_at(first);
    let groups = (0..tail.len()).step_by(3).map(|start| &tail[start..start + 3]);
    let parts: Vec<&str> = [head].into_iter().filter(|head| !head.is_empty()).chain(groups).collect();
    parts.join(",")
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn a_long_number_is_grouped() {
        assert_eq!([0, 999, 3000, 1_234_567].map(grouped), ["0", "999", "3,000", "1,234,567"]);
    }
}
