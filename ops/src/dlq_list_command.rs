//! `dlq list`: which dead-letter queues there are, and how they are.
#![allow(clippy::disallowed_methods, reason = "a command-line tool looks at the clock here")]

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use clap::Args;
use jiff::Timestamp;
use ops::dlq::overview::{self, Before};
use ops::target;

use crate::arguments::text;
use crate::output::{self, Format, Outcome};
use crate::tables;

pub(crate) const LIST_EXAMPLES: &str = "\
Examples:
  cargo ops dlq list
  cargo ops dlq list --env prod --format json
  AWS_PROFILE=shop ops dlq list

The oldest message is looked for among all messages of a queue, or the first 200. Growth is since the last `list`. \
Without Busline, a queue is listed if another one gives messages up to it or its name says dlq or dead-letter; if none \
is, all queues are.

Exit codes: 0 done; 1 AWS or the network failed; 64 wrong use, or there is no such environment.";

/// Where to look for queues.
#[derive(Debug, Args)]
pub(crate) struct List {
    /// The environment; `local` is the running local cloud. Without it, `AWS_ENDPOINT_URL`, `AWS_PROFILE` or
    /// `AWS_ACCESS_KEY_ID` say where to look, and without those it is the local cloud
    #[arg(long, value_parser = text())]
    env: Option<String>,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

/// Prints the queues, and remembers their depths.
pub(crate) async fn run(list: List) -> Result<Outcome> {
    let target = target::connect(list.env.as_deref(), None).await?;
    let now = Timestamp::now();
    let memory = target::state_dir().map(|folder| folder.join("depths.json"));
    let mut before = memory.as_deref().map(remembered).unwrap_or_default();
    let overviews = overview::survey(&target, &before, now).await?;
    before.extend(overviews.iter().map(|it| (it.url.clone(), (it.depth, now))));
    // Growth is a comfort: a folder that cannot be written is no reason to say nothing.
    if let Err(error) = memory.and_then(|memory| remember(&memory, &before)) {
        output::remark(&format!("the next `list` will not know the growth: {error:#}"));
    }
    output::rows(&overviews, list.format, || tables::overviews(&overviews, now))
}

fn remembered(memory: &Path) -> Before {
    fs::read(memory).ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default()
}

fn remember(memory: &Path, depths: &Before) -> Result<()> {
    if let Some(folder) = memory.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    let written = memory.with_extension("json.new");
    fs::write(&written, serde_json::to_vec(depths)?).with_context(|| format!("cannot write {}", written.display()))?;
    fs::rename(&written, memory).with_context(|| format!("cannot write {}", memory.display()))
}
