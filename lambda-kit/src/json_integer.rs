//! JSON numbers with JSON Schema's meaning of `integer`: `3.0` is an integer.

use serde::de::Error;
use serde::{Deserialize, Deserializer};

/// Above this, several integers have the same floating point number.
const MAX_EXACT: f64 = 9_007_199_254_740_992.0;

/// An integer that JSON may write with a fraction of zero.
///
/// Source: <https://json-schema.org/draft/2020-12/json-schema-core#section-4.2.3>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JsonInteger(pub i64);

impl<'de> Deserialize<'de> for JsonInteger {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = serde_json::Number::deserialize(deserializer)?;
        let integer = number.as_i64().or_else(|| number.as_f64().and_then(exact_integer));
        integer.map(Self).ok_or_else(|| D::Error::custom(format!("expected a whole number, this is {number}")))
    }
}

#[expect(clippy::cast_possible_truncation, reason = "checked before: it has no fraction and fits")]
fn exact_integer(number: f64) -> Option<i64> {
    (number.fract() == 0.0 && number.abs() <= MAX_EXACT).then_some(number as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Option<i64> {
        serde_json::from_str::<JsonInteger>(json).ok().map(|integer| integer.0)
    }

    #[test]
    fn integers_may_have_a_fraction_of_zero() {
        for (json, integer) in
            [("3", 3), ("3.0", 3), ("-3.0", -3), ("3e2", 300), ("9007199254740991", 9_007_199_254_740_991)]
        {
            assert_eq!(read(json), Some(integer), "{json}");
        }
    }

    #[test]
    fn fractions_inexact_numbers_and_other_types_are_refused() {
        for json in ["3.5", "1e300", "18446744073709551615", "\"3\"", "null", "true"] {
            assert_eq!(read(json), None, "{json}");
        }
    }
}
