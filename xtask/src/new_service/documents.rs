//! The documents on adding an event and adding a route, and the paths that their numbered lists name.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use regex::Regex;

/// What a developer follows: a document, or the beginning of one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Steps {
    pub(crate) document: &'static str,
    /// The heading of the first section that is not followed.
    end: &'static str,
}

/// An event, and a job that reads it.
pub(crate) const EVENT: Steps =
    Steps { document: "docs/adding-an-event.md", end: "\n## An event for a job that exists\n" };
pub(crate) const ROUTE: Steps = Steps { document: "docs/adding-a-route.md", end: "\n## " };

impl Steps {
    /// The paths that no numbered list names.
    pub(crate) fn unnamed(self, repo: &Path, paths: &[String]) -> Result<Vec<String>> {
        let patterns: Vec<Regex> = items(&self.read(repo)?)?.into_iter().flatten().collect();
        let is_named = |path: &&String| patterns.iter().any(|pattern| pattern.is_match(path));
        Ok(paths.iter().filter(|path| !is_named(path)).cloned().collect())
    }

    /// Fails unless the numbered lists name each changed path, each item that names paths names a changed one, and the text
    /// tells how many files are changed by hand.
    pub(super) fn ensure_complete(self, repo: &Path, changed: &[String], by_hand: usize) -> Result<()> {
        let (document, text) = (self.document, self.read(repo)?);
        let unnamed = self.unnamed(repo, changed)?;
        ensure!(
            unnamed.is_empty(),
            "the numbered lists of {document} do not name what changes:\n{}",
            unnamed.join("\n")
        );
        let is_changed = |pattern: &Regex| changed.iter().any(|path| pattern.is_match(path));
        for item in items(&text)?.iter().filter(|item| !item.is_empty()) {
            ensure!(item.iter().any(is_changed), "{document} has a step of which nothing changes: {item:?}");
        }
        ensure!(
            text.contains(&format!("needs {by_hand} files")),
            "{document} does not say that it needs {by_hand} files"
        );
        Ok(())
    }

    fn read(self, repo: &Path) -> Result<String> {
        let text = fs::read_to_string(repo.join(self.document));
        let mut text = text.with_context(|| format!("cannot read {}", self.document))?;
        if let Some(end) = text.find(self.end) {
            text.truncate(end);
        }
        Ok(text)
    }
}

/// The items of numbered lists, each with the paths in code that it names, from the root of the repository. `<name>` stands
/// for any part of a path, and a folder for what is below it.
fn items(text: &str) -> Result<Vec<Vec<Regex>>> {
    let mut items = Vec::new();
    let mut is_item = false;
    for line in text.lines() {
        let is_first = line.split_once(". ").is_some_and(|(number, _)| number.parse::<u32>().is_ok());
        if is_first {
            items.push(Vec::new());
        }
        is_item = is_first || (is_item && (line.is_empty() || line.starts_with("   ")));
        let Some(item) = items.last_mut().filter(|_| is_item) else { continue };
        let code = line.split('`').skip(1).step_by(2);
        for path in code.filter(|code| code.contains(['/', '.']) && !code.contains(' ')) {
            item.push(pattern(path)?);
        }
    }
    Ok(items)
}

fn pattern(path: &str) -> Result<Regex> {
    let parts: Vec<String> = Regex::new("<[^>]+>")?.split(path).map(regex::escape).collect();
    let end = if path.ends_with('/') { "" } else { "$" };
    Ok(Regex::new(&format!("^{}{end}", parts.join("[^/]+")))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_the_numbered_lists_are_named() {
        let text = "See `a/outside.rs`.\n\n1. `a/<name>.rs` and\n\n   `b/<name>/`; run `cargo x/y`\n\nThen. `a/after/x.rs`\n2. \
                    `c.md`\n";
        let items = items(text).unwrap();
        let is_named = |item: usize, path: &str| items[item].iter().any(|one| one.is_match(path));
        assert!(is_named(0, "a/x.rs") && is_named(0, "b/x/y/z.rs") && is_named(1, "c.md") && items.len() == 2);
        for path in ["a/outside/x.rs", "a/after/x.rs", "a/x.rs.txt", "cymd"] {
            assert!(!is_named(0, path) && !is_named(1, path), "{path}");
        }
    }
}
