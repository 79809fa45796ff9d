//! `dlq purge`: deleting messages that are in a file.
#![allow(clippy::disallowed_methods, reason = "a command-line tool looks at the clock here")]

use std::collections::HashSet;
use std::fs::{self, OpenOptions};
use std::io::{BufWriter, ErrorKind, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use jiff::Timestamp;
use ops::dlq::filter::Filter;
use ops::dlq::look::{Until, look};
use ops::dlq::message::Message;
use ops::dlq::queue::{Queue, WrongUse};
use ops::dlq::sweep;
use serde_json::json;

use crate::arguments::{FilterArgs, LookArgs, QueueArgs};
use crate::interrupts::stop_at_interrupt;
use crate::output::{self, Format, Outcome};

/// What to delete.
#[derive(Debug, Args)]
pub(crate) struct Purge {
    #[command(flatten)]
    queue: QueueArgs,
    #[command(flatten)]
    filter: FilterArgs,
    #[command(flatten)]
    look: LookArgs,
    /// The file to write the messages to first
    #[arg(long, value_name = "FILE")]
    export: PathBuf,
    /// How many messages you mean to delete
    #[arg(long, value_name = "MESSAGES")]
    yes_delete: u64,
    /// How to print; the last line is a JSON object in each
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

/// Does what was asked.
pub(crate) async fn run(arguments: Purge) -> Result<Outcome> {
    let filter = arguments.filter.filter(Timestamp::now())?;
    let queue = arguments.queue.open().await?;
    let path = &arguments.export;
    ensure!(!path.exists(), WrongUse(format!("{} is there already: name another file", path.display())));
    let until = Until::after(arguments.look.deadline);
    let stopped = stop_at_interrupt(until.stopped.clone());
    let exported = match export(&queue, &filter, until, path).await {
        Ok(exported) => exported,
        Err(error) => {
            // Nothing was deleted, and it does not hold all: it would only be in the way of the next attempt.
            remove(path)?;
            return Err(error.context("nothing was deleted"));
        }
    };
    if stopped.load(Ordering::Relaxed) {
        remove(path)?;
        output::remark("interrupted: nothing was deleted, and nothing exported");
        return Ok(Outcome::Left);
    }
    let count = exported.len() as u64;
    if count != arguments.yes_delete {
        remove(path)?;
        bail!(WrongUse(format!(
            "{count} messages fit and you said {}: nothing was deleted. To delete them give --yes-delete {count}",
            arguments.yes_delete
        )));
    }
    let is_exported = |message: &Message| exported.contains(&message.message_id);
    let deleted =
        sweep::sweep(&queue, (exported.len(), &stopped), is_exported, async |messages| Ok(messages)).await?.len();
    output::last(&json!({"exported": count, "deleted": deleted}), arguments.format)?;
    Ok(if deleted == exported.len() { Outcome::Done } else { Outcome::Left })
}

/// Writes the messages that fit, and their ids; they are on the disk when this returns.
async fn export(queue: &Queue, filter: &Filter, until: Until, path: &Path) -> Result<HashSet<String>> {
    let cannot = || format!("cannot write {}", path.display());
    let file = OpenOptions::new().write(true).create_new(true).open(path).with_context(cannot)?;
    let mut out = BufWriter::new(file);
    let mut ids = HashSet::new();
    look(queue, until, |message| {
        if filter.admits(&message) {
            out.write_all(output::line(&message)?.as_bytes()).with_context(cannot)?;
            ids.insert(message.message_id);
        }
        Ok(ControlFlow::Continue(()))
    })
    .await?;
    let file = out.into_inner().with_context(cannot)?;
    file.sync_all().with_context(cannot)?;
    Ok(ids)
}

/// Removes a file that does not hold all; there may be none.
fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}
