//! The output of commands: results on standard output, progress on standard error.

use std::fmt::Display;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::process;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// Prints one result on standard output.
///
/// A closed pipe (`cargo xtask mail | head -1`) is not a failure.
pub(crate) fn print(text: impl Display) {
    if let Err(error) = writeln!(io::stdout().lock(), "{text}") {
        process::exit(i32::from(error.kind() != ErrorKind::BrokenPipe));
    }
}

/// Prints one line of progress on standard error.
pub(crate) fn note(text: impl Display) {
    eprintln!("{text}");
}

/// A piece of work with a name and a duration: in a terminal a spinner while it runs, and one line when it ends.
///
/// A step that is dropped without [`Step::done`] has failed, and prints that.
pub(crate) struct Step {
    name: String,
    started: Instant,
    bar: ProgressBar,
    ended: Ended,
}

#[derive(PartialEq)]
enum Ended {
    No,
    Well,
}

impl Step {
    /// Starts a step that shows a spinner until it ends.
    pub(crate) fn start(name: impl Into<String>) -> Self {
        let name = name.into();
        let bar = if io::stderr().is_terminal() { spinner(&name) } else { ProgressBar::hidden() };
        Self { name, started: Instant::now(), bar, ended: Ended::No }
    }

    /// Starts a step without a spinner, because its program writes to the terminal itself.
    pub(crate) fn announce(name: impl Into<String>) -> Self {
        let name = name.into();
        note(format_args!("  {name} …"));
        Self { name, started: Instant::now(), bar: ProgressBar::hidden(), ended: Ended::No }
    }

    /// Shows a detail beside the spinner.
    pub(crate) fn at(&self, detail: impl Display) {
        self.bar.set_message(format!("{}: {detail}", self.name));
    }

    /// Prints a line above the spinner.
    pub(crate) fn note(&self, line: impl Display) {
        self.bar.suspend(|| note(line));
    }

    /// Ends the step with its result.
    pub(crate) fn done(mut self, result: impl Display) {
        self.ended = Ended::Well;
        self.bar.finish_and_clear();
        note(format_args!("✓ {:<14} {result} ({})", self.name, seconds(self.started.elapsed())));
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        if self.ended == Ended::No {
            self.bar.finish_and_clear();
            note(format_args!("✗ {:<14} ({})", self.name, seconds(self.started.elapsed())));
        }
    }
}

/// A duration for a terminal: `0.4 s`, `3 min 20 s`.
pub(crate) fn seconds(duration: Duration) -> String {
    let whole = duration.as_secs();
    if whole < 60 { format!("{:.1} s", duration.as_secs_f64()) } else { format!("{} min {} s", whole / 60, whole % 60) }
}

/// Aligns rows below their headings, with two spaces between columns.
pub(crate) fn table<const N: usize>(headings: [&str; N], rows: &[[String; N]]) -> String {
    let mut widths = headings.map(|heading| heading.chars().count());
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut lines = vec![line(&headings.map(String::from), &widths)];
    lines.extend(rows.iter().map(|row| line(row, &widths)));
    lines.join("\n")
}

fn line<const N: usize>(cells: &[String; N], widths: &[usize; N]) -> String {
    let padded: Vec<String> = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
    padded.join("  ").trim_end().to_owned()
}

fn spinner(name: &str) -> ProgressBar {
    let style = ProgressStyle::with_template("{spinner} {wide_msg} {elapsed:>5}")
        .unwrap_or_else(|_| ProgressStyle::default_spinner());
    let bar = ProgressBar::new_spinner().with_style(style).with_message(name.to_owned());
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_lines_have_no_trailing_spaces() {
        let shown = table(["a", "bb"], &[["long".into(), "x".into()], ["é".into(), "y".into()]]);
        assert_eq!(shown, "a     bb\nlong  x\né     y");
    }

    #[test]
    fn durations_have_units() {
        assert_eq!(seconds(Duration::from_millis(1234)), "1.2 s");
        assert_eq!(seconds(Duration::from_secs(200)), "3 min 20 s");
    }
}
