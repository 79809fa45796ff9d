//! `dlq journal`: what replays did.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use clap::{Args, Subcommand};
use ops::dlq::journal::read;
use ops::target;
use serde_json::json;

use crate::arguments::text;
use crate::output::{self, Format, Outcome};

/// What to do with journals.
#[derive(Debug, Subcommand)]
pub(crate) enum JournalCommand {
    /// Lists replays, the oldest first
    #[command(after_help = "Example:\n  cargo ops dlq journal list\n\n\
                            Exit codes: 0 done; 1 the folder of journals cannot be read; 64 wrong use.")]
    List(JournalList),
    /// Prints a journal
    #[command(after_help = "Example:\n  cargo ops dlq journal show 019a\n\n\
                            Exit codes: 0 done; 1 it is broken; 64 there is no such journal.")]
    Show(OfJournal),
    /// Checks that no line of a journal was changed, taken out or put in
    #[command(after_help = "Example:\n  cargo ops dlq journal verify 019a\n\n\
                            Exit codes: 0 it is whole; 1 it is broken; 64 there is no such journal.")]
    Verify(OfJournal),
}

/// A journal.
#[derive(Debug, Args)]
pub(crate) struct OfJournal {
    /// A replay's id, its beginning, or the journal's file
    pub(crate) replay: String,
    #[command(flatten)]
    pub(crate) folder: JournalFolder,
    /// The environment, when it is not the one that the journal names
    #[arg(long, value_parser = text())]
    pub(crate) env: Option<String>,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,
}

/// All journals.
#[derive(Debug, Args)]
pub(crate) struct JournalList {
    #[command(flatten)]
    folder: JournalFolder,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

/// Where journals are.
#[derive(Clone, Debug, Args)]
pub(crate) struct JournalFolder {
    /// The folder of journals; `.busline/ops/replays` in this repository, else `$XDG_STATE_HOME/busline-ops/replays`
    #[arg(long, value_name = "FOLDER")]
    journal_dir: Option<PathBuf>,
}

impl JournalFolder {
    /// The folder, which may not be there yet.
    pub(crate) fn path(&self) -> Result<PathBuf> {
        self.journal_dir.clone().map_or_else(|| Ok(target::state_dir()?.join("replays")), Ok)
    }
}

/// Does what was asked.
pub(crate) fn run(command: &JournalCommand) -> Result<Outcome> {
    match command {
        JournalCommand::List(arguments) => list(arguments),
        JournalCommand::Show(arguments) => show(arguments),
        JournalCommand::Verify(arguments) => verify(arguments),
    }
}

fn list(arguments: &JournalList) -> Result<Outcome> {
    let mut rows = Vec::new();
    for path in read::all(&arguments.folder.path()?)? {
        rows.push(row(&path));
    }
    output::rows(&rows, arguments.format, || {
        let mut table = comfy_table::Table::new();
        table.load_style(comfy_table::presets::NOTHING);
        table.set_header(["replay", "queue", "planned", "state"]);
        for row in &rows {
            let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
            table.add_row([text("replayId"), text("queue"), row["planned"].to_string(), text("state")]);
        }
        format!("{table}\n")
    })
}

/// What one journal says in short; a broken one too.
fn row(path: &Path) -> serde_json::Value {
    let mut state = ops::dlq::journal::state::State::default();
    let chain = read::read(path, |line| state.take(line.entry));
    let plan = state.plan;
    let says = match (&chain, &state.closed) {
        (Err(_), _) => "broken",
        (Ok(_), None) if plan.is_none() => "nothing was done",
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
        "state": says,
        "journal": path,
    })
}

fn show(arguments: &OfJournal) -> Result<Outcome> {
    let path = read::find(&arguments.folder.path()?, &arguments.replay)?;
    let mut lines = Vec::new();
    read::read(&path, |line| lines.push(line))?;
    output::rows(&lines, arguments.format, || {
        let line = |line: &ops::dlq::journal::entry::Line| {
            let mut entry = serde_json::to_value(&line.entry).unwrap_or_default();
            let name = entry["entry"].as_str().unwrap_or_default().to_owned();
            if let Some(fields) = entry.as_object_mut() {
                fields.remove("entry");
            }
            format!("{} {:<10} {}\n", line.at.strftime("%F %T%.3fZ"), name, entry)
        };
        lines.iter().map(line).collect()
    })
}

fn verify(arguments: &OfJournal) -> Result<Outcome> {
    let path = read::find(&arguments.folder.path()?, &arguments.replay)?;
    let chain = read::read(&path, |_| {})?;
    ensure!(chain.lines > 0, "{} has no line: it is no whole journal, a replay begins with its plan", path.display());
    let found = json!({"journal": path, "lines": chain.lines, "head": chain.head, "torn": chain.torn});
    output::one(&found, arguments.format, || {
        let torn = if chain.torn { "; a crash left half a line at its end, which counts as not written" } else { "" };
        format!("{} is whole: {} lines, the last has the hash {}{torn}\n", path.display(), chain.lines, chain.head)
    })
}
