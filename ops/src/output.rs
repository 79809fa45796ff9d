//! What the terminal shows.

use std::io::{self, ErrorKind, IsTerminal, Write};
use std::process::ExitCode;

use anyhow::Result;
use clap::ValueEnum;
use serde::Serialize;

use crate::dlq::{Queue, Waiting};

/// How results are printed.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Table,
    /// One JSON array
    Json,
    /// One JSON object a line
    Ndjson,
}

/// Wrong use: what clap says, and 64; help and version are no failure.
pub(crate) fn usage(error: &clap::Error) -> ExitCode {
    let printed = error.print().is_ok();
    if error.use_stderr() || !printed { ExitCode::from(64) } else { ExitCode::SUCCESS }
}

/// The failure and its causes in one line.
pub(crate) fn failure(error: &anyhow::Error) -> ExitCode {
    eprintln!("error: {error:#}");
    ExitCode::FAILURE
}

/// Prints queues.
pub(crate) fn queues(queues: &[Queue], format: Format) -> Result<()> {
    rows(queues, format, || {
        let mut lines = vec![format!("{:<14} {:>7} {:>9}  queue", "service", "waiting", "in flight")];
        lines.extend(queues.iter().map(|queue| {
            let url = queue.url.as_deref().unwrap_or("not deployed");
            format!("{:<14} {:>7} {:>9}  {url}", queue.service, queue.depth, queue.in_flight)
        }));
        lines
    })
}

/// Prints messages.
pub(crate) fn messages(messages: &[Waiting], format: Format) -> Result<()> {
    rows(messages, format, || {
        if messages.is_empty() && io::stdout().is_terminal() {
            return vec!["Nothing waits here.".to_owned()];
        }
        messages.iter().flat_map(message).collect()
    })
}

fn message(message: &Waiting) -> Vec<String> {
    let attributes = message.attributes.iter().map(|(name, value)| format!("  {name}: {value}"));
    let head = format!("{} (received {} times)", message.message_id, message.receive_count.unwrap_or(0));
    [head].into_iter().chain(attributes).chain([format!("  {}", message.body)]).collect()
}

fn rows<T: Serialize>(rows: &[T], format: Format, table: impl FnOnce() -> Vec<String>) -> Result<()> {
    let lines = match format {
        Format::Table => table(),
        Format::Json => vec![serde_json::to_string_pretty(rows)?],
        Format::Ndjson => rows.iter().map(serde_json::to_string).collect::<Result<_, _>>()?,
    };
    let mut out = io::stdout().lock();
    for line in lines {
        match writeln!(out, "{line}") {
            // A reader that has gone (`… | head -1`) is no failure.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(()),
            result => result?,
        }
    }
    Ok(())
}
