//! The write-ahead journal of a replay: every intent and every outcome, each on the disk before the next step.
//!
//! One file for each replay, one JSON object a line. Each line contains the SHA-256 of the line before it, so that a
//! changed, removed or inserted line is detected. A journal contains ids and hashes, never a message's text.
#![allow(clippy::disallowed_methods, reason = "journal entries have timestamps")]

pub mod entry;
pub mod read;
pub mod state;

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use anyhow::{Context, Result, bail};
use jiff::Timestamp;
use tokio::sync::oneshot;

use crate::dlq::journal::entry::{Entry, Line};
use crate::dlq::journal::read::{NO_LINE, hash, path_of, read};
use crate::dlq::journal::state::State;
use crate::error::UsageError;

/// A journal that is open for writing. Clones write to the same file, and no other process can open it for writing.
#[derive(Clone, Debug)]
pub struct Journal {
    path: Arc<PathBuf>,
    lines: Sender<Request>,
}

/// An entry to write, and the channel that reports when it is on the disk.
#[derive(Debug)]
struct Request {
    entry: Entry,
    written: Option<oneshot::Sender<Result<(), String>>>,
}

impl Journal {
    /// Creates the journal of a new replay in `folder`, which is created if necessary.
    ///
    /// # Errors
    /// When the folder or the file cannot be created, or a journal of this id exists.
    pub fn create(folder: &Path, replay_id: &str) -> Result<Self> {
        fs::create_dir_all(folder).with_context(|| format!("cannot create the folder {}", folder.display()))?;
        let path = path_of(folder, replay_id);
        let file = OpenOptions::new().append(true).create_new(true).open(&path);
        let file = file.with_context(|| format!("cannot create the journal {}", path.display()))?;
        lock(&file, &path)?;
        // The file's name is on the disk only after its folder was synchronised.
        File::open(folder).and_then(|folder| folder.sync_all()).context("cannot synchronise the folder of journals")?;
        Ok(Self::start(path, Tail { file, next: 0, previous: NO_LINE.to_owned() }))
    }

    /// Opens a journal to continue it: checks its chain of hashes, removes an incomplete last line that a crash left,
    /// and returns the state so far.
    ///
    /// # Errors
    /// When it does not exist, its chain is broken, or another process writes to it.
    pub fn reopen(path: &Path) -> Result<(Self, State)> {
        let mut file = OpenOptions::new().read(true).write(true).open(path);
        if let Err(error) = &file
            && error.kind() == io::ErrorKind::NotFound
        {
            bail!(UsageError(format!("there is no journal {}: `journal list` shows those that exist", path.display())));
        }
        let file = file.as_mut().map_err(|error| io::Error::new(error.kind(), error.to_string()));
        let file = file.with_context(|| format!("cannot open the journal {}", path.display()))?;
        lock(file, path)?;
        let mut state = State::default();
        let chain = read(path, |line| state.apply(line.entry))?;
        file.set_len(chain.bytes).context("cannot remove the incomplete line at the end of the journal")?;
        file.seek(SeekFrom::End(0)).context("cannot continue the journal")?;
        let file = file.try_clone().context("cannot continue the journal")?;
        Ok((Self::start(path.to_owned(), Tail { file, next: chain.lines, previous: chain.head }), state))
    }

    fn start(path: PathBuf, tail: Tail) -> Self {
        let (lines, requests) = channel();
        thread::spawn(move || write_requests(tail, &requests));
        Self { path: Arc::new(path), lines }
    }

    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes an entry, and waits until it is on the disk.
    ///
    /// # Errors
    /// When it cannot be written, or one before it could not.
    pub async fn write(&self, entry: Entry) -> Result<()> {
        let (written, done) = oneshot::channel();
        let request = Request { entry, written: Some(written) };
        if self.lines.send(request).is_err() {
            bail!("the journal {} is closed", self.path.display());
        }
        match done.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(reason)) => bail!("cannot write the journal {}: {reason}", self.path.display()),
            Err(_) => bail!("the journal {} is closed", self.path.display()),
        }
    }

    /// Writes an entry without waiting for the disk. If that fails, every later [`Self::write`] fails.
    ///
    /// # Errors
    /// When the journal is closed.
    pub fn append(&self, entry: Entry) -> Result<()> {
        let sent = self.lines.send(Request { entry, written: None });
        sent.map_err(|_| anyhow::anyhow!("the journal {} is closed", self.path.display()))
    }
}

fn lock(file: &File, path: &Path) -> Result<()> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => {
            bail!(UsageError(format!("another process writes the journal {}: wait until it has ended", path.display())))
        }
        Err(TryLockError::Error(error)) => Err(error).context("cannot lock the journal"),
    }
}

/// The end of the file, where lines are added.
#[derive(Debug)]
struct Tail {
    file: File,
    next: u64,
    previous: String,
}

/// Writes entries until all clones of the journal are dropped. Entries that wait are written together, with one wait
/// for the disk.
fn write_requests(mut tail: Tail, requests: &Receiver<Request>) {
    let mut broken = None;
    while let Ok(first) = requests.recv() {
        let together: Vec<Request> = std::iter::once(first).chain(requests.try_iter()).collect();
        let entries = together.iter().map(|request| &request.entry);
        if broken.is_none()
            && let Err(error) = tail.append(entries)
        {
            broken = Some(error.to_string());
        }
        for request in together {
            let result = broken.clone().map_or(Ok(()), Err);
            // The waiting task may have been aborted.
            request.written.map(|written| written.send(result));
        }
    }
}

impl Tail {
    fn append<'a>(&mut self, entries: impl Iterator<Item = &'a Entry>) -> io::Result<()> {
        let mut text = String::new();
        for entry in entries {
            let line =
                Line { n: self.next, at: Timestamp::now(), previous: self.previous.clone(), entry: entry.clone() };
            let line = serde_json::to_string(&line)?;
            self.previous = hash(line.as_bytes());
            self.next += 1;
            text.push_str(&line);
            text.push('\n');
        }
        self.file.write_all(text.as_bytes())?;
        self.file.sync_data()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dlq::journal::entry::{Accepted, Intent, Purpose};
    use crate::dlq::journal::state::short_id;

    fn intent(id: &str) -> Entry {
        let message = Intent { id: id.to_owned(), receipt: "r".to_owned(), key: id.to_owned(), attempt: 1 };
        Entry::Intent { purpose: Purpose::Replay, messages: vec![message] }
    }

    fn sent(id: &str) -> Entry {
        Entry::Sent { messages: vec![Accepted { id: id.to_owned(), as_id: None }] }
    }

    /// A journal of three lines, closed.
    async fn written(folder: &Path) -> PathBuf {
        let journal = Journal::create(folder, "r1").unwrap();
        journal.write(intent("a")).await.unwrap();
        journal.append(sent("a")).unwrap();
        journal.write(intent("b")).await.unwrap();
        journal.path().to_owned()
    }

    /// The writer's thread ends, and frees the file, soon after the last of its journal's clones.
    fn reopened(path: &Path) -> Result<(Journal, State)> {
        for _ in 0..100 {
            match Journal::reopen(path) {
                Err(error) if error.to_string().contains("another process") => {
                    thread::sleep(std::time::Duration::from_millis(20));
                }
                result => return result,
            }
        }
        Journal::reopen(path)
    }

    #[tokio::test]
    async fn a_reopened_journal_restores_the_state() {
        let folder = tempfile::tempdir().unwrap();
        let (_, state) = reopened(&written(folder.path()).await).unwrap();
        assert!(state.accepted.contains_key(&short_id("a")));
        assert!(state.uncertain.contains_key(&short_id("b")));
        assert_eq!(state.replayed, 1);
    }

    #[tokio::test]
    async fn an_incomplete_line_is_removed_and_the_chain_continues() {
        let folder = tempfile::tempdir().unwrap();
        let path = written(folder.path()).await;
        let whole = fs::read(&path).unwrap();
        for cut in [1, 20, 100] {
            fs::write(&path, &whole[..whole.len() - cut]).unwrap();
            let (journal, state) = reopened(&path).unwrap();
            assert!(state.uncertain.is_empty(), "the incomplete line does not count");
            journal.write(intent("c")).await.unwrap();
            drop(journal);
            let chain = read(&path, |_| {}).unwrap();
            assert_eq!((chain.lines, chain.torn), (3, false));
        }
    }

    #[tokio::test]
    async fn a_changed_removed_or_inserted_line_is_detected() {
        let folder = tempfile::tempdir().unwrap();
        let path = written(folder.path()).await;
        let whole = fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = whole.lines().collect();
        let changed = whole.replacen("\"attempt\":1", "\"attempt\":2", 1);
        let without = format!("{}\n{}\n", lines[0], lines[2]);
        let twice = format!("{}\n{}\n{}\n{}\n", lines[0], lines[1], lines[1], lines[2]);
        for (broken, line) in [(changed, 2), (without, 2), (twice, 3), ("no journal\n".to_owned(), 1)] {
            fs::write(&path, broken).unwrap();
            let error = reopened(&path).unwrap_err().to_string();
            assert!(error.contains("is broken") && error.contains(&format!("line {line}")), "{error}");
        }
    }

    #[tokio::test]
    async fn two_processes_cannot_write_the_same_journal() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::create(folder.path(), "r1").unwrap();
        journal.write(intent("a")).await.unwrap();
        let error = Journal::reopen(journal.path()).unwrap_err();
        assert!(error.is::<UsageError>(), "{error}");
    }

    #[tokio::test]
    async fn a_journal_contains_only_ids_of_messages() {
        let folder = tempfile::tempdir().unwrap();
        let text = fs::read_to_string(written(folder.path()).await).unwrap();
        for line in text.lines() {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            for message in line["messages"].as_array().unwrap() {
                let known = ["id", "receipt", "key", "attempt", "as"];
                assert!(message.as_object().unwrap().keys().all(|name| known.contains(&name.as_str())), "{message}");
            }
        }
    }
}
