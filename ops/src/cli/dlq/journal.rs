//! `dlq journal`: the journals of replays.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use clap::{Args, Subcommand};
use ops::connection;
use ops::dlq::journal::read;
use ops::error::UsageError;
use serde_json::json;

use crate::cli::arguments::non_empty_text;
use crate::cli::completion;
use crate::cli::layout::{ColumnsArgs, Rows};
use crate::cli::output::{self, Format, Outcome};

/// The columns of `journal list`.
const JOURNAL: [&str; 4] = ["replay", "queue", "planned", "state"];

#[derive(Debug, Subcommand)]
pub(crate) enum JournalCommand {
    /// Lists replays, oldest first
    #[command(after_help = "Example:\n  cargo ops dlq journal list\n\n\
                            Exit codes: 0 done; 1 the folder of journals cannot be read; 64 invalid arguments.")]
    List(JournalList),
    /// Prints the lines of a journal
    #[command(after_help = "Example:\n  cargo ops dlq journal show 019a\n\n\
                            Exit codes: 0 done; 1 it is broken; 64 it does not exist.")]
    Show(JournalArgs),
    /// Checks that no line of a journal was changed, removed or inserted
    #[command(after_help = "Example:\n  cargo ops dlq journal verify 019a\n\n\
                            Exit codes: 0 it is whole; 1 it is broken; 64 it does not exist.")]
    Verify(JournalArgs),
}

#[derive(Debug, Args)]
pub(crate) struct JournalArgs {
    /// The replay's id, its beginning, or the journal's file
    #[arg(add = completion::replays())]
    pub(crate) replay: String,
    #[command(flatten)]
    pub(crate) folder: JournalFolder,
    /// The environment, if it differs from the one in the journal
    #[arg(long, value_parser = non_empty_text())]
    pub(crate) env: Option<String>,
    /// The format of the result on standard output
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct JournalList {
    #[command(flatten)]
    folder: JournalFolder,
    #[command(flatten)]
    columns: ColumnsArgs,
    /// The format of the result on standard output
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

/// The folder of journals.
#[derive(Clone, Debug, Args)]
pub(crate) struct JournalFolder {
    /// The folder of journals; `.busline/ops/replays` in this repository, else `$XDG_STATE_HOME/busline-ops/replays`
    #[arg(long, value_name = "FOLDER")]
    journal_dir: Option<PathBuf>,
}

impl JournalFolder {
    /// The folder, which may not exist yet.
    pub(crate) fn path(&self) -> Result<PathBuf> {
        self.journal_dir.clone().map_or_else(connection::journals_dir, Ok)
    }

    /// The folder; one that was given must exist.
    fn listed(&self) -> Result<PathBuf> {
        if let Some(given) = &self.journal_dir {
            ensure!(given.is_dir(), UsageError(format!("there is no folder {}", given.display())));
        }
        self.path()
    }
}

pub(crate) fn run(command: &JournalCommand) -> Result<Outcome> {
    match command {
        JournalCommand::List(arguments) => list(arguments),
        JournalCommand::Show(arguments) => show(arguments),
        JournalCommand::Verify(arguments) => verify(arguments),
    }
}

fn list(arguments: &JournalList) -> Result<Outcome> {
    let columns = arguments.columns.choose(&JOURNAL, arguments.format)?;
    let mut rows = Vec::new();
    for path in read::all(&arguments.folder.listed()?)? {
        rows.push(row(&path));
    }
    if rows.is_empty() && arguments.format == Format::Table {
        output::print_notice("no replay was made yet");
    }
    output::print_rows(&rows, arguments.format, || {
        let mut table = Rows::new(JOURNAL);
        for row in &rows {
            let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
            table.add_row([text("replayId"), text("queue"), row["planned"].to_string(), text("state")]);
        }
        table.render_columns(&columns)
    })
}

/// The summary of one journal, also of a broken one.
fn row(path: &Path) -> serde_json::Value {
    let mut state = ops::dlq::journal::state::State::default();
    let chain = read::read(path, |line| state.apply(line.entry));
    let plan = state.plan;
    let status = match (&chain, &state.closed) {
        (Err(_), _) => "broken",
        (Ok(_), None) if plan.is_none() => "nothing was replayed",
        (Ok(_), Some(summary)) if summary.remaining == 0 => "done",
        (Ok(_), Some(_)) => "some is left",
        (Ok(_), None) => "not ended: resume",
    };
    json!({
        "replayId": path.file_stem().map(|name| name.to_string_lossy()),
        "queue": plan.as_ref().map(|plan| plan.queue.clone()),
        "way": plan.as_ref().map(|plan| plan.way.clone()),
        "planned": plan.as_ref().map(|plan| plan.planned),
        "replayed": state.replayed,
        "parked": state.parked,
        "state": status,
        "journal": path,
    })
}

fn show(arguments: &JournalArgs) -> Result<Outcome> {
    let path = read::find(&arguments.folder.path()?, &arguments.replay)?;
    let mut lines = Vec::new();
    read::read(&path, |line| lines.push(line))?;
    output::print_rows(&lines, arguments.format, || {
        let line = |line: &ops::dlq::journal::entry::Line| {
            let mut entry = serde_json::to_value(&line.entry).unwrap_or_default();
            let name = entry["entry"].as_str().unwrap_or_default().to_owned();
            if let Some(fields) = entry.as_object_mut() {
                fields.remove("entry");
            }
            let entry = output::json_line(&entry).unwrap_or_default();
            format!("{} {name:<10} {entry}", line.at.strftime("%F %T%.3fZ"))
        };
        lines.iter().map(line).collect()
    })
}

fn verify(arguments: &JournalArgs) -> Result<Outcome> {
    let path = read::find(&arguments.folder.path()?, &arguments.replay)?;
    let chain = read::read(&path, |_| {})?;
    ensure!(chain.lines > 0, "{} is empty: a journal begins with a plan", path.display());
    let found = json!({"journal": path, "lines": chain.lines, "head": chain.head, "torn": chain.torn});
    output::print_item(&found, arguments.format, || {
        let torn = if chain.torn { "; a crash left an incomplete line at its end, which does not count" } else { "" };
        format!("{} is intact: {} lines, the hash of the last is {}{torn}\n", path.display(), chain.lines, chain.head)
    })
}
