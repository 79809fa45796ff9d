//! Wildcards: `*` stands for any characters or none.
//!
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html>

use super::InvalidPattern;

/// A shape of strings.
#[derive(Clone, Debug)]
pub(super) struct Wildcard {
    first: String,
    /// What follows each `*`; nothing when there is none.
    others: Vec<String>,
}

impl Wildcard {
    /// Reads `dir/*.png`; `\*` is an asterisk and `\\` a backslash.
    pub(super) fn parse(text: &str) -> Result<Self, InvalidPattern> {
        // EventBridge counts bytes, from the opening quote on.
        let wrong = |what: &str, index: usize| InvalidPattern::new(format!("{what} at pos {}", index + 1));
        let mut wildcard = Self { first: String::new(), others: Vec::new() };
        let mut characters = text.char_indices().peekable();
        while let Some((index, character)) = characters.next() {
            let next = characters.peek().map(|(_, next)| *next);
            match (character, next) {
                ('\\', Some(escaped @ ('*' | '\\'))) => {
                    wildcard.last().push(escaped);
                    characters.next();
                }
                ('\\', _) => return Err(wrong("Invalid escape character", index)),
                ('*', Some('*')) => return Err(wrong("Consecutive wildcard characters", index)),
                ('*', _) => wildcard.others.push(String::new()),
                (plain, _) => wildcard.last().push(plain),
            }
        }
        Ok(wildcard)
    }

    fn last(&mut self) -> &mut String {
        self.others.last_mut().unwrap_or(&mut self.first)
    }

    /// Whether `value` has the shape.
    pub(super) fn matches(&self, value: &str) -> bool {
        let Some((last, middle)) = self.others.split_last() else { return value == self.first };
        let Some(mut rest) = value.strip_prefix(self.first.as_str()) else { return false };
        // Each part at the first place where it fits: that leaves most for the others.
        for part in middle {
            let Some(start) = rest.find(part.as_str()) else { return false };
            rest = &rest[start + part.len()..];
        }
        rest.ends_with(last.as_str())
    }

    /// The string with `filler` for each `*`.
    pub(super) fn filled(&self, filler: &str) -> String {
        self.others.iter().fold(self.first.clone(), |text, part| text + filler + part)
    }
}
