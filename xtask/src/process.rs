//! Starts other programs and waits for them.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::process::{ExitStatus, Stdio};

use anyhow::{Context, Result, bail};
use tokio::process::{Child, Command};

/// A command for a program that ends when its future is dropped.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.kill_on_drop(true).stdin(Stdio::null());
    command
}

/// Runs a program with the same standard error; if it fails, the error has its name.
pub(crate) async fn run(command: &mut Command) -> Result<()> {
    let name = name(command);
    let status = command.status().await.with_context(|| format!("cannot run {name}"))?;
    succeeded(&name, status)
}

/// Runs a program without output; if it fails, the error contains the end of its output.
pub(crate) async fn run_quietly(command: &mut Command) -> Result<()> {
    written(command).await.map(drop)
}

/// What a program writes on standard output and standard error, in this order; if it fails, the error contains the end.
pub(crate) async fn written(command: &mut Command) -> Result<String> {
    let name = name(command);
    let output = command.output().await.with_context(|| format!("cannot run {name}"))?;
    let written = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    if output.status.success() {
        return Ok(written);
    }
    bail!("{name} failed ({}):\n{}", output.status, last_lines(&written, 30))
}

/// Runs a program and prints all its output when it has ended, so that programs that run side by side do not mix theirs.
pub(crate) async fn run_in_one_piece(command: &mut Command) -> Result<()> {
    let name = name(command);
    let mut output = Output::capture(command)?;
    let status = command.status().await.with_context(|| format!("cannot run {name}"))?;
    output.print()?;
    succeeded(&name, status)
}

/// What a program writes on standard output and standard error, in a temporary file.
pub(crate) struct Output(File);

impl Output {
    /// Redirects the output of a program that has not been started.
    pub(crate) fn capture(command: &mut Command) -> Result<Self> {
        let file = tempfile::tempfile().context("cannot make a temporary file")?;
        command.stdout(file.try_clone()?).stderr(file.try_clone()?);
        Ok(Self(file))
    }

    /// Prints what was written until now, on standard output.
    pub(crate) fn print(&mut self) -> Result<()> {
        self.0.rewind()?;
        let mut out = io::stdout().lock();
        io::copy(&mut self.0, &mut out).and_then(|_| out.flush()).context("cannot print")
    }

    /// The last lines of what was written until now, without the frames of backtraces.
    pub(crate) fn last_lines(&mut self, count: usize) -> Result<String> {
        self.0.rewind()?;
        let mut bytes = Vec::new();
        self.0.read_to_end(&mut bytes)?;
        Ok(last_lines(&String::from_utf8_lossy(&bytes), count))
    }
}

/// Asks a process to end, and waits until it has ended.
pub(crate) async fn terminate(child: &mut Child) -> Result<()> {
    if let Some(id) = child.id() {
        command("kill").args(["-s", "TERM", "--", &id.to_string()]).status().await?;
    }
    child.wait().await?;
    Ok(())
}

fn succeeded(name: &str, status: ExitStatus) -> Result<()> {
    if status.success() { Ok(()) } else { bail!("{name} failed ({status})") }
}

/// The last lines of a text, without the frames of backtraces.
pub(crate) fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.trim_end().lines().filter(|line| !is_frame(line)).collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

/// `  12: std::panicking::begin_panic`, or `             at src/main.rs:1:2`.
fn is_frame(line: &str) -> bool {
    let text = line.trim_start();
    let is_numbered = |text: &str| text.split_once(": ").is_some_and(|(number, _)| number.parse::<u32>().is_ok());
    line.starts_with(' ') && (text.starts_with("at ") || is_numbered(text))
}

fn name(command: &Command) -> String {
    let program = std::path::Path::new(command.as_std().get_program());
    let program = program.file_name().unwrap_or(program.as_os_str()).to_string_lossy().into_owned();
    let first = command.as_std().get_args().next().map(|argument| argument.to_string_lossy().into_owned());
    format!("`{}`", [Some(program), first].into_iter().flatten().collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_have_no_backtrace() {
        let text = "the cause\nstack backtrace:\n   0: core::panic\n             at ./src/main.rs:1:2\n[1/2] at\n  10 at a time\n";
        assert_eq!(last_lines(text, 3), "stack backtrace:\n[1/2] at\n  10 at a time");
    }
}
