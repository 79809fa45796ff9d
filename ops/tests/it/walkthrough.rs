//! Runs the commands of `docs/renaming-a-field.md` in a copy of the repository, and compares their output with the
//! document.
//!
//! With `BUSLINE_WRITE_WALKTHROUGH` set, the outputs are written into the document instead of compared. In a repository
//! without one of the services that the document is about, the test is skipped with a note.

#![allow(clippy::disallowed_methods, reason = "a test reads the search path, and whether it shall write")]

mod steps;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use contracts::repository::tree::Tree;
use similar::TextDiff;
use tempfile::TempDir;

const DOCUMENT: &str = "docs/renaming-a-field.md";
/// A line of the document that names a change of the copy: `<!-- step: name -->`.
const STEP: &str = "<!-- step: ";

#[test]
fn the_contracts_walkthrough_matches_the_program() {
    let path = root().join(DOCUMENT);
    let documented = fs::read_to_string(&path).unwrap();
    if let Some(service) = services(&documented).find(|service| !root().join("services").join(service).is_dir()) {
        eprintln!("skipped: {DOCUMENT} is about the service {service}, which is not in this repository");
        return;
    }
    let copy = Copy::new();
    let actual = copy.run_document(&documented);
    if std::env::var_os("BUSLINE_WRITE_WALKTHROUGH").is_some() {
        fs::write(path, actual).unwrap();
        return;
    }
    let difference = TextDiff::from_lines(&documented, &actual);
    assert!(
        documented == actual,
        "{DOCUMENT} does not match the program; set BUSLINE_WRITE_WALKTHROUGH to rewrite it:\n{}",
        difference.unified_diff().context_radius(2)
    );
}

/// The services that own the files and events in a document.
fn services(document: &str) -> impl Iterator<Item = &str> {
    ["services/", "events/schemas/"].into_iter().flat_map(|parent| {
        let rest = document.split(parent).skip(1);
        let names = rest.filter_map(|rest| rest.split_once('/').map(|(name, _)| name));
        names.filter(|name| name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'))
    })
}

/// A git repository with a copy of the contracts, and a `cargo` that runs the program under test as `ops`.
pub(crate) struct Copy {
    folder: TempDir,
    /// The first folder on the search path.
    pub(crate) programs: TempDir,
}

impl Copy {
    pub(crate) fn new() -> Self {
        let copy = Self { folder: TempDir::new().unwrap(), programs: TempDir::new().unwrap() };
        for (path, text) in Tree::read(&root()).unwrap().all() {
            copy.put(path, text);
        }
        // `cargo ops …` is `cargo run --bin ops -- …` by .cargo/config.toml.
        copy.program("cargo", &format!("#!/bin/sh\nshift\nexec '{}' \"$@\"\n", env!("CARGO_BIN_EXE_ops")));
        copy.commit("git init --quiet --initial-branch main", "As it is");
        copy
    }

    /// Makes a shell script a program.
    pub(crate) fn program(&self, name: &str, script: &str) {
        let path = self.programs.path().join(name);
        fs::write(&path, script).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// The paths of the contracts, as those of the repository.
    pub(crate) fn files(&self) -> Vec<String> {
        Tree::read(self.folder.path()).unwrap().all().map(|(path, _)| path.to_owned()).collect()
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.folder.path().join(path)).unwrap()
    }

    fn put(&self, path: &str, text: &str) {
        let path = self.folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn commit(&self, before: &str, message: &str) {
        let author = "-c user.name=Anna -c user.email=anna@example.com -c commit.gpgsign=false";
        let printed = self.run(&format!("{before} && git add --all && git {author} commit --quiet -m '{message}'"));
        assert_eq!(printed, "");
    }

    /// What a shell prints when it runs a line in the copy.
    fn run(&self, line: &str) -> String {
        let output = self.output(line);
        let printed = String::from_utf8(output.stdout).unwrap();
        assert!(!printed.is_empty() || output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
        printed
    }

    /// How a shell ends that runs a line in the copy.
    pub(crate) fn output(&self, line: &str) -> Output {
        let path = format!("{}:{}", self.programs.path().display(), std::env::var("PATH").unwrap());
        let mut shell = Command::new("sh");
        shell.args(["-c", line]).current_dir(self.folder.path()).env("PATH", path).env("NO_COLOR", "1");
        shell.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_PAGER", "cat").output().unwrap()
    }

    /// The document with the actual outputs of its commands.
    fn run_document(&self, documented: &str) -> String {
        let mut actual = Vec::new();
        // The line that ends the current block; outputs can contain shorter fences.
        let mut fence = None;
        for line in documented.lines() {
            if let Some(step) = line.strip_prefix(STEP) {
                steps::apply(self, step.trim_end_matches(" -->"));
            }
            if fence.is_some_and(|fence| line != fence) {
                if let Some(command) = line.strip_prefix("$ ") {
                    actual.push(line.to_owned());
                    actual.extend(self.run(command).lines().map(str::to_owned));
                }
                continue;
            }
            fence = line.strip_suffix("console").filter(|ticks| ticks.starts_with("```"));
            actual.push(line.to_owned());
        }
        actual.join("\n") + "\n"
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
