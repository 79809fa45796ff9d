//! JSON text, of which nothing may get lost on the way to a [`Value`].

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Number, Value};

use super::number;

/// Why a text is not read.
#[derive(Debug, thiserror::Error)]
#[error("line {line}, column {column}: {reason}")]
pub(crate) struct InvalidText {
    /// The line, from 1.
    pub(crate) line: usize,
    /// The column in bytes, from 1.
    pub(crate) column: usize,
    /// The problem at this place.
    pub(crate) reason: String,
}

/// Reads JSON in which no key is given twice and each number is held exactly.
pub(crate) fn read(text: &str) -> Result<Value, InvalidText> {
    if text.starts_with('\u{feff}') {
        let reason = "it begins with a byte order mark: save it as UTF-8 without one".into();
        return Err(InvalidText { line: 1, column: 1, reason });
    }
    let Whole(document) = serde_json::from_str(text).map_err(|error| {
        let said = error.to_string();
        let reason = said.rsplit_once(" at line ").map_or(said.as_str(), |(reason, _)| reason).to_owned();
        InvalidText { line: error.line(), column: error.column(), reason }
    })?;
    check_numbers(text)?;
    Ok(document)
}

/// Refuses JSON with a number that is not held exactly.
pub(crate) fn check_numbers(text: &str) -> Result<(), InvalidText> {
    let Some((at, literal)) = numbers(text).find(|(_, literal)| !is_kept(literal)) else { return Ok(()) };
    let before = &text[..at];
    let line = before.matches('\n').count() + 1;
    let column = at - before.rfind('\n').map_or(0, |end| end + 1) + 1;
    let reason = format!(
        "the number {literal} does not fit into a 64-bit integer or a double, in which readers hold numbers: give one \
         that both sides can hold"
    );
    Err(InvalidText { line, column, reason })
}

/// The numbers of a text that is JSON, each with its offset in bytes.
fn numbers(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let bytes = text.as_bytes();
        while at < bytes.len() {
            let start = at;
            match bytes[at] {
                b'"' => at = end_of_string(bytes, at),
                b'-' | b'0'..=b'9' => {
                    let rest = &text[start..];
                    let length =
                        rest.find(|character: char| !matches!(character, '0'..='9' | '+' | '-' | '.' | 'e' | 'E'));
                    at = length.map_or(text.len(), |length| start + length);
                    return Some((start, &text[start..at]));
                }
                _ => at += 1,
            }
        }
        None
    })
}

fn end_of_string(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    at
}

/// Whether the parsed number has the value of the text.
///
/// A large double is the whole number that it holds; with a fraction or an exponent it is also
/// the value of its shortest spelling, because every parser reads that as this double.
fn is_kept(literal: &str) -> bool {
    let (Ok(parsed), Some(written)) = (literal.parse::<Number>(), number::decimal(literal)) else { return false };
    let spelled_as_double = literal.contains(['.', 'e', 'E']);
    number::exact(&parsed).as_ref() == Some(&written)
        || (spelled_as_double && number::decimal(&parsed.to_string()).as_ref() == Some(&written))
}

/// A value without duplicate keys in its objects.
struct Whole(Value);

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WholeVisitor).map(Self)
    }
}

struct WholeVisitor;

impl<'de> Visitor<'de> for WholeVisitor {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Whole(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            if map.contains_key(&key) {
                return Err(A::Error::custom(format!("the key {key:?} is given twice in one object")));
            }
            let Whole(value) = entries.next_value()?;
            map.insert(key, value);
        }
        Ok(map.into())
    }
}
