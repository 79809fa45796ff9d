//! The documents on adding an event and adding a route, and the paths that their numbered lists name.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use regex::Regex;

pub(super) const EVENT: &str = "docs/adding-an-event.md";
pub(super) const ROUTE: &str = "docs/adding-a-route.md";

/// Fails with the paths that no numbered list of the document names, and when it does not say how many files are changed
/// by hand.
pub(super) fn ensure_names(repo: &Path, document: &str, paths: &[String], by_hand: usize) -> Result<()> {
    let text = fs::read_to_string(repo.join(document)).with_context(|| format!("cannot read {document}"))?;
    ensure!(text.contains(&format!("needs {by_hand} files")), "{document} does not say that it needs {by_hand} files");
    let named = named(&text)?;
    let unnamed: Vec<&str> =
        paths.iter().filter(|path| !named.iter().any(|one| one.is_match(path))).map(String::as_str).collect();
    ensure!(unnamed.is_empty(), "the numbered list of {document} does not name what changes:\n{}", unnamed.join("\n"));
    Ok(())
}

/// The paths in code of the numbered lists, from the root of the repository. `<name>` stands for any part of a path, and a
/// folder for what is below it.
fn named(text: &str) -> Result<Vec<Regex>> {
    let mut is_item = false;
    let mut paths = Vec::new();
    for line in text.lines() {
        let number = line.split_once(". ").is_some_and(|(number, _)| number.parse::<u32>().is_ok());
        is_item = number || (is_item && (line.is_empty() || line.starts_with("   ")));
        if is_item {
            paths.extend(
                line.split('`').skip(1).step_by(2).filter(|code| code.contains(['/', '.']) && !code.contains(' ')),
            );
        }
    }
    let placeholder = Regex::new("<[^>]+>")?;
    let pattern = |path: &&str| {
        let parts: Vec<String> = placeholder.split(path).map(regex::escape).collect();
        let end = if path.ends_with('/') { "" } else { "$" };
        Ok(Regex::new(&format!("^{}{end}", parts.join("[^/]+")))?)
    };
    paths.iter().map(pattern).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_the_numbered_lists_are_named() {
        let text = "See `a/outside.rs`.\n\n1. `a/<name>.rs` and\n\n   `b/<name>/`; run `cargo x/y`\n\n`a/after/x.rs`\n2. `c.md`\n";
        let named = named(text).unwrap();
        let is_named = |path: &str| named.iter().any(|one| one.is_match(path));
        assert!(is_named("a/x.rs") && is_named("b/x/y/z.rs") && is_named("c.md"));
        assert!(
            !is_named("a/outside/x.rs") && !is_named("a/after/x.rs") && !is_named("a/x.rs.txt") && !is_named("cymd")
        );
    }
}
