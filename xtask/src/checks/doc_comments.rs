//! Doc comments of three words or fewer, which mostly repeat a name.

use std::path::Path;

use anyhow::{Result, ensure};

use super::released::ReleasedTexts;
use super::sources::{self, Source};

/// The longest doc comment that counts.
const WORDS: usize = 3;

/// A short doc comment.
#[derive(Debug, PartialEq)]
pub(crate) struct ShortComment {
    pub(crate) path: String,
    pub(crate) line: usize,
    pub(crate) text: String,
}

/// Fails when there are short doc comments; the error lists them.
pub(crate) fn check(repo: &Path) -> Result<()> {
    let sources = sources::read(repo)?;
    let found = short(&sources, &ReleasedTexts::read(&sources)?);
    let places: Vec<String> = found.iter().map(ShortComment::describe).collect();
    ensure!(
        places.is_empty(),
        "doc comments of {WORDS} words or fewer: tell the unit, bound, error or reason, or delete them:\n{}",
        places.join("\n")
    );
    Ok(())
}

impl ShortComment {
    fn describe(&self) -> String {
        format!("  {}:{}: {}", self.path, self.line, self.text)
    }
}

/// Finds short doc comments in Rust files, apart from those of released schemas.
pub(crate) fn short(sources: &[Source], released: &ReleasedTexts) -> Vec<ShortComment> {
    let found = sources.iter().filter(|source| source.ending() == "rs").flat_map(in_file);
    found.filter(|comment| !released.contain(&comment.path, &format!("/// {}", comment.text))).collect()
}

fn in_file(source: &Source) -> Vec<ShortComment> {
    let mut found = Vec::new();
    let mut block: Option<(usize, String)> = None;
    // An empty line at the end closes a block there.
    for (index, line) in source.text.lines().chain(std::iter::once("")).enumerate() {
        let line = line.trim_start();
        let comment = line.strip_prefix("///").or_else(|| line.strip_prefix("//!"));
        match (comment, &mut block) {
            (Some(text), Some((_, all))) => *all = format!("{all} {}", text.trim()),
            (Some(text), None) => block = Some((index + 1, text.trim().to_owned())),
            (None, _) => {
                let ended = block.take().filter(|(_, text)| text.split_whitespace().count() <= WORDS);
                found.extend(ended.map(|(line, text)| ShortComment { path: source.path.clone(), line, text }));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_is_short_as_a_whole() {
        let text = "/// The name.\nname: String,\n/// The key of the\n/// row.\nkey: String,\n//! One two three.\n";
        let found = in_file(&Source { path: "a.rs".into(), text: text.into() });
        assert_eq!(found.iter().map(|comment| comment.line).collect::<Vec<_>>(), [1, 6]);
    }
}
