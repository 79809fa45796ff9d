//! Printing the answers of contract commands.

use anyhow::Result;
use clap::ValueEnum;
use serde::Serialize;

use crate::cli::output;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// A table, for people to read
    Table,
    /// One JSON document, for programs
    Json,
}

/// Prints an answer as JSON, or as text.
pub(super) fn print_answer(format: Format, answer: &impl Serialize, text: impl FnOnce() -> String) -> Result<()> {
    let printed = match format {
        Format::Table => text(),
        Format::Json => serde_json::to_string_pretty(answer)?,
    };
    output::print_text(format!("{}\n", printed.trim_end()).as_bytes())?;
    Ok(())
}
