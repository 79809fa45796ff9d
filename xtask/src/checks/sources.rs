//! The files of a repository that people write, and their code without comments.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

/// Endings of files that hold text of ours.
const ENDINGS: [&str; 19] = [
    "rs", "md", "yaml", "yml", "toml", "json", "py", "ts", "tsx", "js", "mjs", "cjs", "svelte", "vue", "css", "html",
    "sh", "txt", "ftl",
];

/// Files that tools write from other projects' text.
const GENERATED: [&str; 2] = ["package-lock.json", "contracts/tests/it/fixtures/"];

/// A file with its text.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// The path from the root of the repository, with `/` between folders.
    pub(crate) path: String,
    /// What is in it.
    pub(crate) text: String,
}

impl Source {
    /// A file's ending, without the dot.
    pub(crate) fn ending(&self) -> &str {
        self.path.rsplit_once('.').map_or("", |(_, ending)| ending)
    }

    /// The text with spaces in the place of comments, so that lines keep their numbers.
    pub(crate) fn code(&self) -> String {
        match self.ending() {
            "rs" => Comments::RUST.blank(&self.text),
            "ts" | "tsx" | "js" | "mjs" | "cjs" | "svelte" | "vue" | "css" => Comments::SCRIPT.blank(&self.text),
            "yaml" | "yml" | "toml" | "sh" | "py" => blank_after_hash(&self.text, self.ending() == "py"),
            "md" => String::new(),
            _ => self.text.clone(),
        }
    }
}

/// Reads all files that git knows or would add, in the order of their paths.
pub(crate) fn read(repo: &Path) -> Result<Vec<Source>> {
    let listing = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    let output = Command::new("git").arg("-C").arg(repo).args(listing).output().context("cannot run git")?;
    if !output.status.success() {
        bail!("git does not list the files of {}: {}", repo.display(), String::from_utf8_lossy(&output.stderr));
    }
    let listed = String::from_utf8(output.stdout).context("the path of a file is not UTF-8")?;
    let mut paths: Vec<&str> = listed.split('\0').filter(|path| is_written_by_people(path)).collect();
    paths.sort_unstable();
    paths.dedup();
    let mut sources = Vec::new();
    for path in paths {
        // A deleted file is still listed until the deletion is staged.
        if let Ok(text) = fs::read_to_string(repo.join(path)) {
            sources.push(Source { path: path.to_owned(), text });
        }
    }
    Ok(sources)
}

fn is_written_by_people(path: &str) -> bool {
    let ending = Path::new(path).extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    ENDINGS.contains(&ending)
        && !GENERATED.iter().any(|generated| path.ends_with(generated) || path.starts_with(generated))
}

/// How a language writes comments and texts.
struct Comments {
    /// The characters that begin and end a text.
    quotes: &'static [char],
    /// Whether `'` may also begin a lifetime, and `r#"` a raw text.
    is_rust: bool,
}

impl Comments {
    const RUST: Self = Self { quotes: &['"'], is_rust: true };
    const SCRIPT: Self = Self { quotes: &['"', '\'', '`'], is_rust: false };

    fn blank(&self, text: &str) -> String {
        let characters: Vec<char> = text.chars().collect();
        let mut code = String::with_capacity(text.len());
        let mut at = 0;
        while at < characters.len() {
            let end = self.token_end(&characters, at);
            let is_comment = characters[at] == '/' && matches!(characters.get(at + 1), Some('/' | '*'));
            for &character in &characters[at..end] {
                code.push(if is_comment && character != '\n' { ' ' } else { character });
            }
            at = end;
        }
        code
    }

    /// The end of the comment, text or other character that begins at a place.
    fn token_end(&self, characters: &[char], at: usize) -> usize {
        let rest = &characters[at..];
        let length = match rest {
            ['/', '/', ..] => position(rest, 2, &['\n']).unwrap_or(rest.len()),
            ['/', '*', ..] => block_comment(rest, self.is_rust),
            ['r', '"' | '#', ..] if self.is_rust => raw_text(rest).unwrap_or(1),
            ['\'', '\\', ..] if self.is_rust => position(rest, 3, &['\'']).map_or(1, |end| end + 1),
            ['\'', _, '\'', ..] if self.is_rust => 3,
            [quote, ..] if self.quotes.contains(quote) => quoted(rest, *quote),
            _ => 1,
        };
        (at + length).min(characters.len())
    }
}

fn position(characters: &[char], from: usize, pattern: &[char]) -> Option<usize> {
    (from..characters.len()).find(|&at| characters[at..].starts_with(pattern))
}

fn block_comment(rest: &[char], nested: bool) -> usize {
    let mut depth = 1;
    let mut at = 2;
    while at < rest.len() && depth > 0 {
        let step = match &rest[at..] {
            ['*', '/', ..] => {
                depth -= 1;
                2
            }
            ['/', '*', ..] if nested => {
                depth += 1;
                2
            }
            _ => 1,
        };
        at += step;
    }
    at
}

fn quoted(rest: &[char], quote: char) -> usize {
    let mut at = 1;
    while at < rest.len() && rest[at] != quote {
        at += if rest[at] == '\\' { 2 } else { 1 };
    }
    at + 1
}

fn raw_text(rest: &[char]) -> Option<usize> {
    let hashes = rest[1..].iter().take_while(|&&character| character == '#').count();
    if rest.get(1 + hashes) != Some(&'"') {
        return None;
    }
    let ending: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
    position(rest, 2 + hashes, &ending).map(|end| end + ending.len())
}

/// Blanks comments that begin with `#`, and Python's documentation texts.
fn blank_after_hash(text: &str, is_python: bool) -> String {
    let mut code = String::with_capacity(text.len());
    let mut in_documentation = false;
    for line in text.split_inclusive('\n') {
        let quotes = line.matches("\"\"\"").count();
        let starts = is_python && line.trim_start().starts_with("\"\"\"");
        if in_documentation || starts {
            in_documentation = if quotes % 2 == 1 { !in_documentation } else { in_documentation };
            code.push_str(if line.ends_with('\n') { "\n" } else { "" });
            continue;
        }
        let comment = line.match_indices('#').map(|(at, _)| at).find(|&at| is_comment(&line[..at]));
        match comment {
            Some(at) => {
                code.push_str(&line[..at]);
                code.push_str(if line.ends_with('\n') { "\n" } else { "" });
            }
            None => code.push_str(line),
        }
    }
    code
}

/// Whether a `#` after this part of a line begins a comment: it is outside texts and follows a space.
fn is_comment(before: &str) -> bool {
    let even = |quote: char| before.matches(quote).count().is_multiple_of(2);
    (before.is_empty() || before.ends_with([' ', '\t'])) && even('"') && even('\'')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(path: &str, text: &str) -> String {
        Source { path: path.into(), text: text.into() }.code()
    }

    #[test]
    fn comments_of_rust_are_blanked_and_texts_stay() {
        let text = "/// doc\nlet a = \"// no comment\"; // yes\n/* a /* b */ c */let b = r#\"/* no */\"#; let c: &'a str; '\"'";
        let expected = "       \nlet a = \"// no comment\";       \n                 let b = r#\"/* no */\"#; let c: &'a str; '\"'";
        assert_eq!(code("a.rs", text), expected);
    }

    #[test]
    fn comments_of_scripts_are_blanked() {
        assert_eq!(code("a.ts", "const a = '//'; // b"), "const a = '//';     ");
    }

    #[test]
    fn comments_with_a_hash_are_cut_off() {
        assert_eq!(code("a.yaml", "a: \"#1\" # b\n# c\nd: e#f\n"), "a: \"#1\" \n\nd: e#f\n");
        assert_eq!(code("a.py", "\"\"\"Doc.\n\nMore.\n\"\"\"\nx = 1  # y\n"), "\n\n\n\nx = 1  \n");
    }
}
