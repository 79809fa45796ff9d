//! Numeric ranges.
//!
//! "Numeric matching works with values that are JSON numbers. It is limited to values between -5.0e9 and +5.0e9
//! inclusive, with 15 digits of precision, or six digits to the right of the decimal point."
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html#filtering-numeric-matching>

use std::ops::{Bound, RangeBounds};

use serde_json::{Number, Value};

use super::InvalidPattern;
use super::json::Json;

const LIMIT: f64 = 5e9;
const MILLIONTHS: f64 = 1e6;

/// The numbers between two bounds.
#[derive(Clone, Debug)]
pub(super) struct Range {
    /// In millionths, because EventBridge compares numbers with six digits after the point.
    lowest: Bound<i64>,
    highest: Bound<i64>,
}

impl Range {
    /// Reads `["<", 10]`, `[">", 0, "<=", 5]` and their like.
    pub(super) fn parse(terms: &[Json]) -> Result<Self, InvalidPattern> {
        let Some(Json::Scalar(Value::String(operator))) = terms.first() else {
            let token = terms.first().map_or_else(|| "]".to_owned(), Json::token);
            return Err(InvalidPattern::new(format!("Invalid member in numeric match: {token}")));
        };
        let single = |range| match terms.get(2) {
            None => Ok(range),
            Some(_) => Err(InvalidPattern::new("Too many elements in numeric expression")),
        };
        let value = || operand(operator, terms.get(1));
        let unbounded = Bound::Unbounded;
        match operator.as_str() {
            "=" => value()
                .and_then(|value| single(Self { lowest: Bound::Included(value), highest: Bound::Included(value) })),
            "<" => value().and_then(|top| single(Self { lowest: unbounded, highest: Bound::Excluded(top) })),
            "<=" => value().and_then(|top| single(Self { lowest: unbounded, highest: Bound::Included(top) })),
            ">" => Self::above(Bound::Excluded(value()?), terms),
            ">=" => Self::above(Bound::Included(value()?), terms),
            other => Err(InvalidPattern::new(format!("Unrecognized numeric range operator: {other}"))),
        }
    }

    fn above(lowest: Bound<i64>, terms: &[Json]) -> Result<Self, InvalidPattern> {
        let operator = match terms.get(2) {
            None => return Ok(Self { lowest, highest: Bound::Unbounded }),
            Some(_) if terms.len() > 4 => {
                return Err(InvalidPattern::new("Too many terms in numeric range expression"));
            }
            Some(Json::Scalar(Value::String(operator))) => operator,
            Some(other) => {
                return Err(InvalidPattern::new(format!("Bad value in numeric range: {}", other.token())));
            }
        };
        let highest: fn(i64) -> Bound<i64> = match operator.as_str() {
            "<" => Bound::Excluded,
            "<=" => Bound::Included,
            other => return Err(InvalidPattern::new(format!("Bad numeric range operator: {other}"))),
        };
        let top = operand(operator, terms.get(3))?;
        match lowest {
            Bound::Included(bottom) | Bound::Excluded(bottom) if bottom >= top => {
                Err(InvalidPattern::new("Bottom must be less than top"))
            }
            lowest => Ok(Self { lowest, highest: highest(top) }),
        }
    }

    /// Whether `number` is in the range; one beyond EventBridge's limits is in none.
    pub(super) fn contains(&self, number: f64) -> bool {
        millionths(number).is_some_and(|number| (self.lowest, self.highest).contains(&number))
    }

    /// Numbers at and beside the bounds, some of which are in the range.
    pub(super) fn near(&self) -> Vec<f64> {
        let bound = |bound| match bound {
            Bound::Included(millionths) | Bound::Excluded(millionths) => Some(as_number(millionths)),
            Bound::Unbounded => None,
        };
        let (lowest, highest) = (bound(self.lowest), bound(self.highest));
        let middle = lowest.zip(highest).map(|(lowest, highest)| f64::midpoint(lowest, highest));
        let around = |bound: f64| [bound, bound.floor() + 1.0, bound.ceil() - 1.0, bound + 1e-6, bound - 1e-6];
        lowest.into_iter().chain(highest).flat_map(around).chain(middle.map(f64::floor)).chain(middle).collect()
    }
}

/// Whether `number` is one that EventBridge compares, in millionths.
pub(super) fn threshold(number: &Number) -> Result<i64, InvalidPattern> {
    number
        .as_f64()
        .and_then(millionths)
        .ok_or_else(|| InvalidPattern::new("Value must be between -5.0E9 and 5.0E9, inclusive"))
}

fn operand(operator: &str, value: Option<&Json>) -> Result<i64, InvalidPattern> {
    let Some(Json::Scalar(Value::Number(number))) = value else {
        let name = if operator == "=" { "equals" } else { operator };
        return Err(InvalidPattern::new(format!("Value of {name} must be numeric")));
    };
    threshold(number)
}

fn millionths(number: f64) -> Option<i64> {
    #[expect(clippy::cast_possible_truncation, reason = "5e9 in millionths is far below 2^63")]
    (number.abs() <= LIMIT).then(|| (number * MILLIONTHS).round() as i64)
}

fn as_number(millionths: i64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "5e9 in millionths is below 2^53")]
    let number = millionths as f64;
    number / MILLIONTHS
}
