//! `docs/contracts-story.md` is true: its commands are run in a copy of the repository, and print what it says.
//!
//! With `BUSLINE_WRITE_STORY` set, the outputs are written into the document instead of compared.

#![allow(clippy::disallowed_methods, reason = "a test reads the search path, and whether it shall write")]

mod steps;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use contracts::repository::tree::Tree;
use similar::TextDiff;
use tempfile::TempDir;

const DOCUMENT: &str = "docs/contracts-story.md";
/// A line of the document that changes the copy: `<!-- step: name -->`.
const STEP: &str = "<!-- step: ";

#[test]
fn the_story_of_a_renamed_field_is_true() {
    let path = root().join(DOCUMENT);
    let told = fs::read_to_string(&path).unwrap();
    let copy = Copy::of_repository();
    let happened = copy.play(&told);
    if std::env::var_os("BUSLINE_WRITE_STORY").is_some() {
        fs::write(path, happened).unwrap();
        return;
    }
    let difference = TextDiff::from_lines(&told, &happened);
    assert!(
        told == happened,
        "{DOCUMENT} is not what happens; set BUSLINE_WRITE_STORY to write it anew:\n{}",
        difference.unified_diff().context_radius(2)
    );
}

/// A git repository with the contracts of ours, and a `cargo` whose `ops` is the program under test.
struct Copy {
    folder: TempDir,
    programs: TempDir,
}

impl Copy {
    fn of_repository() -> Self {
        let copy = Self { folder: TempDir::new().unwrap(), programs: TempDir::new().unwrap() };
        for (path, text) in Tree::read(&root()).unwrap().all() {
            copy.put(path, text);
        }
        let cargo = copy.programs.path().join("cargo");
        // `cargo ops …` is `cargo run --package ops -- …` by .cargo/config.toml.
        fs::write(&cargo, format!("#!/bin/sh\nshift\nexec '{}' \"$@\"\n", env!("CARGO_BIN_EXE_ops"))).unwrap();
        fs::set_permissions(cargo, fs::Permissions::from_mode(0o755)).unwrap();
        copy.commit("git init --quiet --initial-branch main", "As it is");
        copy
    }

    fn put(&self, path: &str, text: &str) {
        let path = self.folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn commit(&self, before: &str, message: &str) {
        let author = "-c user.name=Anna -c user.email=anna@example.com -c commit.gpgsign=false";
        let said = self.run(&format!("{before} && git add --all && git {author} commit --quiet -m '{message}'"));
        assert_eq!(said, "");
    }

    /// What a shell prints when it runs a line in the copy.
    fn run(&self, line: &str) -> String {
        let path = format!("{}:{}", self.programs.path().display(), std::env::var("PATH").unwrap());
        let mut shell = Command::new("sh");
        shell.args(["-c", line]).current_dir(self.folder.path()).env("PATH", path).env("NO_COLOR", "1");
        let output = shell.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_PAGER", "cat").output().unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        assert!(!printed.is_empty() || output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
        printed
    }

    /// The document with what its steps and commands come to.
    fn play(&self, told: &str) -> String {
        let mut happened = Vec::new();
        // The line that ends the block that we are in; outputs may hold shorter fences.
        let mut fence = None;
        for line in told.lines() {
            if let Some(step) = line.strip_prefix(STEP) {
                steps::take(self, step.trim_end_matches(" -->"));
            }
            if fence.is_some_and(|fence| line != fence) {
                if let Some(command) = line.strip_prefix("$ ") {
                    happened.push(line.to_owned());
                    happened.extend(self.run(command).lines().map(str::to_owned));
                }
                continue;
            }
            fence = line.strip_suffix("console").filter(|ticks| ticks.starts_with("```"));
            happened.push(line.to_owned());
        }
        happened.join("\n") + "\n"
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
