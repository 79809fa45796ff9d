//! Where an export goes.

use std::fs::{self, File};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use ops::dlq::message::Message;
use ops::dlq::queue::WrongUse;

use crate::output::{self, Format, Outcome};

/// Where an export goes, message by message.
pub(crate) struct Sink {
    out: Box<dyn Write>,
    /// The file under its name while it is not whole, and its name.
    file: Option<(PathBuf, PathBuf)>,
    format: Format,
    count: usize,
}

impl Sink {
    /// A file that is not there yet, or standard output.
    pub(crate) fn open(out: Option<&Path>, format: Format) -> Result<Self> {
        let Some(path) = out else {
            return Ok(Self { out: Box::new(BufWriter::new(io::stdout())), file: None, format, count: 0 });
        };
        ensure!(!path.exists(), WrongUse(format!("{} is there already: name another file", path.display())));
        let mut unfinished = path.as_os_str().to_owned();
        unfinished.push(".part");
        let unfinished = PathBuf::from(unfinished);
        let file = File::create(&unfinished).with_context(|| format!("cannot write {}", unfinished.display()))?;
        Ok(Self { out: Box::new(BufWriter::new(file)), file: Some((unfinished, path.to_owned())), format, count: 0 })
    }

    /// Breaks when nobody reads any more.
    pub(crate) fn write(&mut self, message: &Message) -> Result<ControlFlow<()>> {
        let before = match (self.format, self.count) {
            (Format::Json, 0) => "[\n",
            (Format::Json, _) => ",",
            _ => "",
        };
        let line = format!("{before}{}", output::line(message)?);
        match self.out.write_all(line.as_bytes()) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(ControlFlow::Break(())),
            result => result.context("cannot write the export")?,
        }
        self.count += 1;
        Ok(ControlFlow::Continue(()))
    }

    /// How many messages were written.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// Finishes the file: from now on it has its name, unless something is left.
    pub(crate) fn close(mut self, outcome: Outcome) -> Result<()> {
        if self.format == Format::Json {
            self.out.write_all(if self.count == 0 { b"[]\n" } else { b"]\n" })?;
        }
        match self.out.flush() {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(()),
            result => result.context("cannot write the export")?,
        }
        drop(self.out);
        let Some((unfinished, path)) = self.file else { return Ok(()) };
        File::open(&unfinished)?.sync_all()?;
        if outcome == Outcome::Left {
            output::remark(&format!("{} messages, not all, in {}", self.count, unfinished.display()));
            return Ok(());
        }
        fs::rename(&unfinished, &path).with_context(|| format!("cannot write {}", path.display()))?;
        output::remark(&format!("{} messages in {}", self.count, path.display()));
        Ok(())
    }
}
