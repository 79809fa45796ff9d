//! `dlq list`: the dead-letter queues and their state.
#![allow(clippy::disallowed_methods, reason = "a command reads the clock here")]

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use clap::Args;
use jiff::Timestamp;
use ops::connection;
use ops::dlq::overview::{self, PreviousDepths};

use crate::cli::arguments::non_empty_text;
use crate::cli::dlq::tables;
use crate::cli::layout::ColumnsArgs;
use crate::cli::output::{self, Format, Outcome};

pub(crate) const LIST_EXAMPLES: &str = "\
Examples:
  cargo ops dlq list
  cargo ops dlq list --env prod --format json
  AWS_PROFILE=shop ops dlq list

No message is read. The age of the oldest is the queue's CloudWatch metric, which is some minutes late; without one, \
as in the local cloud, it is unknown. Growth is since the previous `list`. \
Without --env outside the local cloud, a queue is listed if another queue uses it as its dead-letter queue or its name \
contains dlq or dead-letter; if there is none, all queues are listed.

Exit codes: 0 done; 1 AWS or the network failed; 64 invalid arguments, or the environment does not exist.";

/// Which queues to list.
#[derive(Debug, Args)]
pub(crate) struct List {
    /// The environment; `local` is the running local cloud. Without it, `AWS_ENDPOINT_URL`, `AWS_PROFILE` or
    /// `AWS_ACCESS_KEY_ID` decide, and without those it is the local cloud
    #[arg(long, value_parser = non_empty_text())]
    env: Option<String>,
    #[command(flatten)]
    columns: ColumnsArgs,
    /// The format of the result on standard output
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

/// Prints the queues, and saves their depths for the growth at the next call.
pub(crate) async fn run(list: List) -> Result<Outcome> {
    let columns = list.columns.choose(&tables::OVERVIEW, list.format)?;
    let connection = connection::connect(list.env.as_deref(), None).await?;
    let now = Timestamp::now();
    let file = connection::state_dir().map(|folder| folder.join("depths.json"));
    let mut previous = file.as_deref().map(read_depths).unwrap_or_default();
    let overviews = overview::list_queues(&connection, &previous, now).await?;
    previous.extend(overviews.iter().map(|it| (it.url.clone(), (it.depth, now))));
    // The list is useful without the growth, so a folder that cannot be written is not an error.
    if let Err(error) = file.and_then(|file| save_depths(&file, &previous)) {
        output::print_notice(&format!("the next `list` cannot show the growth: {error:#}"));
    }
    output::print_rows(&overviews, list.format, || tables::overviews(&overviews, now, &columns))
}

fn read_depths(file: &Path) -> PreviousDepths {
    fs::read(file).ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default()
}

fn save_depths(file: &Path, depths: &PreviousDepths) -> Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    }
    let written = file.with_extension("json.new");
    fs::write(&written, serde_json::to_vec(depths)?).with_context(|| format!("cannot write {}", written.display()))?;
    fs::rename(&written, file).with_context(|| format!("cannot write {}", file.display()))
}
