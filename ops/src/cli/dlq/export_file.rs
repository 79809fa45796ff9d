//! The destination of an export: a new file, or standard output.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use ops::dlq::message::Message;
use ops::error::UsageError;

use crate::cli::output::{self, Format, Outcome};

/// Writes messages one by one.
pub(crate) struct ExportFile {
    out: Box<dyn Write>,
    /// The path while the export is incomplete, and the final path.
    paths: Option<(PathBuf, PathBuf)>,
    format: Format,
    count: usize,
}

impl ExportFile {
    /// Creates a file that must not exist, or uses standard output.
    pub(crate) fn create(out: Option<&Path>, format: Format) -> Result<Self> {
        let Some(path) = out else {
            return Ok(Self { out: Box::new(BufWriter::new(io::stdout())), paths: None, format, count: 0 });
        };
        ensure!(!path.exists(), UsageError(format!("{} exists already: choose another file", path.display())));
        let mut unfinished = path.as_os_str().to_owned();
        unfinished.push(".part");
        let unfinished = PathBuf::from(unfinished);
        let context = || format!("cannot write {}", unfinished.display());
        // Emptied after it is locked: another export may be writing it.
        let file =
            OpenOptions::new().write(true).create(true).truncate(false).open(&unfinished).with_context(context)?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => {
                bail!(UsageError(format!("another process writes {}: choose another file", unfinished.display())))
            }
            locked => locked.with_context(context)?,
        }
        file.set_len(0).with_context(context)?;
        Ok(Self { out: Box::new(BufWriter::new(file)), paths: Some((unfinished, path.to_owned())), format, count: 0 })
    }

    /// Breaks when the reader of standard output has gone.
    pub(crate) fn write(&mut self, message: &Message) -> Result<ControlFlow<()>> {
        let separator = match (self.format, self.count) {
            (Format::Json, 0) => "[\n",
            (Format::Json, _) => ",",
            _ => "",
        };
        let line = format!("{separator}{}", output::json_line(message)?);
        match self.out.write_all(line.as_bytes()) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(ControlFlow::Break(())),
            result => result.context("cannot write the export")?,
        }
        self.count += 1;
        Ok(ControlFlow::Continue(()))
    }

    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// Completes the export: the file gets its final name, unless the export is incomplete.
    pub(crate) fn close(mut self, outcome: Outcome) -> Result<()> {
        if self.format == Format::Json {
            self.out.write_all(if self.count == 0 { b"[]\n" } else { b"]\n" })?;
        }
        match self.out.flush() {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(()),
            result => result.context("cannot write the export")?,
        }
        drop(self.out);
        let Some((unfinished, path)) = self.paths else { return Ok(()) };
        File::open(&unfinished)?.sync_all()?;
        if outcome == Outcome::Incomplete {
            output::print_notice(&format!(
                "wrote {} messages, which are not all, to {}",
                self.count,
                unfinished.display()
            ));
            return Ok(());
        }
        fs::rename(&unfinished, &path).with_context(|| format!("cannot write {}", path.display()))?;
        output::print_notice(&format!("wrote {} messages to {}", self.count, path.display()));
        Ok(())
    }
}
