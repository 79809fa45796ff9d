//! `dlq explain` and `verify`: what happened to an event, and what a replay would do now.
#![allow(clippy::disallowed_methods, reason = "a command reads the clock here")]

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::{Args, Subcommand};
use jiff::Timestamp;
use ops::connection;
use ops::dlq::queue::Queue;
use ops::explain::timeline::EventTimeline;
use ops::explain::{self, ExplainRequest};
use ops::verify::verdict::Verdict;
use ops::verify::{self, Report, VerifyRequest};

use crate::cli::arguments::{BrowseArgs, FilterArgs, QueueArgs, non_empty_text};
use crate::cli::dlq::insight_tables;
use crate::cli::dlq::inspect::{self, grouped};
use crate::cli::dlq::journal::JournalFolder;
use crate::cli::dlq::reading::with_progress;
use crate::cli::dlq::watch;
use crate::cli::layout::ColumnsArgs;
use crate::cli::output::{self, Format, Outcome};

/// Commands that combine several sources. They change nothing.
#[derive(Debug, Subcommand)]
pub(crate) enum InsightCommand {
    /// Shows the timeline of one event: committed, published, matched, handled or failed, waiting, replayed
    #[command(after_help = "Examples:\n  cargo ops dlq explain 01a1fcfc-f059-7557-8daf-a945aa69f62b\n  \
                            cargo ops dlq explain 01a1fcfc-f059-7557-8daf-a945aa69f62b --env prod --format json\n\n\
                            Sources: outbox rows in the services' tables (kept for 30 days), the log groups \
                            Busline/<env>/<service> (30 days), the current rules of the bus, the dead-letter and \
                            parking queues, and the journals of replays on this machine. The output lists what could \
                            not be read.\n\n\
                            Exit codes: 0 done; 1 AWS or the network failed; 64 invalid arguments, or \
                            nothing is known of the event.")]
    Explain(Explain),
    /// Predicts for each message whether a replay would succeed now, with the evidence; nothing is invoked
    #[command(after_help = "Examples:\n  cargo ops dlq verify notifications\n  \
                            cargo ops dlq verify notifications --error-type MailRefused --format ndjson\n\n\
                            Verdicts: would-pass; would-fail; stale (a newer event of its subject was handled by the \
                            same job, or waits for it); unreadable (the schema of its job does not accept it); cannot-tell. Sources: \
                            the schemas of consumers (services/<service>/reads) and of events (events/schemas), the \
                            current functions and rules, and the logs since the failures. What lies behind a \
                            function (a policy, another service) shows only in its results. The table counts messages \
                            by verdict and cause; json and ndjson contain each message.\n\n\
                            Exit codes: 0 all would pass; 2 some would not, or not all were seen; 1 AWS or the network \
                            failed; 64 invalid arguments.")]
    Verify(Box<Verify>),
    /// Shows queues, the causes in one of them and the newest replay on one screen
    #[command(after_help = "Examples:\n  cargo ops dlq watch\n  cargo ops dlq watch --env prod --every 10\n\n\
                            Keys: up and down (or k and j) select a queue, r reads its messages again, q quits. While \
                            messages are read, they are hidden from other consumers; depths and the journal are read \
                            without that. Without a terminal, the list is printed once.\n\n\
                            Exit codes: 0 done; 1 AWS or the network failed; 64 invalid arguments.")]
    Watch(watch::Watch),
}

#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// The event's id, as in `metadata.eventId`
    #[arg(value_parser = non_empty_text())]
    event_id: String,
    /// The environment; `local` is the running local cloud
    #[arg(long, value_parser = non_empty_text())]
    env: Option<String>,
    #[command(flatten)]
    journals: JournalFolder,
    #[command(flatten)]
    browse: BrowseArgs,
    /// The output format; `ndjson` prints one step a line
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct Verify {
    #[command(flatten)]
    queue: QueueArgs,
    /// The repository with the schemas of consumers; by default the one that this program was built from
    #[arg(long, value_name = "FOLDER")]
    repository: Option<PathBuf>,
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

pub(crate) async fn run(command: InsightCommand) -> Result<Outcome> {
    match command {
        InsightCommand::Explain(explain) => Box::pin(self::explain(explain)).await,
        InsightCommand::Verify(verify) => self::verify(*verify).await,
        InsightCommand::Watch(watch) => watch::run(watch).await,
    }
}

async fn explain(explain: Explain) -> Result<Outcome> {
    let connection = connection::connect(explain.env.as_deref(), None).await?;
    let journals = explain.journals.path()?;
    let request = ExplainRequest {
        event_id: &explain.event_id,
        journals: &journals,
        limits: explain.browse.limits(),
        now: Timestamp::now(),
    };
    let timeline = Box::pin(explain::explain(&connection, &request)).await?;
    match explain.format {
        Format::Ndjson => output::print_rows(&timeline.steps, Format::Ndjson, String::new),
        format => output::print_item(&timeline, format, || page(&timeline)),
    }
}

async fn verify(verify: Verify) -> Result<Outcome> {
    let filter = verify.filter.filter(Timestamp::now())?;
    let columns = verify.columns.choose(&insight_tables::VERDICT, verify.format)?;
    let connection = connection::connect(verify.queue.env.as_deref(), Some(&verify.queue.queue)).await?;
    let queue = Queue::resolve(&connection, &verify.queue.queue).await?;
    let repository = verify.repository.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join(".."));
    let read = async |limits| {
        let request = VerifyRequest { filter: &filter, repository: &repository, limits };
        verify::verify(&connection, &queue, &request).await
    };
    let report = with_progress(verify.browse.limits(), read).await?;
    output::print_rows(&report.messages, verify.format, || insight_tables::verdicts(&report.messages, &columns))?;
    for unseen in &report.unseen {
        output::print_notice(&format!("not seen: {unseen}"));
    }
    Ok(outcome(&queue, &report))
}

fn outcome(queue: &Queue, report: &Report) -> Outcome {
    let saw_all = inspect::outcome(queue, &report.browsed) == Outcome::Complete;
    let all = report.messages.len();
    let passing = report.messages.iter().filter(|message| message.verdict == Verdict::WouldPass).count();
    output::print_notice(&format!("{} of {} messages would pass", grouped(passing as u64), grouped(all as u64)));
    if saw_all && passing == all { Outcome::Complete } else { Outcome::Incomplete }
}

fn page(timeline: &EventTimeline) -> String {
    let event = &timeline.event;
    let about = [
        event.event_type.clone(),
        Some(timeline.event_id.clone()),
        event.subject.as_ref().map(|subject| format!("about {subject}")),
        event.sequence.map(|sequence| format!("change {sequence} of it")),
    ];
    let mut lines = vec![output::one_line(&about.into_iter().flatten().collect::<Vec<_>>().join(", "))];
    lines.extend(timeline.trace_id.as_ref().map(|trace| output::one_line(&format!("trace {trace}"))));
    lines.extend([String::new(), insight_tables::steps(&timeline.steps)]);
    if !timeline.unseen.is_empty() {
        lines.push("Not seen:".to_owned());
        lines.extend(timeline.unseen.iter().map(|text| format!("  {}", output::one_line(text))));
    }
    lines.join("\n").trim_end().to_owned() + "\n"
}
