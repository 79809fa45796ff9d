//! The write-ahead journal of a replay: what was meant, then what was done, each step on the disk before the next.
//!
//! One file a replay, one JSON object a line. Each line carries the SHA-256 of the line before it, so that a line that
//! was changed, taken out or put in shows. It holds ids and hashes, never a message's text.
#![allow(clippy::disallowed_methods, reason = "a journal says when something was done")]

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
use sha2::{Digest, Sha256};
use tokio::sync::oneshot;

use crate::dlq::journal::entry::{Entry, Line};
use crate::dlq::journal::state::State;
use crate::dlq::queue::WrongUse;

/// What the first line carries for the line before it.
const NO_LINE: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// A journal that is written to. Clones write to the same one.
///
/// While it is open no other process can open it to write.
#[derive(Clone, Debug)]
pub struct Journal {
    path: Arc<PathBuf>,
    lines: Sender<Request>,
}

/// A line to write, and who waits until it is on the disk.
#[derive(Debug)]
struct Request {
    entry: Entry,
    written: Option<oneshot::Sender<Result<(), String>>>,
}

impl Journal {
    /// Begins the journal of a new replay, in `folder`, which is made when it is not there.
    ///
    /// # Errors
    /// When the folder or the file cannot be made, or there is a journal of this id.
    pub fn create(folder: &Path, replay_id: &str) -> Result<Self> {
        fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
        let path = path_of(folder, replay_id);
        let file = OpenOptions::new().append(true).create_new(true).open(&path);
        let file = file.with_context(|| format!("cannot begin the journal {}", path.display()))?;
        lock(&file, &path)?;
        // The file's name is on the disk only when its folder is.
        File::open(folder).and_then(|folder| folder.sync_all()).context("cannot keep the folder of journals")?;
        Ok(Self::start(path, Tail { file, next: 0, previous: NO_LINE.to_owned() }))
    }

    /// Opens a journal to go on with it: checks its chain, cuts a last line that a crash left half, and tells what was
    /// done so far.
    ///
    /// # Errors
    /// When there is none, its chain is broken, or another process writes to it.
    pub fn reopen(path: &Path) -> Result<(Self, State)> {
        let mut file = OpenOptions::new().read(true).write(true).open(path);
        if let Err(error) = &file
            && error.kind() == io::ErrorKind::NotFound
        {
            bail!(WrongUse(format!("there is no journal {}: see `ops dlq journal list`", path.display())));
        }
        let file = file.as_mut().map_err(|error| io::Error::new(error.kind(), error.to_string()));
        let file = file.with_context(|| format!("cannot open the journal {}", path.display()))?;
        lock(file, path)?;
        let mut state = State::default();
        let chain = read::read(path, |line| state.take(line.entry))?;
        file.set_len(chain.bytes).context("cannot cut the half line at the end of the journal")?;
        file.seek(SeekFrom::End(0)).context("cannot go on with the journal")?;
        let file = file.try_clone().context("cannot go on with the journal")?;
        Ok((Self::start(path.to_owned(), Tail { file, next: chain.lines, previous: chain.head }), state))
    }

    fn start(path: PathBuf, tail: Tail) -> Self {
        let (lines, requests) = channel();
        thread::spawn(move || write(tail, &requests));
        Self { path: Arc::new(path), lines }
    }

    /// Where it is.
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

    /// Writes an entry soon. When it fails, so does every [`Self::write`] after it.
    ///
    /// # Errors
    /// When the journal is closed.
    pub fn note(&self, entry: Entry) -> Result<()> {
        let sent = self.lines.send(Request { entry, written: None });
        sent.map_err(|_| anyhow::anyhow!("the journal {} is closed", self.path.display()))
    }
}

/// The file of a replay's journal.
#[must_use]
pub fn path_of(folder: &Path, replay_id: &str) -> PathBuf {
    folder.join(format!("{replay_id}.ndjson"))
}

fn lock(file: &File, path: &Path) -> Result<()> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => {
            bail!(WrongUse(format!("another process writes the journal {}: wait until it has ended", path.display())))
        }
        Err(TryLockError::Error(error)) => Err(error).context("cannot lock the journal"),
    }
}

/// The end of the file.
#[derive(Debug)]
struct Tail {
    file: File,
    next: u64,
    previous: String,
}

/// Writes until nobody can ask any more. All that waits is written with one wait for the disk.
fn write(mut tail: Tail, requests: &Receiver<Request>) {
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
            // Whoever waited may have been stopped.
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

/// The SHA-256 of a line, without its end, in hexadecimal.
#[must_use]
pub fn hash(line: &[u8]) -> String {
    let digits = Sha256::digest(line).into_iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
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
        journal.note(sent("a")).unwrap();
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
    async fn what_was_written_is_known_again() {
        let folder = tempfile::tempdir().unwrap();
        let (_, state) = reopened(&written(folder.path()).await).unwrap();
        assert!(state.accepted.contains_key(&short_id("a")));
        assert!(state.unsure.contains_key(&short_id("b")));
        assert_eq!(state.replayed, 1);
    }

    #[tokio::test]
    async fn half_a_line_is_cut_and_the_chain_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = written(folder.path()).await;
        let whole = fs::read(&path).unwrap();
        for cut in [1, 20, 100] {
            fs::write(&path, &whole[..whole.len() - cut]).unwrap();
            let (journal, state) = reopened(&path).unwrap();
            assert!(state.unsure.is_empty(), "the torn line does not count");
            journal.write(intent("c")).await.unwrap();
            drop(journal);
            let chain = read::read(&path, |_| {}).unwrap();
            assert_eq!((chain.lines, chain.torn), (3, false));
        }
    }

    #[tokio::test]
    async fn a_line_that_was_changed_taken_out_or_put_in_shows() {
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
    async fn two_processes_do_not_write_one_journal() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::create(folder.path(), "r1").unwrap();
        journal.write(intent("a")).await.unwrap();
        let error = Journal::reopen(journal.path()).unwrap_err();
        assert!(error.is::<WrongUse>(), "{error}");
    }

    #[tokio::test]
    async fn nothing_of_a_message_but_its_ids_is_in_a_journal() {
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
