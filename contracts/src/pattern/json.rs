//! A pattern's JSON, which keeps what `serde_json::Value` need not: the order of fields, on which `$or` depends.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::InvalidPattern;

/// Deeper patterns are refused, so that no text can exhaust the stack. No limit of AWS's: they document none.
const MAX_DEPTH: usize = 100;

#[derive(Debug)]
pub(super) enum Json {
    /// A string, number, boolean or null.
    Scalar(Value),
    Array(Vec<Json>),
    /// An object, in the order of the text; of fields of the same name the last alone.
    Object(Vec<(String, Json)>),
}

impl Json {
    pub(super) fn parse(text: &str) -> Result<Self, InvalidPattern> {
        if text.trim().is_empty() {
            return Err(InvalidPattern::new("Filter is not an object"));
        }
        let json: Self =
            serde_json::from_str(text).map_err(|error| InvalidPattern::new(format!("Invalid JSON: {error}")))?;
        if json.depth() > MAX_DEPTH {
            return Err(InvalidPattern::new("Event pattern is nested too deeply"));
        }
        Ok(json)
    }

    fn depth(&self) -> usize {
        match self {
            Self::Scalar(_) => 0,
            Self::Array(items) => 1 + items.iter().map(Self::depth).max().unwrap_or_default(),
            Self::Object(fields) => 1 + fields.iter().map(|(_, value)| value.depth()).max().unwrap_or_default(),
        }
    }

    /// How EventBridge's reasons name it: by its text, or by the bracket that it begins with.
    pub(super) fn token(&self) -> String {
        match self {
            Self::Scalar(value) => value.to_string(),
            Self::Array(_) => "[".into(),
            Self::Object(_) => "{".into(),
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Json;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Json, E> {
        Ok(Json::Scalar(Value::Null))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Scalar(value.into()))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Scalar(value.into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Scalar(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Json, E> {
        Ok(Json::Scalar(value.into()))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Json, E> {
        Ok(Json::Scalar(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element()? {
            array.push(item);
        }
        Ok(Json::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Json, A::Error> {
        let mut fields: Vec<(String, Json)> = Vec::new();
        while let Some((name, value)) = entries.next_entry::<String, Json>()? {
            match fields.iter_mut().find(|(known, _)| *known == name) {
                Some((_, former)) => *former = value,
                None => fields.push((name, value)),
            }
        }
        Ok(Json::Object(fields))
    }
}
