//! Running other programs.

use std::ffi::OsStr;
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use tokio::process::Command;

/// A command that ends with us: dropping its future ends the program.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.kill_on_drop(true).stdin(Stdio::null());
    command
}

/// Runs a program that writes to our own standard error; fails with its name when it fails.
pub(crate) async fn run(command: &mut Command) -> Result<()> {
    let name = name(command);
    let status = command.status().await.with_context(|| format!("cannot run {name}"))?;
    if !status.success() {
        bail!("{name} failed ({status})");
    }
    Ok(())
}

/// Runs a program silently; when it fails, the error holds the end of what it wrote.
pub(crate) async fn run_quietly(command: &mut Command) -> Result<()> {
    let name = name(command);
    let output = command.output().await.with_context(|| format!("cannot run {name}"))?;
    if output.status.success() {
        return Ok(());
    }
    let written = [output.stdout, output.stderr].concat();
    bail!("{name} failed ({}):\n{}", output.status, last_lines(&String::from_utf8_lossy(&written), 30))
}

/// The last lines of a text.
pub(crate) fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.trim_end().lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

fn name(command: &Command) -> String {
    let program = std::path::Path::new(command.as_std().get_program());
    let program = program.file_name().unwrap_or(program.as_os_str()).to_string_lossy().into_owned();
    let first = command.as_std().get_args().next().map(|argument| argument.to_string_lossy().into_owned());
    format!("`{}`", [Some(program), first].into_iter().flatten().collect::<Vec<_>>().join(" "))
}
