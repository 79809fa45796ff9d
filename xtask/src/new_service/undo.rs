//! Returns a repository to its state before a new service.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::names::Names;

/// Files that are generated for all services together, and the folder of the documents.
const GENERATED: [&str; 5] =
    ["CODEOWNERS", "Cargo.lock", "docs/catalog.md", "events/schemas/versions.json", "docs/asyncapi"];

/// The state of what a new service changes.
pub(super) struct Undo {
    /// Files with their texts.
    saved: Vec<(PathBuf, Vec<u8>)>,
    /// Files and folders that do not exist before.
    new: Vec<PathBuf>,
}

impl Undo {
    /// Reads the files that will change.
    pub(super) fn record(repo: &Path, names: &Names) -> Result<Self> {
        let mut saved = Vec::new();
        for path in GENERATED.map(|path| repo.join(path)) {
            if path.is_dir() {
                for entry in fs::read_dir(&path)? {
                    save(entry?.path(), &mut saved)?;
                }
            } else {
                save(path, &mut saved)?;
            }
        }
        let mut new: Vec<PathBuf> = names.places().map(|place| repo.join(place)).into();
        new.push(repo.join("events/schemas").join(&names.service));
        new.push(repo.join("docs/asyncapi").join(format!("{}.json", names.service)));
        Ok(Self { saved, new })
    }

    /// Deletes what is new, and writes the saved texts again.
    pub(super) fn restore(self) -> Result<()> {
        for path in self.new {
            let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            match removed {
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                outcome => outcome.with_context(|| format!("cannot remove {}", path.display()))?,
            }
        }
        for (path, text) in self.saved {
            fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        }
        Ok(())
    }
}

fn save(path: PathBuf, saved: &mut Vec<(PathBuf, Vec<u8>)>) -> Result<()> {
    let text = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    saved.push((path, text));
    Ok(())
}
