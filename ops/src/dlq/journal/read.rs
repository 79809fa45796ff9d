//! Reading a journal and checking its chain.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::dlq::journal::entry::Line;
use crate::dlq::journal::{NO_LINE, hash, path_of};
use crate::dlq::queue::WrongUse;

/// A chain without a break.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    /// How many whole lines.
    pub lines: u64,
    /// The length of them all, in bytes; what follows is half a line.
    pub bytes: u64,
    /// The SHA-256 of the last line.
    pub head: String,
    /// A crash left half a line at the end.
    pub torn: bool,
}

/// Shows `take` each line of a journal, in order, and checks the chain.
///
/// # Errors
/// When the file cannot be read, or its chain is broken: then the first line that does not fit is named.
pub fn read(path: &Path, mut take: impl FnMut(Line)) -> Result<Chain> {
    let file = File::open(path).with_context(|| format!("cannot read the journal {}", path.display()))?;
    let mut file = BufReader::new(file);
    let mut chain = Chain { lines: 0, bytes: 0, head: NO_LINE.to_owned(), torn: false };
    let mut text = Vec::new();
    loop {
        text.clear();
        let length = file.read_until(b'\n', &mut text).with_context(|| format!("cannot read {}", path.display()))?;
        if length == 0 {
            return Ok(chain);
        }
        if text.last() != Some(&b'\n') {
            return Ok(Chain { torn: true, ..chain });
        }
        text.pop();
        let (number, shown) = (chain.lines + 1, path.display());
        let line: Line = serde_json::from_slice(&text).map_err(|error| {
            anyhow::anyhow!("the journal {shown} is broken: line {number} is no line of a journal ({error})")
        })?;
        ensure!(
            line.previous == chain.head && line.n == chain.lines,
            "the journal {shown} is broken: line {number} does not follow the line before it. It was changed after it \
             was written; nothing is done with it"
        );
        chain = Chain { lines: number, bytes: chain.bytes + length as u64, head: hash(&text), torn: false };
        take(line);
    }
}

/// The journals in a folder, the oldest first. None when there is no such folder.
///
/// # Errors
/// When the folder cannot be read.
pub fn all(folder: &Path) -> Result<Vec<PathBuf>> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read the folder {}", folder.display()))? {
        let path = entry.with_context(|| format!("cannot read the folder {}", folder.display()))?.path();
        if path.extension().is_some_and(|extension| extension == "ndjson") {
            paths.push(path);
        }
    }
    // Replay ids begin with the time.
    paths.sort();
    Ok(paths)
}

/// The journal that `given` means: its file, a replay's id, or the beginning of one.
///
/// # Errors
/// [`WrongUse`] when there is none, or several fit.
pub fn find(folder: &Path, given: &str) -> Result<PathBuf> {
    let as_path = PathBuf::from(given);
    if as_path.is_file() {
        return Ok(as_path);
    }
    let exact = path_of(folder, given);
    if exact.is_file() {
        return Ok(exact);
    }
    let name = |path: &PathBuf| path.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut fitting = all(folder)?;
    fitting.retain(|path| !given.is_empty() && name(path).starts_with(given));
    ensure!(
        fitting.len() < 2,
        WrongUse(format!("`{given}` begins several ids: {}", fitting.iter().map(name).collect::<Vec<_>>().join(", ")))
    );
    let missing = || WrongUse(format!("there is no journal of `{given}` in {}: see `journal list`", folder.display()));
    Ok(fitting.pop().ok_or_else(missing)?)
}
