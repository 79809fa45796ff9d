//! Regular expressions of schemas, which are those of ECMA-262 with the flag `u`, in the syntax of the engines that run
//! them.
//!
//! Source: <https://json-schema.org/draft/2020-12/json-schema-core#section-6.4>
//!
//! The validator's translation leaves some of Rust's meanings, and refuses some valid patterns. What it gets here has one
//! meaning in both syntaxes.

use std::{borrow::Cow, iter::Peekable, str::Chars};

/// The characters that `.` does not match: <https://tc39.es/ecma262/#prod-LineTerminator>.
const NO_LINE_END: &str = r"[^\n\r\u2028\u2029]";
/// `\b` and `\B`, which know the characters of `\w` alone; those of the engines know the characters of all scripts.
const BOUNDARY: &str = "(?:(?<=[0-9A-Za-z_])(?![0-9A-Za-z_])|(?<![0-9A-Za-z_])(?=[0-9A-Za-z_]))";
const NO_BOUNDARY: &str = "(?:(?<=[0-9A-Za-z_])(?=[0-9A-Za-z_])|(?<![0-9A-Za-z_])(?![0-9A-Za-z_]))";
/// A class that matches nothing, and one that matches everything.
const NOTHING: &str = r"[^\s\S]";
const ANYTHING: &str = r"[\s\S]";

/// Whether a pattern is one of ECMA-262, which `\A`, `\z` and `(?i)` are not. The modifiers `s` and `m` of its newest edition
/// are not understood: the engines disagree on the ends of lines.
pub(super) fn is_valid(pattern: &str) -> bool {
    jsonschema_regex::is_valid_ecma_regex(pattern) && !has_line_modifier(pattern)
}

/// Whether a pattern refers back to a group. Of a group that has matched nothing yet, ECMA-262 and the engines differ.
pub(super) fn has_back_reference(pattern: &str) -> bool {
    let mut rest = pattern.chars();
    let mut escaped = std::iter::from_fn(|| rest.find(|character| *character == '\\').and_then(|_| rest.next()));
    escaped.any(|character| matches!(character, '1'..='9' | 'k'))
}

fn has_line_modifier(pattern: &str) -> bool {
    let groups = pattern.split("(?").skip(1);
    let mut modifiers = groups.filter_map(|group| group.split_once([':', ')']));
    modifiers.any(|(flags, _)| flags.chars().all(|flag| "ims-".contains(flag)) && flags.contains(['s', 'm']))
}

/// A valid pattern in a spelling that means the same in both syntaxes.
pub(super) fn translated(pattern: &str) -> Cow<'_, str> {
    let escapes = [r"\0", r"\b", r"\B", r"\u", r"\<", r"\>"];
    let is_plain = !pattern.contains(['.', '[']) && !escapes.iter().any(|escape| pattern.contains(escape));
    if is_plain { Cow::Borrowed(pattern) } else { rewritten(pattern).into() }
}

struct Translation<'a> {
    rest: Peekable<Chars<'a>>,
    text: String,
}

fn rewritten(pattern: &str) -> String {
    let mut translation = Translation { rest: pattern.chars().peekable(), text: String::new() };
    while let Some(character) = translation.rest.next() {
        match character {
            '.' => translation.text.push_str(NO_LINE_END),
            '[' => translation.class(),
            '\\' => {
                let atom = translation.escape(false);
                translation.text.push_str(&atom.unwrap_or_else(|| NOTHING.to_owned()));
            }
            other => translation.text.push(other),
        }
    }
    translation.text
}

impl Translation<'_> {
    /// A class from behind its `[` to its `]`.
    fn class(&mut self) {
        let is_negated = self.rest.next_if_eq(&'^').is_some();
        let mut items = Vec::new();
        while let Some(character) = self.rest.next() {
            match character {
                ']' => break,
                '\\' => items.push(self.escape(true)),
                other => items.push(Some(other.to_string())),
            }
        }
        let content = without_surrogates(&items);
        match (content.is_empty(), is_negated) {
            (true, true) => self.text.push_str(ANYTHING),
            (true, false) => self.text.push_str(NOTHING),
            (false, _) => {
                self.text.push_str(if is_negated { "[^" } else { "[" });
                self.text.push_str(&content);
                self.text.push(']');
            }
        }
    }

    /// What follows a `\`; `None` for half of a character, which no text of JSON contains.
    fn escape(&mut self, in_class: bool) -> Option<String> {
        match self.rest.next() {
            Some('b') if in_class => Some(r"\u0008".to_owned()),
            // The ends of words to the engines, and characters to ECMA-262.
            Some(end @ ('<' | '>')) => Some(end.to_string()),
            Some('b') => Some(BOUNDARY.to_owned()),
            Some('B') => Some(NO_BOUNDARY.to_owned()),
            Some('0') => Some(r"\u0000".to_owned()),
            Some('u') => self.code_point(),
            Some(other) => Some(format!("\\{other}")),
            None => Some(String::new()),
        }
    }

    /// The character of `\u0041`, `\u{41}` or the two halves `\uD83D\uDE00`.
    fn code_point(&mut self) -> Option<String> {
        let code = if self.rest.next_if_eq(&'{').is_some() {
            let digits: String = self.rest.by_ref().take_while(|character| *character != '}').collect();
            u32::from_str_radix(&digits, 16).ok()?
        } else {
            self.four_digits()
        };
        let low = (0xd800..0xdc00).contains(&code).then(|| self.low_half()).flatten();
        let whole = low.map_or(code, |low| 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00));
        let character = char::from_u32(whole)?;
        Some(if character.is_ascii() { format!("\\u{whole:04x}") } else { character.to_string() })
    }

    fn four_digits(&mut self) -> u32 {
        let digits: String = self.rest.by_ref().take(4).collect();
        u32::from_str_radix(&digits, 16).unwrap_or_default()
    }

    /// The second half of a character, if it follows.
    fn low_half(&mut self) -> Option<u32> {
        let mut ahead = self.rest.clone();
        let follows = ahead.next() == Some('\\') && ahead.next() == Some('u');
        let digits: String = ahead.by_ref().take(4).collect();
        let low = u32::from_str_radix(&digits, 16).ok().filter(|low| follows && (0xdc00..0xe000).contains(low))?;
        self.rest = ahead;
        Some(low)
    }
}

/// The items of a class without halves of characters, alone or at an end of a range.
fn without_surrogates(items: &[Option<String>]) -> String {
    let mut text = String::new();
    let mut at = 0;
    while at < items.len() {
        let is_range = items.get(at + 1).is_some_and(|item| item.as_deref() == Some("-")) && at + 2 < items.len();
        let range = &items[at..(at + if is_range { 3 } else { 1 }).min(items.len())];
        text.push_str(&one_range(range));
        at += range.len();
    }
    text
}

/// A character, or a range. An end that is half of a character is moved to the nearest whole one.
fn one_range(range: &[Option<String>]) -> String {
    match range {
        [Some(from), _, Some(to)] => format!("{from}-{to}"),
        [Some(from), _, None] => format!("{from}-\u{d7ff}"),
        [None, _, Some(to)] => format!("\u{e000}-{to}"),
        [Some(one)] => one.clone(),
        _ => String::new(),
    }
}
