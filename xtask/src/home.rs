//! The folders of the commands: the repository, and the folder of the local cloud.

use std::env;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::ui;

/// The folders of the commands.
#[derive(Clone, Debug)]
pub(crate) struct Home {
    /// The root of the repository.
    pub(crate) repo: PathBuf,
    /// State and log of the local cloud: `.busline/`, or `BUSLINE_HOME`.
    pub(crate) dir: PathBuf,
    /// The Python environment: `venv/` in [`Home::dir`], or `BUSLINE_VENV`.
    pub(crate) venv: PathBuf,
    /// Whether a check's own local cloud is here, which takes many changes of one user.
    pub(crate) is_for_tests: bool,
}

impl Home {
    /// Finds the folders, from environment variables where they are set.
    pub(crate) fn find() -> Result<Self> {
        let manifest = env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
        let repo = Path::new(&manifest).parent().context("the folder of xtask has no parent")?.to_owned();
        let dir = folder_from_env("BUSLINE_HOME")?.unwrap_or_else(|| repo.join(".busline"));
        refuse_file(&dir, "BUSLINE_HOME")?;
        let venv = folder_from_env("BUSLINE_VENV")?.unwrap_or_else(|| dir.join("venv"));
        refuse_file(&venv, "BUSLINE_VENV")?;
        Ok(Self { repo, dir, venv, is_for_tests: false })
    }

    /// A second home in another folder, with the same Python environment: for tests next to a developer's local cloud.
    pub(crate) fn beside(&self, dir: PathBuf) -> Self {
        Self { dir, is_for_tests: true, ..self.clone() }
    }

    /// The folder of what xtask keeps between runs: packages, lint results.
    pub(crate) fn cache(&self) -> PathBuf {
        self.repo.join("target/xtask")
    }

    /// Waits until no other command starts, stops or deploys to this home's local cloud.
    ///
    /// The lock is released when the file is dropped, or when the process ends.
    pub(crate) async fn lock(&self) -> Result<File> {
        lock(&self.dir.join("lock"), "another `cargo xtask` uses this local cloud; waiting for it").await
    }
}

/// Waits for the file lock at `path`; prints `busy` once if it is taken.
pub(crate) async fn lock(path: &Path, busy: &str) -> Result<File> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
    let mut announced = None;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => {
                announced.get_or_insert_with(|| ui::note(busy));
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("cannot lock {}", path.display()));
            }
        }
    }
}

fn folder_from_env(name: &str) -> Result<Option<PathBuf>> {
    let Some(value) = env::var_os(name).filter(|value| !value.is_empty()) else {
        return Ok(None);
    };
    let folder = std::path::absolute(&value).with_context(|| format!("{name} is not a folder's path"))?;
    Ok(Some(folder))
}

/// Fails if a file stands where a folder, or one of its parents, would be.
fn refuse_file(folder: &Path, variable: &str) -> Result<()> {
    match folder.ancestors().find(|path| path.exists()) {
        Some(path) if !path.is_dir() => {
            bail!("{} is no folder: move it away, or set {variable} to a folder's path", path.display())
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_in_the_place_of_a_folder_is_refused_by_name() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for folder in [file.path().to_owned(), file.path().join("a/b")] {
            let error = refuse_file(&folder, "BUSLINE_HOME").unwrap_err().to_string();
            assert!(error.contains(&file.path().display().to_string()) && error.contains("BUSLINE_HOME"), "{error}");
        }
        refuse_file(&file.path().with_file_name("not there yet"), "BUSLINE_HOME").unwrap();
    }
}
