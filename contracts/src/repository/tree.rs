//! The files of a repository that say anything of its contracts, read once.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{fs, io, thread};

/// Where contracts are stated.
const PLACES: [&str; 6] =
    ["services", "infra", "events/schemas", "events/examples", "contracts/exceptions.yaml", "docs"];

/// Texts by their paths below the repository, with `/` between folders.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    files: BTreeMap<String, String>,
}

impl Tree {
    /// Reads the work tree at a folder.
    ///
    /// # Errors
    /// When a file cannot be read or is no UTF-8.
    pub fn read(folder: &Path) -> Result<Self, TreeError> {
        let mut tree = Self::default();
        for place in PLACES {
            tree.add(folder, place)?;
        }
        Ok(tree)
    }

    fn add(&mut self, folder: &Path, place: &str) -> Result<(), TreeError> {
        let path = folder.join(place);
        let unreadable = |source| TreeError::Unreadable { path: path.clone(), source };
        if path.is_dir() {
            for entry in fs::read_dir(&path).map_err(unreadable)? {
                let name = entry.map_err(unreadable)?.file_name();
                self.add(folder, &format!("{place}/{}", name.to_string_lossy()))?;
            }
        } else if is_of_interest(place) && path.exists() {
            self.files.insert(place.to_owned(), fs::read_to_string(&path).map_err(unreadable)?);
        }
        Ok(())
    }

    /// Reads a commit of the git repository at a folder.
    ///
    /// # Errors
    /// When git does not run, knows no such commit, or a file is no UTF-8.
    pub fn of_commit(folder: &Path, commit: &str) -> Result<Self, TreeError> {
        let mut list = git(folder, ["ls-tree", "-r", "-z", "--name-only", "--full-tree", commit, "--"]);
        let listed = output(list.args(PLACES), &[])?;
        let paths: Vec<&str> = listed.split('\0').filter(|path| is_of_interest(path)).collect();
        let wanted = paths.iter().map(|path| format!("{commit}:{path}\n")).collect::<Vec<_>>().concat();
        let answer = output(&mut git(folder, ["cat-file", "--batch"]), wanted.as_bytes())?;
        let mut rest = &*answer;
        let mut files = BTreeMap::new();
        for path in paths {
            let (text, next) = blob(rest).ok_or_else(|| TreeError::Git(format!("git has no {commit}:{path}")))?;
            files.insert(path.to_owned(), text.to_owned());
            rest = next;
        }
        Ok(Self { files })
    }

    /// The text of a file.
    #[must_use]
    pub fn text(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(String::as_str)
    }

    /// Every file, by path.
    pub fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// The files below a folder, by path.
    pub fn below(&self, folder: &str) -> impl Iterator<Item = (&str, &str)> {
        let folder = format!("{folder}/");
        let all = self.files.iter().map(|(path, text)| (path.as_str(), text.as_str()));
        all.filter(move |(path, _)| path.starts_with(&folder))
    }

    /// Puts a text in the place of a file, or adds it.
    pub fn put(&mut self, path: &str, text: impl Into<String>) {
        self.files.insert(path.to_owned(), text.into());
    }

    /// Takes a file out.
    pub fn remove(&mut self, path: &str) -> Option<String> {
        self.files.remove(path)
    }
}

/// Rust sources say which events a service builds; the rest is data.
fn is_of_interest(path: &str) -> bool {
    let extension = Path::new(path).extension().and_then(OsStr::to_str);
    match extension {
        Some("json" | "yaml") => !path.contains("/tests/"),
        Some("rs") => path.contains("/src/"),
        Some("md") => path == "docs/catalog.md",
        _ => false,
    }
}

/// The first object of `cat-file --batch`'s answer, and what follows it.
fn blob(answer: &str) -> Option<(&str, &str)> {
    let (head, rest) = answer.split_once('\n')?;
    let size: usize = head.rsplit_once(" blob ")?.1.parse().ok()?;
    Some((rest.get(..size)?, rest.get(size + 1..)?))
}

/// A git command in a folder.
pub(crate) fn git<'a>(folder: &Path, arguments: impl IntoIterator<Item = &'a str>) -> Command {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder).args(arguments);
    command
}

/// Runs a command on an input and gives what it writes.
pub(crate) fn output(command: &mut Command, input: &[u8]) -> Result<String, TreeError> {
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(TreeError::NoGit)?;
    let stdin = child.stdin.take();
    // Written from a thread of its own: git answers while it reads, and a full pipe on either side would stop both.
    let (written, output) = thread::scope(|scope| {
        let writer = scope.spawn(move || stdin.map_or(Ok(()), |mut stdin| stdin.write_all(input)));
        let output = child.wait_with_output();
        (writer.join(), output)
    });
    let output = output.map_err(TreeError::NoGit)?;
    if !output.status.success() {
        return Err(TreeError::Git(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
    }
    written.map_err(|_| TreeError::Git("git's input could not be written".into()))?.map_err(TreeError::NoGit)?;
    String::from_utf8(output.stdout).map_err(|_| TreeError::Git("git gave text that is no UTF-8".into()))
}

/// Why a tree cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    /// A file or folder cannot be read.
    #[error("cannot read {path}")]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Git does not run.
    #[error("cannot run git")]
    NoGit(#[source] io::Error),
    /// Git refuses.
    #[error("{0}")]
    Git(String),
}
