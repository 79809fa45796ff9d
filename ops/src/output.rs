//! What goes to the terminal, a file or the next program.
#![allow(clippy::disallowed_methods, reason = "a command-line tool reads NO_COLOR here")]

use std::env;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::ValueEnum;
use clap::error::ErrorKind as Wrong;
use ops::dlq::queue::WrongUse;
use serde::Serialize;

/// How results are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Table,
    /// One JSON document
    Json,
    /// One JSON object a line
    Ndjson,
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// All that was asked for.
    Done,
    /// The answer is no.
    Refused,
    /// Something is left.
    Left,
}

/// Wrong use: what clap says, in one line, and 64; help and version are no failure.
pub(crate) fn usage(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        // Help and version go the way of every result.
        return match error.print() {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => ExitCode::FAILURE,
            _ => ExitCode::SUCCESS,
        };
    }
    if error.kind() == Wrong::DisplayHelpOnMissingArgumentOrSubcommand {
        remark(error.render().to_string().trim_end());
        return ExitCode::from(64);
    }
    remark(&misuse(&error.render().to_string()));
    ExitCode::from(64)
}

/// What clap says without the usage, which `--help` has.
fn misuse(text: &str) -> String {
    let said = text.split("\n\nUsage:").next().unwrap_or(text);
    let said = said.split("\n\nFor more information").next().unwrap_or(said);
    format!("{} (see --help)", one_line(said))
}

/// The failure and its causes in one line.
pub(crate) fn failure(error: &anyhow::Error) -> ExitCode {
    remark(&format!("error: {}", one_line(&format!("{error:#}"))));
    if error.is::<WrongUse>() { ExitCode::from(64) } else { ExitCode::FAILURE }
}

/// A remark for whoever watches, apart from the results. That nobody does (`2>&1 | head -1`), or that there is no room for
/// it, ends no replay: `eprintln!` would.
pub(crate) fn remark(text: &str) {
    writeln!(io::stderr(), "{text}").ok();
}

/// Whether a person watches.
pub(crate) fn is_watched() -> bool {
    io::stdout().is_terminal()
}

/// Whether colours are welcome, <https://no-color.org>.
pub(crate) fn has_colours() -> bool {
    is_watched() && env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Prints rows in one of the formats.
pub(crate) fn rows<T: Serialize>(rows: &[T], format: Format, table: impl FnOnce() -> String) -> Result<Outcome> {
    let lines = match format {
        Format::Table => table(),
        Format::Json => serde_json::to_string_pretty(rows)? + "\n",
        Format::Ndjson => rows.iter().map(line).collect::<Result<String>>()?,
    };
    text(lines.as_bytes())
}

/// Prints one thing in one of the formats.
pub(crate) fn one<T: Serialize>(thing: &T, format: Format, page: impl FnOnce() -> String) -> Result<Outcome> {
    let lines = match format {
        Format::Table => page(),
        Format::Json => serde_json::to_string_pretty(thing)? + "\n",
        Format::Ndjson => line(thing)?,
    };
    text(lines.as_bytes())
}

/// Prints what a command that changes something ends with: one JSON object in every format, for people too.
pub(crate) fn last<T: Serialize>(thing: &T, format: Format) -> Result<Outcome> {
    let lines = match format {
        Format::Json => serde_json::to_string_pretty(thing)? + "\n",
        Format::Table | Format::Ndjson => line(thing)?,
    };
    text(lines.as_bytes())
}

/// Prints text as it is.
pub(crate) fn text(text: &[u8]) -> Result<Outcome> {
    let mut out = io::stdout().lock();
    match out.write_all(text).and_then(|()| out.flush()) {
        // A reader that has gone (`… | head -1`) is no failure.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(Outcome::Done),
        result => result.map(|()| Outcome::Done).context("cannot print the result"),
    }
}

/// One thing as one line of JSON.
pub(crate) fn line<T: Serialize>(thing: &T) -> Result<String> {
    Ok(serde_json::to_string(thing)? + "\n")
}

/// Characters that turn the direction of what follows, or break its line.
fn turns_text(character: char) -> bool {
    matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Text of unknown origin, which cannot move the cursor, change colours or turn the direction of the text: control
/// characters are shown by their codes.
pub(crate) fn plain(text: &str) -> String {
    let shown = |character: char| match character {
        '\n' | '\t' => character.to_string(),
        control if control.is_control() || turns_text(control) => control.escape_unicode().to_string(),
        other => other.to_string(),
    };
    text.chars().map(shown).collect()
}

/// The same in one line.
pub(crate) fn one_line(text: &str) -> String {
    plain(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::{misuse, plain};

    #[test]
    fn wrong_use_is_one_line() {
        let said = "error: the argument\n  <QUEUE>\n\n  tip: give one\n\nUsage: ops dlq peek <QUEUE>\n\nFor more information, …";
        assert_eq!(misuse(said), "error: the argument <QUEUE> tip: give one (see --help)");
        assert_eq!(misuse("error: no\n\nFor more information, try '--help'.\n"), "error: no (see --help)");
    }

    #[test]
    fn text_cannot_be_turned_around() {
        assert_eq!(plain("a\u{202e}b\u{1b}[31m\u{1f4a5}"), "a\\u{202e}b\\u{1b}[31m\u{1f4a5}");
    }
}
