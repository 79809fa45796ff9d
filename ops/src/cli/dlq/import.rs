//! `dlq import`: sends the messages of an export to a queue. A journal records which were sent, so that an import that
//! was interrupted can continue.
#![allow(clippy::disallowed_methods, reason = "a command creates ids here")]

use std::collections::BTreeMap;
use std::fmt::Display;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result, ensure};
use clap::Args;
use ops::dlq::attribute_names;
use ops::dlq::batches::{self, OutgoingMessage};
use ops::dlq::browse::BrowseProgress;
use ops::dlq::cancellation::until_set;
use ops::dlq::journal::entry::{Accepted, Entry, Intent, Planned, Purpose, Refused, Summary};
use ops::dlq::journal::state::{State, short_id};
use ops::dlq::journal::{Journal, read};
use ops::dlq::limits::BATCH_SIZE;
use ops::dlq::message::Message;
use ops::dlq::queue::Queue;
use ops::dlq::raw_message::Attribute;
use ops::dlq::replay_metadata::{self, MetadataPolicy};
use ops::error::UsageError;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::cli::arguments::QueueArgs;
use crate::cli::dlq::inspect::grouped;
use crate::cli::dlq::journal::JournalFolder;
use crate::cli::dlq::reading::while_shown;
use crate::cli::interrupts::stop_at_interrupt;
use crate::cli::output::{self, Format, Outcome, one_line};

/// How journals name an import.
const WAY: &str = "import";

/// The messages that are read before they are sent.
const READ_AHEAD: usize = 100;

#[derive(Debug, Args)]
pub(crate) struct Import {
    #[command(flatten)]
    queue: QueueArgs,
    /// The file, or `-` for standard input
    file: PathBuf,
    /// Continue this import of the same file: its id, the beginning of it, or its journal
    #[arg(long, value_name = "IMPORT")]
    resume: Option<String>,
    #[command(flatten)]
    folder: JournalFolder,
    /// The output format; the last line is always a JSON object
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

pub(crate) async fn run(arguments: Import) -> Result<Outcome> {
    let queue = arguments.queue.open().await?;
    let mut messages = FileMessages::open(&arguments.file)?;
    let stopped = stop_at_interrupt(Arc::default());
    // Before there is a journal: a file that is none leaves nothing to resume.
    messages.require_first(&stopped).await?;
    let mut run = ImportRun::open(&arguments, queue).await?;
    offer_resume(run.id, run.queue.url(), &arguments.source(), run.journal.path());
    let progress = Arc::clone(&run.progress);
    while_shown(&progress, "imported", run.send_all(&mut messages, &stopped)).await?;
    if !stopped.load(Ordering::Relaxed) {
        run.rest = Some(0);
    } else if messages.is_regular_file {
        run.rest = messages.count_rest(&run).await;
    }
    run.report_rest();
    run.close().await?;
    output::print_summary(&run.summary(), arguments.format)?;
    if run.rest != Some(0) || run.failed > 0 {
        return Ok(Outcome::Incomplete);
    }
    output::set_continuation(None);
    Ok(Outcome::Complete)
}

impl Import {
    /// The file, so that it is found from every folder.
    fn source(&self) -> String {
        let is_input = self.file == Path::new("-");
        let path = if is_input { None } else { std::path::absolute(&self.file).ok() };
        path.as_ref().unwrap_or(&self.file).display().to_string()
    }
}

fn offer_resume(id: impl Display, queue: &str, file: &str, journal: &Path) {
    output::set_continuation(Some(format!(
        "import {id} is not complete: `{} dlq import {queue} {file} --resume {}` continues it",
        output::program(),
        journal.display()
    )));
}

/// Whether the journal is that of an import.
pub(crate) fn is_import(plan: &Planned) -> bool {
    plan.way == WAY
}

/// What an earlier import has left, and the command that continues it.
pub(crate) fn report_earlier(path: &Path, plan: &Planned, state: &State, format: Format) -> Result<Outcome> {
    let journal = path.display().to_string();
    let summary =
        state.closed.clone().unwrap_or_else(|| Summary { replayed: state.replayed, journal, ..Summary::default() });
    if state.closed.is_none() {
        output::print_notice(&format!(
            "this import has not ended: {} messages were imported, and how many are left is not known",
            grouped(state.replayed)
        ));
    } else {
        output::print_notice(&format!("{} messages of this import are left", grouped(summary.remaining)));
    }
    offer_resume(&plan.replay_id, &plan.queue, plan.file.as_deref().unwrap_or("<file>"), path);
    output::print_summary(&summary, format)?;
    Ok(Outcome::Incomplete)
}

type Messages = Box<dyn Iterator<Item = Result<Message>>>;

/// The messages of a file with their numbers, read by a thread: input that does not come must not keep an interrupted command
/// from ending.
struct FileMessages {
    messages: mpsc::Receiver<Result<(usize, Message)>>,
    /// The first message, until it is asked for.
    first: Option<(usize, Message)>,
    file: PathBuf,
    /// Otherwise its end may never come.
    is_regular_file: bool,
}

impl FileMessages {
    fn open(file: &Path) -> Result<Self> {
        let unreadable = |error| UsageError(format!("cannot read {}: {error}", file.display()));
        let opened = if file == Path::new("-") { None } else { Some(File::open(file).map_err(unreadable)?) };
        let is_regular_file =
            opened.as_ref().is_some_and(|file| file.metadata().is_ok_and(|metadata| metadata.is_file()));
        let (sender, receiver) = mpsc::channel(READ_AHEAD);
        let read = file.to_owned();
        std::thread::spawn(move || {
            let messages = match messages(opened, &read) {
                Ok(messages) => messages,
                // Nobody listens any more when the command has ended.
                Err(error) => return sender.blocking_send(Err(error)).unwrap_or_default(),
            };
            for (number, message) in (1..).zip(messages) {
                if sender.blocking_send(message.map(|message| (number, message))).is_err() {
                    return;
                }
            }
        });
        Ok(Self { messages: receiver, first: None, file: file.to_owned(), is_regular_file })
    }

    /// Reads the first message, unless `stopped` is set meanwhile. Standard input may be slow to begin.
    async fn require_first(&mut self, stopped: &AtomicBool) -> Result<()> {
        if self.file == Path::new("-") {
            return Ok(());
        }
        self.first = self.next(stopped).await.transpose()?;
        if self.first.is_none() && !stopped.load(Ordering::Relaxed) {
            output::print_notice(&format!("{} has no message", self.file.display()));
        }
        Ok(())
    }

    /// The next message; `None` at the end, or when `stopped` is set.
    async fn next(&mut self, stopped: &AtomicBool) -> Option<Result<(usize, Message)>> {
        if let Some(first) = self.first.take() {
            return Some(Ok(first));
        }
        tokio::select! {
            biased;
            () = until_set(stopped) => None,
            message = self.messages.recv() => message,
        }
    }

    /// The number of messages that were not sent; `None` when the file cannot be read to its end.
    async fn count_rest(&mut self, run: &ImportRun) -> Option<u64> {
        let mut rest = run.batch.len() as u64;
        rest += u64::from(self.first.take().is_some_and(|(number, message)| !run.is_known(&name(number, &message))));
        while let Some(message) = self.messages.recv().await {
            let (number, message) = message.ok()?;
            rest += u64::from(!run.is_known(&name(number, &message)));
        }
        Some(rest)
    }
}

/// The name of a message in the journal.
fn name(number: usize, message: &Message) -> String {
    format!("{number} {}", message.message_id)
}

/// The messages of a file: one a line, or an array as `export --format json` writes it.
fn messages(opened: Option<File>, file: &Path) -> Result<Messages> {
    let mut input: Box<dyn BufRead> = match opened {
        Some(opened) => Box::new(BufReader::new(opened)),
        None => Box::new(BufReader::new(io::stdin())),
    };
    let is_array = input.fill_buf().is_ok_and(|start| start.first() == Some(&b'['));
    if is_array {
        let not_messages = |error| UsageError(format!("{} is not an array of messages: {error}", file.display()));
        let messages: Vec<Message> = serde_json::from_reader(input).map_err(not_messages)?;
        return Ok(Box::new(messages.into_iter().map(Ok)));
    }
    let lines = input.lines().enumerate().map(|(index, line)| (index + 1, line));
    let lines = lines.filter(|(_, line)| line.as_ref().map_or(true, |line| !line.trim().is_empty()));
    let file = file.display().to_string();
    Ok(Box::new(lines.map(move |(number, line)| {
        let line = line.map_err(|error| UsageError(format!("cannot read line {number} of {file}: {error}")))?;
        serde_json::from_str(&line).map_err(|error| {
            let problem = format!("line {number} of {file} is not a message ({error})");
            anyhow::Error::from(UsageError(format!("{problem}. Use a file of `export --format ndjson`")))
        })
    })))
}

/// A message of the file, and its name in the journal.
struct Entered {
    name: String,
    message: Message,
}

struct ImportRun {
    id: Uuid,
    queue: Queue,
    journal: Journal,
    /// What an earlier run has imported.
    state: State,
    batch: Vec<Entered>,
    imported: u64,
    failed: u64,
    /// Messages that an earlier run has imported.
    known: u64,
    /// Messages of the file that were not sent; `None` while that is not known.
    rest: Option<u64>,
    progress: Arc<BrowseProgress>,
}

impl ImportRun {
    async fn open(arguments: &Import, queue: Queue) -> Result<Self> {
        let folder = arguments.folder.path()?;
        let (id, journal, state) = if let Some(given) = &arguments.resume {
            let (id, journal, state) = reopen(&read::find(&folder, given)?, &queue)?;
            journal.write(Entry::Resumed {}).await?;
            (id, journal, state)
        } else {
            let id = Uuid::now_v7();
            let journal = Journal::create(&folder, &id.to_string())?;
            journal.write(Entry::Plan(Box::new(plan(id, arguments, &queue)))).await?;
            (id, journal, State::default())
        };
        let (batch, progress) = (Vec::new(), Arc::default());
        Ok(Self { id, queue, journal, state, batch, imported: 0, failed: 0, known: 0, rest: None, progress })
    }

    /// Sends the messages of the file, until its end or until `stopped` is set.
    async fn send_all(&mut self, messages: &mut FileMessages, stopped: &AtomicBool) -> Result<()> {
        while let Some(message) = messages.next(stopped).await {
            let message = message.map_err(|error| {
                UsageError(format!("{error:#}; {} messages before it were imported", self.imported + self.known))
            })?;
            self.add(message).await?;
        }
        if stopped.load(Ordering::Relaxed) { Ok(()) } else { self.send().await }
    }

    /// Adds a message, and sends the batch when it is full.
    async fn add(&mut self, (number, message): (usize, Message)) -> Result<()> {
        let name = name(number, &message);
        if self.is_known(&name) {
            self.known += 1;
            return Ok(());
        }
        self.batch.push(Entered { name, message });
        if self.batch.len() == BATCH_SIZE { self.send().await } else { Ok(()) }
    }

    /// Whether an earlier run has imported the message.
    fn is_known(&self, name: &str) -> bool {
        self.state.accepted.contains_key(&short_id(name))
    }

    async fn send(&mut self) -> Result<()> {
        let batch = std::mem::take(&mut self.batch);
        if batch.is_empty() {
            return Ok(());
        }
        let intents = batch.iter().map(intent).collect();
        self.journal.write(Entry::Intent { purpose: Purpose::Replay, messages: intents }).await?;
        let outgoing: Vec<OutgoingMessage> = batch.iter().map(|entered| self.outgoing(entered)).collect();
        let outcomes = batches::send(self.queue.sqs(), self.queue.url(), &outgoing).await?;
        let (mut accepted, mut refused) = (Vec::new(), Vec::new());
        for (Entered { name: id, message }, outcome) in batch.into_iter().zip(outcomes) {
            match outcome {
                Ok(new) => accepted.push(Accepted { id, as_id: Some(new) }),
                Err(error) => {
                    let name = one_line(&message.message_id);
                    output::print_notice(&format!("message {name} was not imported: {}", one_line(&error)));
                    refused.push(Refused { id, error });
                }
            }
        }
        self.imported += accepted.len() as u64;
        self.failed += refused.len() as u64;
        self.progress.read.store(self.imported + self.known, Ordering::Relaxed);
        if !refused.is_empty() {
            self.journal.append(Entry::Failed { messages: refused })?;
        }
        self.journal.write(Entry::Sent { messages: accepted }).await
    }

    /// The exported message with its replay metadata and its replay key, so that a message imported twice is
    /// recognised. In a FIFO queue it has a deduplication id of this import: SQS would take that of an earlier import
    /// for a repetition, and drop the message although it accepts it.
    fn outgoing(&self, entered: &Entered) -> OutgoingMessage {
        let message = &entered.message;
        let mut attributes = replay_metadata::preserved_attributes(message, MetadataPolicy::Keep);
        if !attributes.iter().any(|(name, _)| name == attribute_names::REPLAY_KEY) {
            let key = Attribute::text(replay_metadata::replay_key(message));
            replay_metadata::add_attribute(&mut attributes, message, attribute_names::REPLAY_KEY, key);
        }
        let mut outgoing = OutgoingMessage::new(message, self.queue.url(), &message.body, attributes);
        let own_id = || Uuid::new_v5(&self.id, entered.name.as_bytes()).to_string();
        outgoing.deduplication = outgoing.deduplication.map(|_| own_id());
        outgoing
    }

    fn report_rest(&self) {
        match self.rest {
            Some(0) => {}
            Some(rest) => {
                output::print_notice(&format!("interrupted: {} messages were not imported", grouped(rest)));
            }
            None => output::print_notice("interrupted: the rest was not imported"),
        }
    }

    /// Records the result. The journal of an import of which the rest is not known stays open.
    async fn close(&self) -> Result<()> {
        let Some(rest) = self.rest else { return Ok(()) };
        let summary = Summary {
            planned: self.known + self.imported + self.failed + rest,
            replayed: self.known + self.imported,
            failed: self.failed,
            remaining: self.failed + rest,
            journal: self.journal.path().display().to_string(),
            ..Summary::default()
        };
        self.journal.write(Entry::Closed(summary)).await
    }

    fn summary(&self) -> Value {
        json!({
            "imported": self.imported, "failed": self.failed, "alreadyImported": self.known,
            "remaining": self.rest.map(|rest| rest + self.failed), "journal": self.journal.path(),
        })
    }
}

fn intent(entered: &Entered) -> Intent {
    let key = replay_metadata::replay_key(&entered.message);
    Intent { id: entered.name.clone(), receipt: String::new(), key, attempt: 0 }
}

fn plan(id: Uuid, arguments: &Import, queue: &Queue) -> Planned {
    Planned {
        replay_id: id.to_string(),
        queue: queue.url().to_owned(),
        env: arguments.queue.env.clone().unwrap_or_default(),
        way: WAY.to_owned(),
        planned: 0,
        everything: false,
        until: None,
        left_out: 0,
        unseen: 0,
        total: None,
        target_total: None,
        reasons: BTreeMap::new(),
        options: json!(null),
        file: Some(arguments.source()),
    }
}

/// Continues the journal of an earlier import to the same queue.
fn reopen(path: &Path, queue: &Queue) -> Result<(Uuid, Journal, State)> {
    let (journal, state) = Journal::reopen(path)?;
    let plan = state.plan.as_ref().filter(|plan| plan.way == WAY);
    let plan = plan.ok_or_else(|| UsageError(format!("{} is not the journal of an import", path.display())))?;
    ensure!(
        plan.queue == queue.url(),
        UsageError(format!("it was an import to {}, not to {}", plan.queue, queue.url()))
    );
    let id = Uuid::parse_str(&plan.replay_id).context("the journal has no id")?;
    Ok((id, journal, state))
}
