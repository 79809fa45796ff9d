//! Edits of Rust source texts that rustfmt brings into order afterwards.

use regex::Regex;

/// Keywords of Rust, which cannot be names of modules.
/// <https://doc.rust-lang.org/reference/keywords.html>
pub(crate) const KEYWORDS: [&str; 50] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn", "else",
    "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro", "match", "mod",
    "move", "mut", "override", "priv", "pub", "ref", "return", "self", "static", "struct", "super", "trait", "true",
    "try", "type", "typeof", "unsafe", "unsized", "use", "virtual", "where", "while",
];

/// Adds `use <path>::<name>;`, or the name to the `use` of this path that is there.
pub(crate) fn with_import(text: &str, path: &str, name: &str) -> String {
    let found = import(path).captures(text).and_then(|found| Some((found.get(0)?, found.get(1)?)));
    match found {
        Some((_, names)) if has_word(names.as_str(), name) => text.to_owned(),
        Some((statement, names)) => {
            let names = names.as_str().trim_matches(['{', '}']).trim().trim_end_matches(',');
            replaced(text, statement.range(), &format!("\nuse {path}::{{{names}, {name}}};"))
        }
        None => {
            // Into the group of the last `use` that begins like it: with `crate`, or without.
            let is_own = |line: &str| line.starts_with("use crate::") == path.starts_with("crate");
            let at = text.match_indices("\nuse ").map(|(at, _)| at + 1).filter(|at| is_own(&text[*at..])).last();
            let at = at.unwrap_or_else(|| after_header(text));
            replaced(text, at..at, &format!("use {path}::{name};\n"))
        }
    }
}

/// A statement that imports names of a path, with the names in its group.
fn import(path: &str) -> Regex {
    let path = regex::escape(path);
    Regex::new(&format!(r"\nuse {path}::(\{{[^{{}}:]*\}}|\w+);")).unwrap_or_else(|error| unreachable!("{error}"))
}

/// Adds a line such as `mod inbox;` after the last one, or before the first item.
pub(crate) fn with_module(text: &str, line: &str) -> String {
    let is_module =
        |line: &str| line.ends_with(';') && (line.starts_with("mod ") || line.starts_with("pub(crate) mod "));
    let mut at = 0;
    let mut end = None;
    for one in text.split_inclusive('\n') {
        at += one.len();
        if is_module(one.trim_end()) {
            end = Some(at);
        }
    }
    let Some(end) = end else {
        let at = after_header(text);
        return replaced(text, at..at, &format!("{line}\n\n"));
    };
    replaced(text, end..end, &format!("{line}\n"))
}

/// Adds text before the first line that begins so, apart from its indentation.
pub(crate) fn before_line(text: &str, start: &str, added: &str) -> Option<String> {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if line.trim_start().starts_with(start) {
            return Some(replaced(text, at..at, added));
        }
        at += line.len();
    }
    None
}

/// Whether a text has this identifier as a whole word.
pub(crate) fn has_word(text: &str, word: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').any(|one| one == word)
}

/// The place after the comments and attributes of the file itself.
fn after_header(text: &str) -> usize {
    let is_header = |line: &&str| line.starts_with("//!") || line.starts_with("#![") || line.trim().is_empty();
    text.split_inclusive('\n').take_while(is_header).map(str::len).sum()
}

fn replaced(text: &str, range: std::ops::Range<usize>, with: &str) -> String {
    format!("{}{with}{}", &text[..range.start], &text[range.end..])
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "//! It.\n#![allow(x)]\n\nuse a::b::C;\nuse a::{d, e::f};\n\nuse crate::g::H;\n\nfn i() {}\n";

    #[test]
    fn an_import_joins_the_one_of_its_path() {
        assert!(with_import(TEXT, "a::b", "D").contains("\nuse a::b::{C, D};\n"));
        assert!(with_import(TEXT, "a::c", "D").contains("\nuse a::c::D;\nuse a::{d"));
        assert!(with_import(TEXT, "crate::h", "D").contains("\nuse crate::h::D;\nuse crate::g::H;"));
        assert_eq!(with_import(TEXT, "a::b", "C"), TEXT);
        let two = with_import(&with_import(TEXT, "a::b", "D"), "a::b", "E");
        assert!(two.contains("use a::b::{C, D, E};"), "{two}");
        assert_eq!(with_import("//! It.\n\nfn i() {}\n", "a", "B"), "//! It.\n\nuse a::B;\nfn i() {}\n");
    }

    #[test]
    fn a_module_stands_beside_the_others_or_first() {
        assert_eq!(
            with_module("//! It.\n\nmod a;\n\nfn b() {}\n", "mod c;"),
            "//! It.\n\nmod a;\nmod c;\n\nfn b() {}\n"
        );
        assert!(with_module(TEXT, "mod c;").contains("\n\nmod c;\n\nuse a::b::C;"));
    }

    #[test]
    fn a_line_is_found_by_its_start() {
        assert_eq!(before_line("a\n  b => 1\n", "b =>", "  c\n").as_deref(), Some("a\n  c\n  b => 1\n"));
        assert_eq!(before_line("a\n", "b", "c"), None);
    }

    #[test]
    fn a_word_is_not_a_part_of_another() {
        assert!(has_word("use a::{Store, Table};", "Store") && !has_word("TableStore", "Store"));
    }
}
