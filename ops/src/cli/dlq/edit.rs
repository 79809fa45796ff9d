//! `dlq edit`: replaces a message by one with a changed event.
#![allow(clippy::disallowed_methods, reason = "a command reads EDITOR and creates ids here")]

use std::collections::BTreeMap;
use std::io::Write;
use std::ops::ControlFlow;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use std::{env, fs};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use ops::dlq::attribute_names;
use ops::dlq::batches::{self, OutgoingMessage};
use ops::dlq::browse::{BrowseLimits, browse};
use ops::dlq::edit::layout::{compact, pretty};
use ops::dlq::edit::{self, Change};
use ops::dlq::filter::Filter;
use ops::dlq::journal::Journal;
use ops::dlq::journal::entry::{Accepted, Entry, Intent, Planned, Purpose, Refused, Summary};
use ops::dlq::message::Message;
use ops::dlq::queue::Queue;
use ops::dlq::raw_message::Attribute;
use ops::dlq::removal::{RemovalLimits, remove_matching};
use ops::dlq::replay_metadata::{self, MetadataPolicy};
use ops::error::UsageError;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::cli::arguments::{ForceArgs, QueueArgs};
use crate::cli::dlq::inspect;
use crate::cli::dlq::journal::JournalFolder;
use crate::cli::dlq::replay::print_result;
use crate::cli::interrupts::stop_at_interrupt;
use crate::cli::output::{self, Format, Outcome};

/// How long the message is searched for.
const SEARCH_TIME: Duration = Duration::from_mins(2);

/// Which message to change, and how.
#[derive(Debug, Args)]
pub(crate) struct Edit {
    #[command(flatten)]
    queue: QueueArgs,
    /// The beginning of the message id
    message: String,
    /// A field of the event to set or to add, `$.detail.data.title="…"`. Can be repeated. Without it, $EDITOR opens
    #[arg(long, value_name = "PATH=VALUE")]
    set: Vec<Change>,
    /// Show the difference without changing anything
    #[arg(long)]
    dry_run: bool,
    /// Accept an event that violates its schema
    #[arg(long)]
    unchecked: bool,
    #[command(flatten)]
    force: ForceArgs,
    #[command(flatten)]
    folder: JournalFolder,
    /// The output format; with json and ndjson the difference is printed on standard error
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

pub(crate) async fn run(arguments: Edit) -> Result<Outcome> {
    let queue = arguments.queue.open().await?;
    let stopped = stop_at_interrupt(Arc::default());
    let Some(message) = find(&queue, &arguments, &stopped).await? else { return Ok(Outcome::Incomplete) };
    let before = edit::event(&message)?;
    let after =
        if arguments.set.is_empty() { edit_interactively(&before)? } else { edit::set(&before, &arguments.set)? };
    let Some(difference) = edit::difference(&before, &after) else {
        output::print_notice("nothing was changed");
        return Ok(Outcome::Complete);
    };
    let shown = output::escape_controls(&difference);
    match arguments.format {
        Format::Table => drop(output::print_text(shown.as_bytes())?),
        Format::Json | Format::Ndjson => output::print_notice(shown.trim_end()),
    }
    if !arguments.unchecked {
        check(&serde_json::from_str(&after).context("the event is not JSON")?)?;
    }
    if arguments.dry_run {
        return Ok(Outcome::Complete);
    }
    if stopped.load(Ordering::Relaxed) {
        output::print_notice("interrupted: nothing was changed");
        return Ok(Outcome::Incomplete);
    }
    let summary = replace(&queue, &message, &after, &arguments, &stopped).await?;
    if summary.replayed == 0 {
        output::print_notice("interrupted: nothing was changed");
        output::print_summary(&summary, arguments.format)?;
        return Ok(Outcome::Incomplete);
    }
    print_result(&summary, arguments.format)
}

/// Checks the event against the schemas of the repository that contains the current folder, if there is one.
fn check(event: &Value) -> Result<()> {
    let here = env::current_dir().context("the current folder does not exist")?;
    let schemas = here.ancestors().map(|folder| folder.join("events/schemas")).find(|schemas| schemas.is_dir());
    let checked = schemas.map_or(Ok(()), |schemas| edit::check(event, &schemas));
    checked.map_err(|error| match error.downcast::<UsageError>() {
        Ok(UsageError(text)) => {
            UsageError(format!("{text}. Nothing was changed; --unchecked accepts it anyway")).into()
        }
        Err(error) => error,
    })
}

/// The message; `None` when the search ended before it saw all.
async fn find(queue: &Queue, arguments: &Edit, stopped: &Arc<AtomicBool>) -> Result<Option<Message>> {
    let prefix = arguments.message.as_str();
    ensure!(!prefix.is_empty(), UsageError("give the beginning of a message id; `peek` shows the ids".to_owned()));
    let filter = Filter { message_id: Some(prefix.to_owned()), ..Filter::default() };
    let mut found = Vec::new();
    let (cancelled, redriving) = (Arc::clone(stopped), arguments.force.redriving());
    let limits = BrowseLimits { cancelled, redriving, ..BrowseLimits::after(SEARCH_TIME) };
    let browsed = browse(queue, limits, |message| {
        if filter.admits(&message) {
            found.push(message);
        }
        Ok(if found.len() > 1 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    })
    .await?;
    if found.len() < 2 && inspect::search_outcome(queue, &browsed) == Outcome::Incomplete {
        output::print_notice("nothing was changed");
        return Ok(None);
    }
    match (found.pop(), found.is_empty()) {
        (Some(message), true) => Ok(Some(message)),
        (Some(_), false) => bail!(UsageError(format!("several messages begin with `{prefix}`: give more of the id"))),
        (None, _) => bail!(UsageError(format!(
            "{} has no message that begins with `{prefix}`; `peek` shows the ids",
            queue.name()
        ))),
    }
}

/// The event after it was changed in the editor.
fn edit_interactively(event: &str) -> Result<String> {
    let editor = env::var("VISUAL").or_else(|_| env::var("EDITOR"));
    let editor = editor.map_err(|_| UsageError("no editor is configured: set EDITOR, or give --set".to_owned()))?;
    let mut words = editor.split_whitespace();
    let program = words.next().ok_or_else(|| UsageError("EDITOR is empty: set it, or give --set".to_owned()))?;
    let folder = env::temp_dir().join(format!("busline-edit-{}", Uuid::new_v4()));
    private_folder(&folder)?;
    let path = folder.join("event.json");
    let edited = (|| {
        fs::File::create(&path)?.write_all((pretty(event) + "\n").as_bytes())?;
        let status = Command::new(program).args(words).arg(&path).status();
        let status = status.with_context(|| format!("the editor `{program}` cannot be started"))?;
        ensure!(status.success(), "the editor ended with {status}: nothing was changed");
        let text = fs::read_to_string(&path)?;
        match serde_json::from_str::<&RawValue>(&text) {
            Ok(_) => Ok(compact(&text)),
            Err(error) => bail!(UsageError(format!("the result is not JSON ({error}): nothing was changed"))),
        }
    })();
    // The folder contains an event, which must not be left behind.
    fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    edited
}

#[cfg(unix)]
fn private_folder(path: &Path) -> Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().mode(0o700).create(path).with_context(|| format!("cannot create {}", path.display()))
}

#[cfg(not(unix))]
fn private_folder(path: &Path) -> Result<()> {
    fs::create_dir(path).with_context(|| format!("cannot create {}", path.display()))
}

/// Receives the message, sends the changed one, then deletes the original: after a crash at any point, one of them
/// exists.
async fn replace(
    queue: &Queue,
    message: &Message,
    event: &str,
    arguments: &Edit,
    stopped: &AtomicBool,
) -> Result<Summary> {
    let body = edit::body(message, event)?;
    let replay_id = Uuid::now_v7().to_string();
    let journal = Journal::create(&arguments.folder.path()?, &replay_id)?;
    let planned = Planned {
        replay_id,
        queue: queue.url().to_owned(),
        env: arguments.queue.env.clone().unwrap_or_default(),
        way: "edited, in the same queue".to_owned(),
        planned: 1,
        everything: false,
        until: None,
        left_out: 0,
        unseen: 0,
        total: None,
        target_total: None,
        reasons: BTreeMap::new(),
        options: json!(null),
        file: None,
    };
    journal.write(Entry::Plan(Box::new(planned))).await?;
    let limits = RemovalLimits::new(1, stopped, arguments.force.redriving());
    let is_chosen = |found: &Message| found.message_id == message.message_id;
    let mut is_sent = false;
    let deleted = remove_matching(queue, limits, is_chosen, async |received| {
        for message in &received {
            let new = send_changed(queue, message, &body, &journal).await?;
            is_sent = true;
            output::print_notice(&format!("the new message id is {new}"));
        }
        Ok(received)
    })
    .await?;
    ensure!(
        is_sent || stopped.load(Ordering::Relaxed),
        "the message is in flight elsewhere or was consumed: nothing was changed"
    );
    if !deleted.is_empty() {
        journal.write(Entry::Deleted { ids: deleted.clone() }).await?;
    }
    let summary = Summary {
        planned: 1,
        replayed: u64::from(is_sent),
        remaining: u64::from(deleted.is_empty()),
        journal: journal.path().display().to_string(),
        ..Summary::default()
    };
    journal.write(Entry::Closed(summary.clone())).await?;
    Ok(summary)
}

/// Sends the changed message. Returns its message id.
async fn send_changed(queue: &Queue, message: &Message, body: &str, journal: &Journal) -> Result<String> {
    let changed = Message { body: body.to_owned(), ..message.clone() };
    let mut attributes = replay_metadata::preserved_attributes(&changed, MetadataPolicy::Keep);
    replay_metadata::add_attribute(
        &mut attributes,
        &changed,
        attribute_names::EDITED,
        Attribute::text(&message.message_id),
    );
    let mut outgoing = OutgoingMessage::new(&changed, queue.url(), body, attributes);
    outgoing.deduplication = outgoing.deduplication.map(|_| Uuid::new_v4().to_string());
    let (id, key) = (message.message_id.clone(), replay_metadata::replay_key(message));
    let intent = Intent { id: id.clone(), receipt: message.receipt_handle.clone(), key, attempt: 0 };
    journal.write(Entry::Intent { purpose: Purpose::Replay, messages: vec![intent] }).await?;
    let outcome = batches::send(queue.sqs(), queue.url(), &[outgoing]).await?.pop();
    match outcome.context("SQS did not answer")? {
        Ok(new) => {
            let sent = Accepted { id, as_id: Some(new.clone()) };
            journal.write(Entry::Sent { messages: vec![sent] }).await?;
            Ok(new)
        }
        Err(error) => {
            let refused = Refused { id, error: error.clone() };
            journal.write(Entry::Failed { messages: vec![refused] }).await?;
            bail!("the changed message was refused: {error}. Nothing was changed")
        }
    }
}
