//! The files of a repository that concern its contracts, read once.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{fs, io, thread};

use serde_json::Value;

use crate::template::{self, TemplateError};

/// The folders and files that concern contracts.
const FOLDERS: [&str; 8] = [
    "services",
    "infra",
    "events/schemas",
    "events/examples",
    "events/src/publishers",
    "contracts/exceptions.yaml",
    "docs",
    "tests/journeys",
];

const LINK: &str = "a symbolic link";

/// The texts of files by their paths from the repository's root, with `/` between folders.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    files: BTreeMap<String, String>,
    /// What is neither a regular file nor a folder, such as a symbolic link; nothing of it was read.
    irregular: BTreeMap<String, &'static str>,
}

impl Tree {
    /// Reads the work tree at a folder.
    ///
    /// # Errors
    /// When a file cannot be read or is not UTF-8.
    pub fn read(folder: &Path) -> Result<Self, TreeError> {
        let mut tree = Self::default();
        for place in FOLDERS {
            let mut parents = place.match_indices('/').map(|(end, _)| &place[..end]);
            match parents.find(|parent| folder.join(parent).is_symlink()) {
                Some(parent) => drop(tree.irregular.insert(parent.to_owned(), LINK)),
                None => tree.add(folder, place)?,
            }
        }
        Ok(tree)
    }

    fn add(&mut self, folder: &Path, place: &str) -> Result<(), TreeError> {
        let path = folder.join(place);
        let unreadable = |source| TreeError::Unreadable { path: path.clone(), source };
        let kind = match fs::symlink_metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            found => found.map_err(unreadable)?.file_type(),
        };
        if kind.is_dir() {
            for entry in fs::read_dir(&path).map_err(unreadable)? {
                let name = entry.map_err(unreadable)?.file_name();
                self.add(folder, &format!("{place}/{}", name.to_string_lossy()))?;
            }
        } else if kind.is_symlink() && is_lock_of_editor(place) {
            // Nothing is read through it, and git does not know it.
        } else if kind.is_symlink() {
            self.irregular.insert(place.to_owned(), LINK);
        } else if is_relevant(place) && kind.is_file() {
            self.files.insert(place.to_owned(), fs::read_to_string(&path).map_err(unreadable)?);
        } else if is_relevant(place) {
            self.irregular.insert(place.to_owned(), "no regular file");
        }
        Ok(())
    }

    /// Reads a commit of the git repository at a folder.
    ///
    /// # Errors
    /// When git cannot be run, there is no such commit, or a file is not UTF-8.
    pub fn from_commit(folder: &Path, commit: &str) -> Result<Self, TreeError> {
        let mut list = git(folder, ["ls-tree", "-r", "-z", "--full-tree", commit, "--"]);
        // The parents too: git lists nothing below one that is a link.
        let parents = FOLDERS.iter().filter_map(|place| place.split_once('/')).map(|(parent, _)| parent);
        let listed = output(list.args(FOLDERS).args(parents), &[])?;
        let (mut irregular, mut paths) = (BTreeMap::new(), Vec::new());
        for (mode, path) in listed.split('\0').filter_map(entry).filter(|(_, path)| is_at_or_above(path)) {
            match mode {
                "120000" => drop(irregular.insert(path.to_owned(), LINK)),
                "160000" => drop(irregular.insert(path.to_owned(), "another repository")),
                _ if is_relevant(path) => paths.push(path),
                _ => {}
            }
        }
        let requested = paths.iter().map(|path| format!("{commit}:{path}\n")).collect::<Vec<_>>().concat();
        let objects = output(&mut git(folder, ["cat-file", "--batch"]), requested.as_bytes())?;
        let mut rest = &*objects;
        let mut files = BTreeMap::new();
        for path in paths {
            let (text, next) = blob(rest).ok_or_else(|| TreeError::Git(format!("git has no {commit}:{path}")))?;
            files.insert(path.to_owned(), text.to_owned());
            rest = next;
        }
        Ok(Self { files, irregular })
    }

    /// The paths at which there is no regular file, and what is there instead.
    pub fn irregular(&self) -> impl Iterator<Item = (&str, &'static str)> {
        self.irregular.iter().map(|(path, kind)| (path.as_str(), *kind))
    }

    /// Puts a symbolic link in the place of a file or a folder.
    pub fn link(&mut self, path: &str) {
        self.files.retain(|file, _| file != path && !file.starts_with(&format!("{path}/")));
        self.irregular.insert(path.to_owned(), LINK);
    }

    /// The text of a file.
    #[must_use]
    pub fn text(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(String::as_str)
    }

    /// A template with the files that it includes, all of this tree.
    ///
    /// # Errors
    /// As [`template::expand`]; also when the tree has no such template.
    pub fn template(&self, path: &str) -> Result<Value, TemplateError> {
        let missing = || io::Error::from(io::ErrorKind::NotFound);
        let text = self.text(path).ok_or_else(|| TemplateError::Unreadable { path: path.into(), source: missing() })?;
        template::expand(path, text, |included| self.text(included).map(str::to_owned).ok_or_else(missing))
    }

    /// All files, sorted by path.
    pub fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// The files below a folder, sorted by path.
    pub fn below(&self, folder: &str) -> impl Iterator<Item = (&str, &str)> {
        let folder = format!("{folder}/");
        let all = self.files.iter().map(|(path, text)| (path.as_str(), text.as_str()));
        all.filter(move |(path, _)| path.starts_with(&folder))
    }

    /// Adds a file, or replaces its text.
    pub fn put(&mut self, path: &str, text: impl Into<String>) {
        self.files.insert(path.to_owned(), text.into());
    }

    /// Removes a file and returns its text.
    pub fn remove(&mut self, path: &str) -> Option<String> {
        self.files.remove(path)
    }
}

/// The mode and the path of an entry of `ls-tree`.
fn entry(line: &str) -> Option<(&str, &str)> {
    let (description, path) = line.split_once('\t')?;
    Some((description.split_once(' ')?.0, path))
}

/// Whether a path is one of [`FOLDERS`], below one, or the parent of one.
fn is_at_or_above(path: &str) -> bool {
    let is_below = |path: &str, folder: &str| path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
    FOLDERS.iter().any(|place| path == *place || is_below(path, place) || is_below(place, path))
}

/// Whether a path is that of the link by which Emacs marks a file that is being edited.
///
/// <https://www.gnu.org/software/emacs/manual/html_node/elisp/File-Locks.html>
fn is_lock_of_editor(path: &str) -> bool {
    path.rsplit('/').next().is_some_and(|name| name.starts_with(".#"))
}

/// What a path ends with after its last dot.
pub(super) fn extension(path: &str) -> Option<&str> {
    Path::new(path).extension().and_then(OsStr::to_str)
}

/// Rust sources show which events a service builds, and what its tests cover; the other files are data.
fn is_relevant(path: &str) -> bool {
    match extension(path) {
        Some("json" | "yaml") => !path.contains("/tests/"),
        Some("rs") => ["/src/", "/tests/it/", "tests/journeys/"].iter().any(|folder| path.contains(folder)),
        Some("md") => path == "docs/catalog.md" || is_readme_of_service(path),
        _ => false,
    }
}

fn is_readme_of_service(path: &str) -> bool {
    path.starts_with("services/") && path.ends_with("/README.md") && path.split('/').count() == 3
}

/// The first object in the output of `cat-file --batch`, and the rest of the output.
fn blob(output: &str) -> Option<(&str, &str)> {
    let (head, rest) = output.split_once('\n')?;
    let size: usize = head.rsplit_once(" blob ")?.1.parse().ok()?;
    Some((rest.get(..size)?, rest.get(size + 1..)?))
}

/// A git command in a folder.
pub(crate) fn git<'a>(folder: &Path, arguments: impl IntoIterator<Item = &'a str>) -> Command {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder).args(arguments);
    command
}

/// Runs a command with an input and returns its output.
pub(crate) fn output(command: &mut Command, input: &[u8]) -> Result<String, TreeError> {
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(TreeError::NoGit)?;
    let stdin = child.stdin.take();
    // Another thread writes the input: git writes while it reads, and a full pipe on either side would block both.
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
    String::from_utf8(output.stdout).map_err(|_| TreeError::Git("git's output is not UTF-8".into()))
}

/// Why a tree cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    /// A file or folder cannot be read.
    #[error("cannot read {path}")]
    Unreadable {
        /// The path of the file or folder.
        path: PathBuf,
        /// The error of the file system.
        source: io::Error,
    },
    /// The program git cannot be started.
    #[error("cannot run git")]
    NoGit(#[source] io::Error),
    /// Git ended with an error; the text is its message.
    #[error("{0}")]
    Git(String),
}
