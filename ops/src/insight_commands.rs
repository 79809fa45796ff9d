//! `ops dlq explain` and `verify`: what happened, and what would happen now.
#![allow(clippy::disallowed_methods, reason = "a command-line tool looks at the clock here")]

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::{Args, Subcommand};
use jiff::Timestamp;
use ops::dlq::look::End;
use ops::dlq::queue::Queue;
use ops::explain::{self, Question, Story};
use ops::target;
use ops::verify::{self, Report, Verdict, Wanted};

use crate::arguments::{FilterArgs, LookArgs, QueueArgs, text};
use crate::dlq_journal_commands::JournalFolder;
use crate::insight_tables;
use crate::output::{self, Format, Outcome};
use crate::watch;

/// Commands that put together what several places know. They change nothing.
#[derive(Debug, Subcommand)]
pub(crate) enum Insight {
    /// Tells the story of one event: committed, published, matched, handled or failed, where it waits, replayed
    #[command(after_help = "Examples:\n  cargo ops dlq explain 01a1fcfc-f059-7557-8daf-a945aa69f62b\n  \
                            cargo ops dlq explain 01a1fcfc-f059-7557-8daf-a945aa69f62b --env prod --format json\n\n\
                            From the outbox rows of the services' tables (kept for 30 days), the log groups \
                            Busline/<env>/<service> (30 days), the rules of the bus as they are now, the dead-letter \
                            and parking queues, and the journals of replays on this machine. What cannot be seen is \
                            said.\n\n\
                            Exit codes: 0 done; 1 AWS or the network failed; 64 wrong use, or nothing is known of it.")]
    Explain(Explain),
    /// Says of each message whether it would pass now, and by which evidence; nothing is invoked
    #[command(after_help = "Examples:\n  cargo ops dlq verify notifications\n  \
                            cargo ops dlq verify notifications --error-type MailRefused --format ndjson\n\n\
                            Verdicts: would-pass; would-fail; stale (a newer event of its subject was handled by the \
                            same job, or waits for it); unreadable (today's job cannot read it); cannot-tell. From the \
                            schemas of what jobs read (services/<service>/reads) and of events (events/schemas), the \
                            functions and rules as they are now, and the logs since the failures. What lies behind a \
                            function (a policy, another service) is seen in its work alone. The table counts messages \
                            with one verdict and cause; json and ndjson have each message.\n\n\
                            Exit codes: 0 all would pass; 2 some would not, or not all were seen; 1 AWS or the network \
                            failed; 64 wrong use.")]
    Verify(Box<Verify>),
    /// Shows queues, the causes in one of them and the newest replay on one screen, until `q`
    #[command(after_help = "Examples:\n  cargo ops dlq watch\n  cargo ops dlq watch --env prod --every 10\n\n\
                            Keys: up and down (or k and j) select a queue, r looks into it again, q quits. A look hides \
                            the queue's messages from others for as long as it takes; depths and the replay's journal \
                            are read without. Where there is no terminal, the list is printed once.\n\n\
                            Exit codes: 0 done; 1 AWS or the network failed; 64 wrong use.")]
    Watch(watch::Watch),
}

/// Which event.
#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// The event's id, as `metadata.eventId` has it
    #[arg(value_parser = text())]
    event_id: String,
    /// The environment; `local` is the running local cloud
    #[arg(long, value_parser = text())]
    env: Option<String>,
    #[command(flatten)]
    journals: JournalFolder,
    #[command(flatten)]
    look: LookArgs,
    /// How to print; `ndjson` is one step a line
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

/// Which messages, and by which schemas.
#[derive(Debug, Args)]
pub(crate) struct Verify {
    #[command(flatten)]
    queue: QueueArgs,
    /// The checkout whose schemas say what jobs read; this one if not given
    #[arg(long, value_name = "FOLDER")]
    repository: Option<PathBuf>,
    #[command(flatten)]
    look: LookArgs,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    #[command(flatten)]
    filter: FilterArgs,
}

/// Runs a command.
pub(crate) async fn run(command: Insight) -> Result<Outcome> {
    match command {
        Insight::Explain(explain) => self::explain(explain).await,
        Insight::Verify(verify) => self::verify(*verify).await,
        Insight::Watch(watch) => watch::run(watch).await,
    }
}

async fn explain(explain: Explain) -> Result<Outcome> {
    let target = target::connect(explain.env.as_deref(), None).await?;
    let journals = explain.journals.path()?;
    let question = Question {
        event_id: &explain.event_id,
        journals: &journals,
        patience: explain.look.deadline,
        now: Timestamp::now(),
    };
    let story = explain::explain(&target, &question).await?;
    match explain.format {
        Format::Ndjson => output::rows(&story.steps, Format::Ndjson, String::new),
        format => output::one(&story, format, || page(&story)),
    }
}

async fn verify(verify: Verify) -> Result<Outcome> {
    let filter = verify.filter.filter(Timestamp::now())?;
    let target = target::connect(verify.queue.env.as_deref(), Some(&verify.queue.queue)).await?;
    let queue = Queue::resolve(&target.sdk, &target.env, &verify.queue.queue).await?;
    let repository = verify.repository.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join(".."));
    let wanted = Wanted { filter: &filter, repository: &repository, patience: verify.look.deadline };
    let report = verify::verify(&target, &queue, &wanted).await?;
    output::rows(&report.messages, verify.format, || insight_tables::verdicts(&report.messages))?;
    for unseen in &report.unseen {
        output::remark(&format!("not seen: {unseen}"));
    }
    Ok(outcome(&report))
}

fn outcome(report: &Report) -> Outcome {
    let (read, expected) = (report.looked.read, report.looked.expected);
    let saw_all = report.looked.end == End::AllSeen;
    if !saw_all {
        output::remark(&format!("saw {read} of about {expected} messages: the time was over, see --deadline"));
    }
    let all = report.messages.len();
    let passing = report.messages.iter().filter(|message| message.verdict == Verdict::WouldPass).count();
    output::remark(&format!("{passing} of {all} messages would pass"));
    if saw_all && passing == all { Outcome::Done } else { Outcome::Left }
}

fn page(story: &Story) -> String {
    let event = &story.event;
    let about = [
        event.event_type.clone(),
        Some(story.event_id.clone()),
        event.subject.as_ref().map(|subject| format!("about {subject}")),
        event.sequence.map(|sequence| format!("change {sequence} of it")),
    ];
    let mut lines = vec![about.into_iter().flatten().collect::<Vec<_>>().join(", ")];
    lines.extend(story.trace_id.as_ref().map(|trace| format!("trace {trace}")));
    lines.extend([String::new(), insight_tables::steps(&story.steps)]);
    if !story.unseen.is_empty() {
        lines.push("Not seen:".to_owned());
        lines.extend(story.unseen.iter().map(|text| format!("  {}", output::one_line(text))));
    }
    output::plain(&(lines.join("\n").trim_end().to_owned() + "\n"))
}
