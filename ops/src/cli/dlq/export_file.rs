//! The destination of an export: a new file, or standard output.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use ops::dlq::message::Message;
use ops::error::UsageError;

use crate::cli::output::{self, Format, Outcome};
use crate::cli::standard_output::{StandardOutput, is_nobody_reading};

/// Writes messages one by one.
pub(crate) struct ExportFile {
    out: Box<dyn Write>,
    /// None for standard output.
    file: Option<UnfinishedFile>,
    format: Format,
    count: usize,
}

impl ExportFile {
    /// Creates a file that must not exist, or uses standard output.
    pub(crate) fn create(out: Option<&Path>, format: Format) -> Result<Self> {
        let Some(path) = out else {
            return Ok(Self { out: Box::new(StandardOutput::open()), file: None, format, count: 0 });
        };
        let file = UnfinishedFile::create(path)?;
        let out = file.lock.try_clone().with_context(|| format!("cannot write {}", file.path.display()))?;
        Ok(Self { out: Box::new(BufWriter::new(out)), file: Some(file), format, count: 0 })
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
            Err(error) if has_no_reader(&error) => return Ok(ControlFlow::Break(())),
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
        let end: &[u8] = match (self.format, self.count) {
            (Format::Json, 0) => b"[]\n",
            (Format::Json, _) => b"]\n",
            _ => b"",
        };
        match self.out.write_all(end).and_then(|()| self.out.flush()) {
            Err(error) if has_no_reader(&error) => return Ok(()),
            result => result.context("cannot write the export")?,
        }
        drop(self.out);
        let Some(file) = self.file else { return Ok(()) };
        file.lock.sync_all().with_context(|| format!("cannot write {}", file.path.display()))?;
        if outcome == Outcome::Incomplete {
            output::print_notice(&format!(
                "wrote {} messages, which are not all, to {}",
                self.count,
                file.path.display()
            ));
            return Ok(());
        }
        file.finish()?;
        output::print_notice(&format!("wrote {} messages to {}", self.count, file.final_path.display()));
        Ok(())
    }
}

/// Refuses a file in a folder that does not exist.
pub(super) fn require_folder(file: &Path) -> Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let missing = folder.filter(|folder| !folder.is_dir());
    missing.map_or(Ok(()), |folder| {
        bail!(UsageError(format!("there is no folder {}: create it, or choose another file", folder.display())))
    })
}

/// A file that has another name until it is complete. It is locked meanwhile, and until it has its final name: two exports
/// cannot write the same file.
struct UnfinishedFile {
    lock: File,
    path: PathBuf,
    final_path: PathBuf,
}

impl UnfinishedFile {
    fn create(final_path: &Path) -> Result<Self> {
        require_folder(final_path)?;
        require_new(final_path)?;
        let mut path = final_path.as_os_str().to_owned();
        path.push(".part");
        let path = PathBuf::from(path);
        let context = || format!("cannot write {}", path.display());
        // Emptied after it is locked: another export may be writing it.
        let lock = OpenOptions::new().write(true).create(true).truncate(false).open(&path).with_context(context)?;
        let taken = || UsageError(format!("another process writes {}: choose another file", path.display()));
        match lock.try_lock() {
            Err(TryLockError::WouldBlock) => bail!(taken()),
            locked => locked.with_context(context)?,
        }
        // Another export may have completed the file between the opening and the lock.
        require_new(final_path)?;
        ensure!(is_at(&lock, &path), taken());
        lock.set_len(0).with_context(context)?;
        Ok(Self { lock, path, final_path: final_path.to_owned() })
    }

    /// Gives the file its final name, unless another file has it.
    fn finish(&self) -> Result<()> {
        let context = || format!("cannot write {}", self.final_path.display());
        match fs::hard_link(&self.path, &self.final_path) {
            Ok(()) => fs::remove_file(&self.path).with_context(context),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => bail!(self.created_meanwhile()),
            // A file system without hard links.
            Err(_) => self.rename(),
        }
    }

    /// Renames the file. That would replace a file which another process has created, so the name is reserved first.
    fn rename(&self) -> Result<()> {
        match OpenOptions::new().write(true).create_new(true).open(&self.final_path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => bail!(self.created_meanwhile()),
            reserved => reserved.with_context(|| format!("cannot write {}", self.final_path.display()))?,
        };
        let renamed = fs::rename(&self.path, &self.final_path);
        if renamed.is_err() {
            // The empty file would look like an export of nothing.
            fs::remove_file(&self.final_path)
                .with_context(|| format!("cannot remove {}", self.final_path.display()))?;
        }
        let context = || format!("the messages are in {}, which cannot be renamed", self.path.display());
        renamed.with_context(context)
    }

    fn created_meanwhile(&self) -> UsageError {
        let (path, final_path) = (self.path.display(), self.final_path.display());
        UsageError(format!("{final_path} was created meanwhile: the messages are in {path}"))
    }
}

fn require_new(path: &Path) -> Result<()> {
    ensure!(!path.exists(), UsageError(format!("{} exists already: choose another file", path.display())));
    Ok(())
}

/// Whether this file has this path. It has not if it was renamed after it was opened.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let id = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
    matches!((file.metadata().map(id), fs::metadata(path).map(id)), (Ok(file), Ok(path)) if file == path)
}

#[cfg(not(unix))]
fn is_at(_: &File, path: &Path) -> bool {
    path.exists()
}

/// Whether the reader of standard output has gone, or does not read what an interrupted command prints.
fn has_no_reader(error: &io::Error) -> bool {
    error.kind() == ErrorKind::BrokenPipe || is_nobody_reading(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(file: &Path) -> Result<ExportFile> {
        ExportFile::create(Some(file), Format::Ndjson)
    }

    #[test]
    fn a_file_is_not_emptied_by_an_export_that_opened_it_before_it_was_complete() {
        let folder = tempfile::tempdir().unwrap();
        let (path, part) = (folder.path().join("all.ndjson"), folder.path().join("all.ndjson.part"));
        let mut first = write(&path).unwrap();
        first.out.write_all(b"everything\n").unwrap();
        let second = write(&path).err().unwrap().to_string();
        assert!(second.contains("another process writes"), "{second}");
        let opened = OpenOptions::new().write(true).open(&part).unwrap();
        assert!(opened.try_lock().is_err(), "it is locked");
        first.close(Outcome::Complete).unwrap();
        assert!(!is_at(&opened, &part), "what was opened has another name now");
        let third = write(&path).err().unwrap().to_string();
        assert!(third.contains("exists already"), "{third}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "everything\n");
    }

    #[test]
    fn without_hard_links_a_file_that_was_created_meanwhile_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("all.ndjson");
        let file = UnfinishedFile::create(&path).unwrap();
        fs::write(&file.path, "ours").unwrap();
        fs::write(&path, "theirs").unwrap();
        let error = file.rename().unwrap_err();
        assert!(error.is::<UsageError>() && error.to_string().contains("created meanwhile"), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "theirs");
        fs::remove_file(&path).unwrap();
        file.rename().unwrap();
        assert_eq!((fs::read_to_string(&path).unwrap().as_str(), file.path.exists()), ("ours", false));
    }

    #[test]
    fn a_file_that_cannot_be_renamed_leaves_no_empty_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("all.ndjson");
        let file = UnfinishedFile::create(&path).unwrap();
        fs::remove_file(&file.path).unwrap();
        assert!(format!("{:#}", file.rename().unwrap_err()).contains("cannot be renamed"));
        assert!(!path.exists());
    }

    #[test]
    fn a_file_that_was_created_meanwhile_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("all.ndjson");
        let export = write(&path).unwrap();
        fs::write(&path, "theirs").unwrap();
        let error = export.close(Outcome::Complete).unwrap_err();
        assert!(error.is::<UsageError>() && error.to_string().contains("created meanwhile"), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "theirs");
    }
}
