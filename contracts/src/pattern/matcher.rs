//! What one value of an event must be.

use serde_json::Value;

use super::cidr::{self, Cidr};
use super::ignore_case;
use super::range::Range;
use super::wildcard::Wildcard;

/// One entry of a field's array in a pattern.
#[derive(Clone, Debug)]
pub(super) enum Matcher {
    Equals(Value),
    /// A string that begins so.
    Prefix(String),
    /// A string that begins so, in capitals or not.
    PrefixIgnoringCase(String),
    /// A string that ends so.
    Suffix(String),
    /// A string that ends so, in capitals or not.
    SuffixIgnoringCase(String),
    /// This string, in capitals or not.
    EqualsIgnoringCase(String),
    /// A string of this shape.
    Wildcard(Wildcard),
    /// A value, of any type, that none of these matches.
    AnythingBut(Vec<Matcher>),
    /// A number in this range.
    Numeric(Range),
    /// A string that is an address in this block.
    Cidr(Cidr),
    /// Any value, also null.
    Exists,
    /// No value at all.
    Absent,
}

impl Matcher {
    /// Whether it matches `value`, which is no object and no array.
    pub(super) fn matches(&self, value: &Value) -> bool {
        match self {
            Self::Equals(wanted) => wanted == value || is_same_address(wanted, value),
            Self::Exists => true,
            Self::Absent => false,
            Self::AnythingBut(unwanted) => !unwanted.iter().any(|matcher| match matcher {
                Self::Equals(unwanted) => unwanted == value,
                matcher => matcher.matches(value),
            }),
            Self::Numeric(range) => value.as_f64().is_some_and(|number| range.contains(number)),
            text => value.as_str().is_some_and(|value| text.matches_text(value)),
        }
    }

    fn matches_text(&self, value: &str) -> bool {
        match self {
            Self::Prefix(prefix) => value.starts_with(prefix.as_str()),
            Self::PrefixIgnoringCase(prefix) => ignore_case::starts_with(value, prefix),
            Self::Suffix(suffix) => value.ends_with(suffix.as_str()),
            Self::SuffixIgnoringCase(suffix) => ignore_case::ends_with(value, suffix),
            Self::EqualsIgnoringCase(wanted) => ignore_case::equals(value, wanted),
            Self::Wildcard(wildcard) => wildcard.matches(value),
            Self::Cidr(cidr) => cidr.contains(value),
            _ => false,
        }
    }
}

fn is_same_address(wanted: &Value, value: &Value) -> bool {
    wanted.as_str().zip(value.as_str()).is_some_and(|(wanted, value)| cidr::is_same(wanted, value))
}
