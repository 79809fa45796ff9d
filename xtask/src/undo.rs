//! Changes of the repository that are made as a whole or not at all.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use walkdir::WalkDir;

use crate::interrupts::Interrupts;

/// What `cargo xtask schemas` writes for all services together.
pub(crate) const DOCUMENTS: [&str; 3] = ["docs/asyncapi", "docs/catalog.md", "events/schemas/versions.json"];

/// Makes a change. After a failure or an interrupt, the files and folders of `places` are as they were.
pub(crate) async fn all_or_nothing(
    repo: &Path,
    places: &[String],
    change: impl Future<Output = Result<()>>,
) -> Result<()> {
    let mut interrupts = Interrupts::catch()?;
    let undo = Undo::record(repo, places)?;
    let outcome = interrupts.unless(change).await;
    if outcome.is_err() {
        undo.restore().context("what was written could not be removed: use `git status` and `git restore`")?;
    }
    outcome
}

/// The state of files and folders.
struct Undo {
    places: Vec<PathBuf>,
    files: BTreeMap<PathBuf, Vec<u8>>,
}

impl Undo {
    fn record(repo: &Path, places: &[String]) -> Result<Self> {
        let places: Vec<PathBuf> = places.iter().map(|place| repo.join(place)).collect();
        let mut files = BTreeMap::new();
        for path in files_in(&places) {
            let text = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
            files.insert(path, text);
        }
        Ok(Self { places, files })
    }

    /// Deletes what is new, and writes the former texts of what was changed.
    fn restore(self) -> Result<()> {
        for path in files_in(&self.places).into_iter().filter(|path| !self.files.contains_key(path)) {
            fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        }
        for (path, text) in &self.files {
            if fs::read(path).ok().as_ref() != Some(text) {
                fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
            }
        }
        for place in self.places.iter().filter(|place| !self.files.keys().any(|path| path.starts_with(place))) {
            if place.is_dir() {
                fs::remove_dir_all(place).with_context(|| format!("cannot remove {}", place.display()))?;
            }
        }
        Ok(())
    }
}

fn files_in(places: &[PathBuf]) -> Vec<PathBuf> {
    let found = places.iter().flat_map(|place| WalkDir::new(place).into_iter().filter_map(Result::ok));
    found.filter(|entry| entry.file_type().is_file()).map(walkdir::DirEntry::into_path).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_failed_change_leaves_nothing_behind() {
        let repo = tempfile::tempdir().unwrap();
        let path = |name: &str| repo.path().join(name);
        fs::create_dir(path("kept")).unwrap();
        fs::write(path("kept/changed"), "before").unwrap();
        let places = ["kept", "new-folder", "new-file"].map(str::to_owned);
        let change = async {
            fs::write(path("kept/changed"), "after")?;
            fs::write(path("kept/added"), "")?;
            fs::create_dir(path("new-folder"))?;
            fs::write(path("new-folder/file"), "")?;
            fs::write(path("new-file"), "")?;
            anyhow::bail!("it failed")
        };
        assert!(all_or_nothing(repo.path(), &places, change).await.is_err());
        assert_eq!(fs::read_to_string(path("kept/changed")).unwrap(), "before");
        assert!(["kept/added", "new-folder", "new-file"].iter().all(|name| !path(name).exists()));
    }
}
