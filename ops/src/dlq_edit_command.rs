//! `dlq edit`: a message with another event in the place of the one that it was.
#![allow(clippy::disallowed_methods, reason = "a command-line tool reads EDITOR and makes ids here")]

use std::io::Write;
use std::ops::ControlFlow;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::AtomicBool;
use std::time::Duration;
use std::{env, fs};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use ops::dlq::edit::layout::{compact, laid_out};
use ops::dlq::edit::{self, Change};
use ops::dlq::filter::Filter;
use ops::dlq::journal::Journal;
use ops::dlq::journal::entry::{Accepted, Entry, Intent, Planned, Purpose, Refused, Summary};
use ops::dlq::look::{Until, look};
use ops::dlq::marks::{self, Marking};
use ops::dlq::message::{Attribute, Message};
use ops::dlq::queue::{Queue, WrongUse};
use ops::dlq::roads::outgoing;
use ops::dlq::{batches, sweep};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::arguments::QueueArgs;
use crate::dlq_journal_commands::JournalFolder;
use crate::dlq_replay_commands::end;
use crate::output::{self, Format, Outcome};

/// How long the message is looked for.
const LOOK: Duration = Duration::from_mins(2);

/// What to change.
#[derive(Debug, Args)]
pub(crate) struct Edit {
    #[command(flatten)]
    queue: QueueArgs,
    /// How the message's id begins
    message: String,
    /// A field of the event to set or to add, `$.detail.data.title="…"`; may be given several times. Without it $EDITOR
    /// opens
    #[arg(long, value_name = "PATH=VALUE")]
    set: Vec<Change>,
    /// Show the difference, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Put the event in although it breaks its schema
    #[arg(long)]
    unchecked: bool,
    #[command(flatten)]
    folder: JournalFolder,
    /// How to print; the difference is among the remarks unless it is a table
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

/// Does what was asked.
pub(crate) async fn run(arguments: Edit) -> Result<Outcome> {
    let queue = arguments.queue.open().await?;
    let message = find(&queue, &arguments.message).await?;
    let before = edit::event(&message)?;
    let after = if arguments.set.is_empty() { in_editor(&before)? } else { edit::set(&before, &arguments.set)? };
    let Some(difference) = edit::difference(&before, &after) else {
        output::remark("nothing was changed");
        return Ok(Outcome::Done);
    };
    let shown = output::plain(&difference);
    match arguments.format {
        Format::Table => drop(output::text(shown.as_bytes())?),
        Format::Json | Format::Ndjson => output::remark(shown.trim_end()),
    }
    if !arguments.unchecked {
        check(&serde_json::from_str(&after).context("the event is no JSON")?)?;
    }
    if arguments.dry_run {
        return Ok(Outcome::Done);
    }
    let summary = replace(&queue, &message, &after, &arguments).await?;
    end(&summary, arguments.format)
}

/// Against the schemas of the repository that this program is run in, if it is one.
fn check(event: &Value) -> Result<()> {
    let here = env::current_dir().context("the folder that this runs in is gone")?;
    let schemas = here.ancestors().map(|folder| folder.join("events/schemas")).find(|schemas| schemas.is_dir());
    let checked = schemas.map_or(Ok(()), |schemas| edit::check(event, &schemas));
    checked.map_err(|error| match error.downcast::<WrongUse>() {
        Ok(WrongUse(text)) => {
            WrongUse(format!("{text}. Nothing was changed; --unchecked puts it in all the same")).into()
        }
        Err(error) => error,
    })
}

async fn find(queue: &Queue, prefix: &str) -> Result<Message> {
    ensure!(!prefix.is_empty(), WrongUse("a message needs an id: see `peek`".to_owned()));
    let filter = Filter { message_id: Some(prefix.to_owned()), ..Filter::default() };
    let mut found = Vec::new();
    look(queue, Until::after(LOOK), |message| {
        if filter.admits(&message) {
            found.push(message);
        }
        Ok(if found.len() > 1 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    })
    .await?;
    match (found.pop(), found.is_empty()) {
        (Some(message), true) => Ok(message),
        (Some(_), false) => bail!(WrongUse(format!("several messages begin with `{prefix}`: give more of the id"))),
        (None, _) => bail!(WrongUse(format!("{} has no message that begins with `{prefix}`", queue.name()))),
    }
}

/// The event as somebody leaves it in their editor.
fn in_editor(event: &str) -> Result<String> {
    let editor = env::var("VISUAL").or_else(|_| env::var("EDITOR"));
    let editor = editor.map_err(|_| WrongUse("set EDITOR, or give --set".to_owned()))?;
    let mut words = editor.split_whitespace();
    let program = words.next().ok_or_else(|| WrongUse("EDITOR is empty: set it, or give --set".to_owned()))?;
    let folder = env::temp_dir().join(format!("busline-edit-{}", Uuid::new_v4()));
    private_folder(&folder)?;
    let path = folder.join("event.json");
    let edited = (|| {
        fs::File::create(&path)?.write_all((laid_out(event) + "\n").as_bytes())?;
        let status = Command::new(program).args(words).arg(&path).status();
        let status = status.with_context(|| format!("the editor `{program}` does not start"))?;
        ensure!(status.success(), "the editor ended with {status}: nothing was changed");
        let text = fs::read_to_string(&path)?;
        match serde_json::from_str::<&RawValue>(&text) {
            Ok(_) => Ok(compact(&text)),
            Err(error) => bail!(WrongUse(format!("it is no JSON ({error}): nothing was changed"))),
        }
    })();
    // It holds an event, which must not be left behind.
    fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    edited
}

#[cfg(unix)]
fn private_folder(path: &Path) -> Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().mode(0o700).create(path).with_context(|| format!("cannot make {}", path.display()))
}

#[cfg(not(unix))]
fn private_folder(path: &Path) -> Result<()> {
    fs::create_dir(path).with_context(|| format!("cannot make {}", path.display()))
}

/// Holds the message, puts the edited one in, then takes the other out: whatever happens in between, one of them is
/// there.
async fn replace(queue: &Queue, message: &Message, event: &str, arguments: &Edit) -> Result<Summary> {
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
        options: json!(null),
    };
    journal.write(Entry::Plan(Box::new(planned))).await?;
    let stopped = AtomicBool::new(false);
    let is_meant = |found: &Message| found.message_id == message.message_id;
    let mut is_put_in = false;
    let deleted = sweep::sweep(queue, (1, &stopped), is_meant, async |held| {
        for message in &held {
            let new = put_in(queue, message, &body, &journal).await?;
            is_put_in = true;
            output::remark(&format!("the message is {new} now"));
        }
        Ok(held)
    })
    .await?;
    ensure!(is_put_in, "somebody else has taken or holds the message: nothing was changed");
    if !deleted.is_empty() {
        journal.write(Entry::Deleted { ids: deleted.clone() }).await?;
    }
    let summary = Summary {
        planned: 1,
        replayed: 1,
        remaining: u64::from(deleted.is_empty()),
        journal: journal.path().display().to_string(),
        ..Summary::default()
    };
    journal.write(Entry::Closed(summary.clone())).await?;
    Ok(summary)
}

/// The id under which the edited message is in the queue.
async fn put_in(queue: &Queue, message: &Message, body: &str, journal: &Journal) -> Result<String> {
    let whole = Message { body: body.to_owned(), ..message.clone() };
    let mut attributes = marks::kept(&whole, Marking::Keep);
    marks::add(&mut attributes, &whole, marks::EDITED, Attribute::text(&message.message_id));
    let mut edited = outgoing(&whole, queue.url(), body, attributes);
    edited.deduplication = edited.deduplication.map(|_| Uuid::new_v4().to_string());
    let (id, key) = (message.message_id.clone(), marks::key(message));
    let intent = Intent { id: id.clone(), receipt: message.receipt_handle.clone(), key, attempt: 0 };
    journal.write(Entry::Intent { purpose: Purpose::Replay, messages: vec![intent] }).await?;
    let outcome = batches::send(queue.sqs(), queue.url(), &[edited]).await?.pop();
    match outcome.context("SQS did not answer")? {
        Ok(new) => {
            let sent = Accepted { id, as_id: Some(new.clone()) };
            journal.write(Entry::Sent { messages: vec![sent] }).await?;
            Ok(new)
        }
        Err(error) => {
            let refused = Refused { id, error: error.clone() };
            journal.write(Entry::Failed { messages: vec![refused] }).await?;
            bail!("the edited message was not taken: {error}. Nothing was changed")
        }
    }
}
