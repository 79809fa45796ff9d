//! Reading journals, and checking their chains of hashes.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use sha2::{Digest, Sha256};

use crate::dlq::journal::entry::Line;
use crate::error::UsageError;

/// The `previous` of a journal's first line.
pub(super) const NO_LINE: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// The result of reading a journal with an intact chain of hashes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    /// The number of complete lines.
    pub lines: u64,
    /// The length of all complete lines, in bytes. An incomplete line may follow.
    pub bytes: u64,
    /// The SHA-256 of the last line.
    pub head: String,
    /// A crash left an incomplete line at the end.
    pub torn: bool,
}

/// Calls `take` with each line of a journal, in order, and checks the chain.
///
/// # Errors
/// When the file cannot be read, or its chain is broken: the error names the first wrong line.
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
        let (number, shown_path) = (chain.lines + 1, path.display());
        let line: Line = serde_json::from_slice(&text).map_err(|error| {
            anyhow::anyhow!("the journal {shown_path} is broken: line {number} is not a journal entry ({error})")
        })?;
        ensure!(
            line.previous == chain.head && line.n == chain.lines,
            "the journal {shown_path} is broken: line {number} does not match the line before it. The file was changed; \
             nothing was done"
        );
        chain = Chain { lines: number, bytes: chain.bytes + length as u64, head: hash(&text), torn: false };
        take(line);
    }
}

/// The journals in a folder, oldest first. Empty when the folder does not exist.
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
    // Replay ids are UUIDv7, which sort by time.
    paths.sort();
    Ok(paths)
}

/// Finds a journal by its file, a replay's id, or the beginning of an id.
///
/// # Errors
/// [`UsageError`] when no journal or several match.
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
    let mut matching = all(folder)?;
    matching.retain(|path| !given.is_empty() && name(path).starts_with(given));
    ensure!(
        matching.len() < 2,
        UsageError(format!(
            "several replays begin with `{given}`: {}",
            matching.iter().map(name).collect::<Vec<_>>().join(", ")
        ))
    );
    let missing = || {
        UsageError(format!(
            "there is no journal of `{given}` in {}: `journal list` shows those that exist",
            folder.display()
        ))
    };
    Ok(matching.pop().ok_or_else(missing)?)
}

/// The file of a replay's journal.
#[must_use]
pub fn path_of(folder: &Path, replay_id: &str) -> PathBuf {
    folder.join(format!("{replay_id}.ndjson"))
}

/// The SHA-256 of a line, without its line break, in hexadecimal.
#[must_use]
pub fn hash(line: &[u8]) -> String {
    let digits = Sha256::digest(line).into_iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}
