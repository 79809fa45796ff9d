//! `dlq purge`: deletes messages after exporting them.
#![allow(clippy::disallowed_methods, reason = "a command reads the clock here")]

use std::collections::{BTreeMap, HashSet};
use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, ErrorKind, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use anyhow::{Context, Result, bail};
use clap::Args;
use jiff::Timestamp;
use ops::dlq::browse::{BrowseLimits, BrowseProgress, BrowseResult, browse};
use ops::dlq::filter::Filter;
use ops::dlq::message::Message;
use ops::dlq::queue::Queue;
use ops::dlq::removal::{RemovalLimits, remove_matching};
use ops::error::UsageError;
use serde_json::json;

use crate::cli::arguments::{BrowseArgs, FilterArgs, QueueArgs};
use crate::cli::dlq::export_file::require_folder;
use crate::cli::dlq::inspect::{self, grouped};
use crate::cli::dlq::reading::{while_shown, with_progress};
use crate::cli::output::{self, Format, Outcome};

/// Which messages to delete.
#[derive(Debug, Args)]
pub(crate) struct Purge {
    #[command(flatten)]
    queue: QueueArgs,
    #[command(flatten)]
    filter: FilterArgs,
    #[command(flatten)]
    browse: BrowseArgs,
    /// The file to write the messages to first
    #[arg(long, value_name = "FILE")]
    export: PathBuf,
    /// The number of messages that you expect to delete
    #[arg(long, value_name = "MESSAGES", value_parser = expected, allow_hyphen_values = true)]
    yes_delete: u64,
    /// The output format; the last line is always a JSON object
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

pub(crate) async fn run(arguments: Purge) -> Result<Outcome> {
    let filter = arguments.filter.filter(Timestamp::now())?;
    let queue = arguments.queue.open().await?;
    let path = &arguments.export;
    let file = create(path)?;
    let limits = arguments.browse.limits();
    let stopped = Arc::clone(&limits.cancelled);
    let read = async |limits| export(&queue, &filter, limits, (path, file)).await;
    let (exported, browsed) = match with_progress(limits, read).await {
        Ok(exported) => exported,
        Err(error) => {
            // The file is incomplete and nothing was deleted; it would only prevent the next attempt.
            remove(path)?;
            return Err(error.context("nothing was deleted"));
        }
    };
    if stopped.load(Ordering::Relaxed) {
        remove(path)?;
        output::print_notice("interrupted: nothing was deleted, and nothing exported");
        return Ok(Outcome::Incomplete);
    }
    let count = exported.len() as u64;
    if count != arguments.yes_delete {
        remove(path)?;
        bail!(UsageError(format!(
            "{} messages match, but --yes-delete is {}: nothing was deleted. To delete them give --yes-delete {count}",
            grouped(count),
            arguments.yes_delete
        )));
    }
    let is_exported = |message: &Message| exported.contains(&message.message_id);
    let limits = RemovalLimits::new(exported.len(), &stopped, arguments.browse.redriving());
    let progress = BrowseProgress { total: count.into(), ..BrowseProgress::default() };
    let delete = async |messages: Vec<Message>| {
        progress.read.fetch_add(messages.len() as u64, Ordering::Relaxed);
        Ok(messages)
    };
    let deleted = while_shown(&progress, "deleted", remove_matching(&queue, limits, is_exported, delete)).await?.len();
    let unseen: BTreeMap<&str, u64> = browsed.unseen_by_reason(queue.is_fifo()).into_iter().collect();
    let remaining = count - deleted as u64 + browsed.unseen();
    let summary = json!({"exported": count, "deleted": deleted, "remaining": remaining, "unseen": unseen});
    output::print_summary(&summary, arguments.format)?;
    let saw_all = inspect::outcome(&queue, &browsed) == Outcome::Complete;
    if deleted < exported.len() {
        let left = exported.len() - deleted;
        output::print_notice(&format!(
            "{left} exported messages are left: others hold or have deleted them, or it was interrupted"
        ));
    }
    Ok(if saw_all && deleted == exported.len() { Outcome::Complete } else { Outcome::Incomplete })
}

fn expected(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| "give the number of messages that match, such as 12; `peek` counts them".to_owned())
}

/// Creates the file. Nobody else has written it: it can be removed.
fn create(path: &Path) -> Result<File> {
    require_folder(path)?;
    match OpenOptions::new().write(true).create_new(true).open(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            bail!(UsageError(format!("{} exists already: choose another file", path.display())))
        }
        created => created.with_context(|| format!("cannot write {}", path.display())),
    }
}

/// Writes the matching messages to the disk, and returns their ids.
async fn export(
    queue: &Queue,
    filter: &Filter,
    limits: BrowseLimits,
    (path, file): (&Path, File),
) -> Result<(HashSet<String>, BrowseResult)> {
    let context = || format!("cannot write {}", path.display());
    let mut out = BufWriter::new(file);
    let mut ids = HashSet::new();
    let browsed = browse(queue, limits, |message| {
        if filter.admits(&message) {
            out.write_all(output::json_line(&message)?.as_bytes()).with_context(context)?;
            ids.insert(message.message_id);
        }
        Ok(ControlFlow::Continue(()))
    })
    .await?;
    let file = out.into_inner().with_context(context)?;
    file.sync_all().with_context(context)?;
    Ok((ids, browsed))
}

/// Removes an incomplete file, if it exists.
fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}
