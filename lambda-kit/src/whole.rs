//! Whole numbers in JSON as schemas mean them: `3.0` is one.

use serde::de::Error;
use serde::{Deserialize, Deserializer};

/// Beyond it a floating point number may stand for several whole ones.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// A whole number, written with or without a fraction of zero.
///
/// JSON Schema's `integer` is both: <https://json-schema.org/draft/2020-12/json-schema-core#section-4.2.3>.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Whole(pub i64);

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = serde_json::Number::deserialize(deserializer)?;
        let whole = number.as_i64().or_else(|| number.as_f64().and_then(exact));
        whole.map(Self).ok_or_else(|| D::Error::custom(format!("expected a whole number, this is {number}")))
    }
}

#[expect(clippy::cast_possible_truncation, reason = "looked at before: it has no fraction and fits")]
fn exact(number: f64) -> Option<i64> {
    (number.fract() == 0.0 && number.abs() <= EXACT).then_some(number as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Option<i64> {
        serde_json::from_str::<Whole>(json).ok().map(|whole| whole.0)
    }

    #[test]
    fn a_fraction_of_zero_is_none() {
        for (json, whole) in
            [("3", 3), ("3.0", 3), ("-3.0", -3), ("3e2", 300), ("9007199254740991", 9_007_199_254_740_991)]
        {
            assert_eq!(read(json), Some(whole), "{json}");
        }
    }

    #[test]
    fn what_is_not_whole_or_not_exact_is_refused() {
        for json in ["3.5", "1e300", "18446744073709551615", "\"3\"", "null", "true"] {
            assert_eq!(read(json), None, "{json}");
        }
    }
}
