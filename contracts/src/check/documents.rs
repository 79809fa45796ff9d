//! The files themselves, and the documentation that is generated from them.

use super::{Context, Finding};
use crate::catalog;
use crate::catalog::contents::Contents;

const GENERATE: &str = "run `cargo xtask schemas`";

pub(super) fn readable(context: &Context<'_>) -> Vec<Finding> {
    let unreadable = context.repository.unreadable.iter();
    unreadable.map(|file| Finding::new(&file.file, &file.file, &file.reason, "correct the file")).collect()
}

pub(super) fn current(context: &Context<'_>) -> Vec<Finding> {
    let tree = &context.repository.tree;
    // A file that cannot be read is reported by the check `files-readable`.
    let Ok(contents) = Contents::from_repository(context.repository) else { return Vec::new() };
    let wanted = catalog::files(&contents);
    let stale = wanted.iter().filter(|(path, text)| tree.text(path) != Some(text.as_str())).map(|(path, text)| {
        let problem = match tree.text(path).and_then(|found| first_line(found, text)) {
            Some((line, found)) => format!("it differs from the contracts: line {line} is {found:?}"),
            None => "it differs from the contracts".to_owned(),
        };
        Finding::new(path, path, problem, GENERATE)
    });
    let left_over = tree.all().filter(|(path, _)| catalog::is_generated(path) && !wanted.contains_key(*path));
    let left_over =
        left_over.map(|(path, _)| Finding::new(path, path, "it describes no contract of this repository", "remove it"));
    stale.chain(left_over).collect()
}

fn first_line<'a>(found: &'a str, wanted: &str) -> Option<(usize, &'a str)> {
    let mut lines = found.lines().zip(wanted.lines()).enumerate();
    lines.find_map(|(at, (found, wanted))| (found != wanted).then_some((at + 1, found)))
}
