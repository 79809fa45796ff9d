//! Printing results on standard output and notices on standard error.
#![allow(clippy::disallowed_methods, reason = "NO_COLOR and CARGO are read here")]

use std::env;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result};
use clap::ValueEnum;
use clap::error::ErrorKind as Wrong;
use ops::error::UsageError;
use serde::Serialize;

use crate::cli::standard_output::{NobodyReads, StandardOutput, is_nobody_reading};
use crate::cli::wrapping::{width, wrap_lines};

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// A table, for people to read
    Table,
    /// One JSON document, for programs
    Json,
    /// One JSON object a line
    Ndjson,
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Everything that was asked for is done. Exit code 0.
    Complete,
    /// The answer is no. Exit code 1.
    Negative,
    /// Something is left. Exit code 2.
    Incomplete,
}

/// Prints an error in the arguments as one line and returns 64. Help and version are printed by clap, and are not
/// errors.
pub(crate) fn print_argument_error(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        // Help and version are results, on standard output.
        return match error.print() {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => ExitCode::FAILURE,
            _ => ExitCode::SUCCESS,
        };
    }
    if error.kind() == Wrong::DisplayHelpOnMissingArgumentOrSubcommand {
        print_notice(error.render().to_string().trim_end());
        return ExitCode::from(64);
    }
    print_notice(&argument_error(&error.render().to_string()));
    ExitCode::from(64)
}

/// The text of a clap error without the usage, which `--help` prints.
fn argument_error(text: &str) -> String {
    let message = text.split("\n\nUsage:").next().unwrap_or(text);
    let message = message.split("\n\nFor more information").next().unwrap_or(message);
    format!("{} (see --help)", one_line(message))
}

/// Prints a failure and its causes as one line. Returns 64 if the operator can correct it, otherwise 1.
pub(crate) fn print_failure(error: &anyhow::Error) -> ExitCode {
    print_notice(&format!("error: {}", one_line(&format!("{error:#}"))));
    if error.is::<UsageError>() { ExitCode::from(64) } else { ExitCode::FAILURE }
}

/// Prints a notice on standard error. Unlike `eprintln!`, it does not panic when standard error is closed or the disk
/// is full, which would end a replay.
pub(crate) fn print_notice(text: &str) {
    let text = match width(is_error_terminal()) {
        Some(width) => wrap_lines(text, width),
        None => text.to_owned(),
    };
    writeln!(io::stderr(), "{text}").ok();
}

/// How this program is called, for commands that are printed: cargo sets `CARGO` for what it runs.
pub(crate) fn program() -> &'static str {
    if env::var_os("CARGO").is_some() { "cargo ops" } else { "ops" }
}

/// How to go on after the command that runs.
static CONTINUATION: Mutex<Option<String>> = Mutex::new(None);

/// Sets the notice that is printed when the command does not end with success: how to go on.
pub(crate) fn set_continuation(text: Option<String>) {
    *CONTINUATION.lock().unwrap_or_else(PoisonError::into_inner) = text;
}

/// Prints how to go on, if the command has said so.
pub(crate) fn print_continuation() {
    if let Some(text) = CONTINUATION.lock().unwrap_or_else(PoisonError::into_inner).as_deref() {
        print_notice(text);
    }
}

/// Whether standard error is a terminal.
pub(crate) fn is_error_terminal() -> bool {
    io::stderr().is_terminal()
}

/// Whether standard output is a terminal.
pub(crate) fn is_terminal() -> bool {
    io::stdout().is_terminal()
}

/// Whether to use colors, <https://no-color.org>.
pub(crate) fn has_colors() -> bool {
    is_terminal() && env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

pub(crate) fn print_rows<T: Serialize>(rows: &[T], format: Format, table: impl FnOnce() -> String) -> Result<Outcome> {
    let lines = match format {
        Format::Table => table(),
        Format::Json => json_text(rows)?,
        Format::Ndjson => rows.iter().map(json_line).collect::<Result<String>>()?,
    };
    print_text(lines.as_bytes())
}

pub(crate) fn print_item<T: Serialize>(thing: &T, format: Format, page: impl FnOnce() -> String) -> Result<Outcome> {
    let lines = match format {
        Format::Table => page(),
        Format::Json => json_text(thing)?,
        Format::Ndjson => json_line(thing)?,
    };
    print_text(lines.as_bytes())
}

/// Prints the summary of a command that changes something: a JSON object in every format.
pub(crate) fn print_summary<T: Serialize>(thing: &T, format: Format) -> Result<Outcome> {
    let lines = match format {
        Format::Json => json_text(thing)?,
        Format::Table | Format::Ndjson => json_line(thing)?,
    };
    print_text(lines.as_bytes())
}

/// Prints the text without adding a line break.
pub(crate) fn print_text(text: &[u8]) -> Result<Outcome> {
    let mut out = StandardOutput::open();
    match out.write_all(text).and_then(|()| out.flush()) {
        Err(error) if is_nobody_reading(&error) => Err(NobodyReads.into()),
        // A reader that has ended (`… | head -1`) is not an error.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(Outcome::Complete),
        result => result.map(|()| Outcome::Complete).context("cannot print the result"),
    }
}

/// One line of JSON, as safe to print as [`json_text`].
pub(crate) fn json_line<T: Serialize>(thing: &T) -> Result<String> {
    Ok(escape_in_strings(serde_json::to_string(thing)?) + "\n")
}

/// JSON on several lines. What would move a terminal's cursor, change the direction of the following text or be the end of a
/// line for some programs is escaped.
pub(crate) fn json_text<T: Serialize + ?Sized>(thing: &T) -> Result<String> {
    Ok(escape_in_strings(serde_json::to_string_pretty(thing)?) + "\n")
}

/// Escapes characters that JSON allows in strings only, and allows to be escaped there. Most texts have none.
fn escape_in_strings(json: String) -> String {
    let acts = |character: char| matches!(character, '\u{7f}'..='\u{9f}') || changes_direction(character);
    if !json.contains(acts) {
        return json;
    }
    let escaped = |character: char| format!("\\u{:04x}", u32::from(character));
    json.chars().map(|one| if acts(one) { escaped(one) } else { one.to_string() }).collect()
}

/// Whether a character changes the direction of the following text, or breaks the line.
fn changes_direction(character: char) -> bool {
    matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Escapes control characters, so that text of unknown origin cannot move the cursor, change colors or the text
/// direction.
pub(crate) fn escape_controls(text: &str) -> String {
    let shown = |character: char| match character {
        '\n' | '\t' => character.to_string(),
        control if control.is_control() || changes_direction(control) => control.escape_unicode().to_string(),
        other => other.to_string(),
    };
    text.chars().map(shown).collect()
}

/// The escaped text in one line.
pub(crate) fn one_line(text: &str) -> String {
    escape_controls(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::{argument_error, escape_controls, json_line, json_text};

    #[test]
    fn an_argument_error_is_one_line() {
        let text = "error: the argument\n  <QUEUE>\n\n  tip: give one\n\nUsage: ops dlq peek <QUEUE>\n\nFor more information, …";
        assert_eq!(argument_error(text), "error: the argument <QUEUE> tip: give one (see --help)");
        assert_eq!(argument_error("error: no\n\nFor more information, try '--help'.\n"), "error: no (see --help)");
    }

    #[test]
    fn a_json_line_contains_no_other_line_separator() {
        let line = json_line(&"a\u{2028}b\u{2029}c").unwrap();
        assert_eq!(line, "\"a\\u2028b\\u2029c\"\n");
        assert_eq!(serde_json::from_str::<String>(&line).unwrap(), "a\u{2028}b\u{2029}c");
    }

    #[test]
    fn json_contains_no_character_that_acts_on_a_terminal() {
        let text = "\u{1b}[31m\u{7f}\u{9b}2J\u{202e}x\u{2066}\n\u{1f4a5}";
        for json in [json_line(&text).unwrap(), json_text(&[text]).unwrap()] {
            assert!(!json.trim_end().chars().any(|one| one.is_control() && one != '\n'), "{json:?}");
            assert!(!json.contains(['\u{202e}', '\u{2066}']) && json.contains('\u{1f4a5}'), "{json:?}");
            let read: serde_json::Value = serde_json::from_str(&json).unwrap();
            assert!(read == text || read[0] == text, "{json:?}");
        }
    }

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(escape_controls("a\u{202e}b\u{1b}[31m\u{1f4a5}"), "a\\u{202e}b\\u{1b}[31m\u{1f4a5}");
    }
}
