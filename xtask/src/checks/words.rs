//! Words that this repository does not use, because a reader could not guess or search them: `xtask/checks/words.yaml`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use contracts::{catalog, schemas};
use regex::Regex;
use serde::Deserialize;

use super::released::ReleasedTexts;
use super::sources::{self, Source};

/// The words, and what to write instead.
const WORDS: &str = "xtask/checks/words.yaml";

/// The words of the file, and where they may occur.
#[derive(Debug)]
pub(crate) struct Glossary {
    entries: Vec<Entry>,
}

/// One word, or words of one kind.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Declaration {
    /// The name of the entry.
    name: String,
    /// Words or sequences of words, in any case and inside identifiers.
    #[serde(default)]
    words: Vec<String>,
    /// A regular expression over lines, for what words cannot express.
    pattern: Option<String>,
    /// The endings of the files to search; all files when empty.
    #[serde(default)]
    files: Vec<String>,
    /// What to write instead.
    write: String,
    /// Sequences of words that contain one of the words and are right.
    #[serde(default)]
    except: Vec<String>,
    /// Files or folders (with `/`) where the word is right, with the reason.
    #[serde(default)]
    except_files: BTreeMap<String, String>,
}

#[derive(Debug)]
struct Entry {
    declared: Declaration,
    words: Vec<Vec<String>>,
    except: Vec<Vec<String>>,
    pattern: Option<Regex>,
}

/// A place where a word occurs.
#[derive(Debug, PartialEq)]
pub(crate) struct Occurrence {
    pub(crate) entry: String,
    /// What to write instead.
    pub(crate) advice: String,
    pub(crate) path: String,
    pub(crate) line: usize,
    pub(crate) text: String,
}

impl Glossary {
    /// Reads the words of this repository's own file, which also serves for other commits.
    pub(crate) fn read(repo: &Path) -> Result<Self> {
        let path = repo.join(WORDS);
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        Self::parse(&text).with_context(|| format!("{WORDS} is not a list of words"))
    }

    fn parse(text: &str) -> Result<Self> {
        let declared: Vec<Declaration> = serde_norway::from_str(text)?;
        Ok(Self { entries: declared.into_iter().map(Entry::new).collect::<Result<_>>()? })
    }

    /// Finds the words in files, apart from the texts of released schemas.
    pub(crate) fn find(&self, sources: &[Source], released: &ReleasedTexts) -> Vec<Occurrence> {
        let mut found = Vec::new();
        for source in sources.iter().filter(|source| is_searched(&source.path)) {
            let lines = source.text.lines().enumerate().filter(|(_, line)| !released.contain(&source.path, line));
            for (index, line) in lines {
                let parts = parts(line);
                let here = self.entries.iter().filter(|entry| entry.declared.searches(source));
                let counts = here.map(|entry| (entry, entry.count(line, &parts)));
                for (entry, count) in counts {
                    found.extend((0..count).map(|_| entry.occurrence(source, index + 1, line)));
                }
            }
        }
        found
    }
}

impl Declaration {
    fn searches(&self, source: &Source) -> bool {
        let excepted =
            |place: &String| source.path == *place || (place.ends_with('/') && source.path.starts_with(place));
        let by_ending = self.files.is_empty() || self.files.iter().any(|ending| ending == source.ending());
        by_ending && !self.except_files.keys().any(excepted)
    }
}

impl Entry {
    fn new(declared: Declaration) -> Result<Self> {
        if declared.words.is_empty() && declared.pattern.is_none() {
            bail!("`{}` has neither `words` nor `pattern`", declared.name);
        }
        let pattern = declared.pattern.as_deref().map(Regex::new).transpose()?;
        let split = |texts: &[String]| texts.iter().map(|text| parts(text)).collect();
        Ok(Self { words: split(&declared.words), except: split(&declared.except), pattern, declared })
    }

    fn count(&self, line: &str, parts: &[String]) -> usize {
        let in_pattern = self.pattern.as_ref().map_or(0, |pattern| pattern.find_iter(line).count());
        in_pattern + (0..parts.len()).filter(|&at| self.is_at(parts, at)).count()
    }

    fn is_at(&self, parts: &[String], at: usize) -> bool {
        self.words.iter().any(|word| parts[at..].starts_with(word)) && !self.except.iter().any(|e| covers(parts, at, e))
    }

    fn occurrence(&self, source: &Source, line: usize, text: &str) -> Occurrence {
        Occurrence {
            entry: self.declared.name.clone(),
            advice: self.declared.write.clone(),
            path: source.path.clone(),
            line,
            text: text.trim().chars().take(160).collect(),
        }
    }
}

/// Whether a file is searched: not the words themselves, and not what is generated from types that are searched.
fn is_searched(path: &str) -> bool {
    !path.starts_with("xtask/checks/") && !path.starts_with(schemas::FOLDER) && !catalog::is_generated(path)
}

/// Whether a sequence of words stands around a place.
fn covers(parts: &[String], at: usize, sequence: &[String]) -> bool {
    (at.saturating_sub(sequence.len() - 1)..=at).any(|start| parts[start..].starts_with(sequence))
}

/// The words of a text in lower case; identifiers are split at `_`, `-` and before upper case.
pub(super) fn parts(text: &str) -> Vec<String> {
    let mut parts = Vec::new();
    let mut word = String::new();
    let characters: Vec<char> = text.chars().collect();
    for (at, &character) in characters.iter().enumerate() {
        let after_lower = at > 0 && !characters[at - 1].is_uppercase();
        let before_lower = characters.get(at + 1).is_some_and(|next| next.is_lowercase());
        let starts_part = character.is_uppercase() && (after_lower || before_lower);
        if starts_part || !character.is_alphanumeric() {
            parts.extend(Some(std::mem::take(&mut word)).filter(|word| !word.is_empty()));
        }
        if character.is_alphanumeric() {
            word.extend(character.to_lowercase());
        }
    }
    parts.extend(Some(word).filter(|word| !word.is_empty()));
    parts
}

/// Fails when a word occurs; the error lists the places.
pub(crate) fn check(repo: &Path) -> Result<()> {
    let sources = sources::read(repo)?;
    let found = Glossary::read(repo)?.find(&sources, &ReleasedTexts::read(&sources)?);
    let places: Vec<String> = found.iter().map(Occurrence::describe).collect();
    ensure!(
        places.is_empty(),
        "words that a reader could not guess ({WORDS} has exceptions with reasons):\n{}",
        places.join("\n")
    );
    Ok(())
}

impl Occurrence {
    fn describe(&self) -> String {
        let Self { entry, advice, path, line, text } = self;
        format!("  {path}:{line}: `{entry}`, write {advice}: {text}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = "
- {name: widget, words: [widget, widgets], write: part, except: [blue widget]}
- {name: again, words: [carry out twice], write: repeat}
- {name: make, pattern: '\\bfn make\\(', files: [rs], write: new}
";

    fn found(path: &str, text: &str) -> Vec<String> {
        let sources = [Source { path: path.into(), text: text.into() }];
        let found = Glossary::parse(SAMPLE).unwrap().find(&sources, &ReleasedTexts::default());
        found.into_iter().map(|one| one.entry).collect()
    }

    #[test]
    fn words_are_found_in_identifiers_comments_and_prose() {
        assert_eq!(found("a.md", "A widget, two widgets."), ["widget", "widget"]);
        assert_eq!(found("a.rs", "fn sendWidget(first_widget: WidgetId)"), ["widget", "widget", "widget"]);
        assert_eq!(found("a.rs", "widgeting"), Vec::<String>::new());
        assert_eq!(found("a.md", "it takes time to carry out twice"), ["again"]);
    }

    #[test]
    fn a_longer_sequence_can_be_right() {
        assert_eq!(found("a.rs", "BlueWidgetConfig, blue-widget queue"), Vec::<String>::new());
    }

    #[test]
    fn a_pattern_searches_files_of_its_kind() {
        assert_eq!(found("a.rs", "pub fn make(a: u8)"), ["make"]);
        assert_eq!(found("a.md", "pub fn make(a: u8)"), Vec::<String>::new());
    }

    #[test]
    fn identifiers_are_split_into_words() {
        assert_eq!(parts("sendHTTPWidget_to-X2"), ["send", "http", "widget", "to", "x2"]);
    }

    #[test]
    fn a_place_is_reported_with_what_to_write() {
        let sources = [Source { path: "a.md".into(), text: "one\na widget".into() }];
        let found = Glossary::parse(SAMPLE).unwrap().find(&sources, &ReleasedTexts::default());
        assert_eq!(found[0].describe(), "  a.md:2: `widget`, write part: a widget");
    }

    #[test]
    fn the_words_of_this_repository_are_sound() {
        let glossary = Glossary::read(Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()).unwrap();
        assert!(glossary.entries.iter().all(|entry| !entry.declared.write.is_empty()));
        let reasons = glossary.entries.iter().flat_map(|entry| entry.declared.except_files.values());
        assert!(reasons.into_iter().all(|reason| !reason.trim().is_empty()), "each exception has a reason");
    }
}
