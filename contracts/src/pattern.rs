//! EventBridge's event patterns: what a rule reads, decided as EventBridge decides it.
//!
//! The language is the one of these pages:
//! - <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern.html>
//! - <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html>
//!
//! Where they are silent (what exactly is refused, and in which words), the rules of
//! <https://github.com/aws/event-ruler>, which is EventBridge's matcher, hold. Where the two differ the pages hold:
//! 300 and 300.0 are not equal for an exact value, which compares a number's representation, and are for `numeric`.
//! An event is a parsed value here, which no longer knows 300.0 from 3.0e2: those two count as equal.

mod cidr;
mod compile;
mod dots;
mod fill;
pub mod generate;
mod ignore_case;
mod json;
mod matcher;
mod operator;
mod range;
mod wildcard;

use std::fmt;

use serde_json::Value;

use crate::compat::source;
use compile::Field;
use json::Json;

/// How many characters a pattern may have unless AWS raises the account's quota.
///
/// A rule with a longer pattern parses and matches here; whoever checks what is to be deployed compares
/// [`Pattern::size`] with this.
///
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html>
pub const SIZE_QUOTA: usize = 2048;

/// Refuses the text of a pattern or an event with a number that is not held exactly: two such numbers could seem equal
/// that EventBridge, which compares digits, tells apart.
///
/// # Errors
/// The number with its line and column.
pub fn check_numbers(text: &str) -> Result<(), String> {
    source::check_numbers(text).map_err(|error| error.to_string())
}

/// A valid event pattern.
#[derive(Clone, Debug)]
pub struct Pattern {
    /// An event matches when it matches any of them; more than one comes of `$or` alone.
    alternatives: Vec<Field>,
    size: usize,
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// Of two fields of the same name the last counts, and `{"a": {"b": …}}` is the same as `{"a.b": …}`:
    /// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern.html#eb-create-pattern-considerations>
    ///
    /// # Errors
    /// When EventBridge would refuse to make a rule of it.
    pub fn parse(text: &str) -> Result<Self, InvalidPattern> {
        let alternatives = compile::alternatives(&Json::parse(text)?)?;
        Ok(Self { alternatives, size: text.chars().count() })
    }

    /// Whether a rule with this pattern gets `event`, the whole of it: `source`, `detail-type`, `detail`, and so on.
    ///
    /// Allocates nothing, unless an object that the pattern looks into has a field with a dot in its name.
    #[must_use]
    pub fn matches(&self, event: &Value) -> bool {
        event.is_object() && self.alternatives.iter().any(|alternative| alternative.matches(Some(event)))
    }

    /// The length of the pattern's text in characters, for [`SIZE_QUOTA`].
    #[must_use]
    pub fn size(&self) -> usize {
        self.size
    }

    /// Events that match, made of `example` by changing, adding and removing no other fields than the pattern names.
    ///
    /// At most 200, those with the fewest changes of each `$or` branch first. None when nothing was found, which does
    /// not prove that no event matches.
    pub fn fill(&self, example: &Value) -> impl Iterator<Item = Value> {
        self.fill_from(example, |_| Vec::new())
    }

    /// As [`Pattern::fill`], with values to try before made-up ones: `known` gets a field's JSON pointer (without the
    /// indices of arrays) and answers, for instance, with the values that the field's schema enumerates.
    pub fn fill_from(&self, example: &Value, known: impl Fn(&str) -> Vec<Value>) -> impl Iterator<Item = Value> {
        let example = dots::spread(example);
        self.alternatives
            .iter()
            .flat_map(move |alternative| fill::candidates(alternative, &example, &known))
            .filter(|event| self.matches(event))
            .take(fill::LIMIT)
    }
}

/// Why EventBridge refuses a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidPattern {
    reason: String,
    /// From the innermost outwards.
    place: Vec<String>,
}

impl InvalidPattern {
    fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), place: Vec::new() }
    }

    /// The same, seen from one level further out.
    fn at(mut self, step: impl Into<Step>) -> Self {
        self.place.push(step.into().0);
        self
    }

    /// The reason in EventBridge's words.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// Where in the pattern, as a JSON pointer (RFC 6901).
    #[must_use]
    pub fn pointer(&self) -> String {
        self.place.iter().rev().fold(String::new(), |pointer, step| pointer + "/" + &escaped(step))
    }
}

impl fmt::Display for InvalidPattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Event pattern is not valid. Reason: {}", self.reason)?;
        if self.place.is_empty() { Ok(()) } else { write!(formatter, " (at {})", self.pointer()) }
    }
}

impl std::error::Error for InvalidPattern {}

/// One step into a pattern: a field's name, or an index.
struct Step(String);

impl From<&str> for Step {
    fn from(name: &str) -> Self {
        Self(name.to_owned())
    }
}

impl From<usize> for Step {
    fn from(index: usize) -> Self {
        Self(index.to_string())
    }
}

/// A field's name as one step of a JSON pointer.
fn escaped(step: &str) -> String {
    step.replace('~', "~0").replace('/', "~1")
}
