//! This repository, for the tests that look at it and those that change it in memory.

#![allow(clippy::unwrap_used, reason = "clippy.toml's exception is for test functions alone")]

use std::path::{Path, PathBuf};

use contracts::check::Finding;
use contracts::repository::tree::Tree;
use contracts::repository::{Repository, compiled_types};
use jiff::civil::{Date, date};

/// This repository as it stands.
pub(crate) fn here() -> Repository {
    Repository::of(tree(), Some(compiled_types()))
}

/// Its files.
pub(crate) fn tree() -> Tree {
    Tree::read(&root()).unwrap()
}

/// Its folder.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A day on which its exceptions hold.
pub(crate) fn today() -> Date {
    date(2026, 11, 21)
}

/// A finding as a person reads it.
pub(crate) fn describe(rule: &str, finding: &Finding) -> String {
    let place = finding.pointer.as_deref().unwrap_or("");
    format!("{rule}: {}\n  at {}{place}\n  {}", finding.problem, finding.file, finding.advice)
}
