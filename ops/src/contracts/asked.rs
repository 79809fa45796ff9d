//! How answers are printed.

use anyhow::Result;
use clap::ValueEnum;
use serde::Serialize;

use crate::output;

/// How a result is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Table,
    /// One JSON document
    Json,
}

/// Prints an answer: its JSON, or words.
pub(super) fn print(format: Format, answer: &impl Serialize, words: impl FnOnce() -> String) -> Result<()> {
    let text = match format {
        Format::Table => words(),
        Format::Json => serde_json::to_string_pretty(answer)?,
    };
    output::text(format!("{}\n", text.trim_end()).as_bytes())?;
    Ok(())
}
