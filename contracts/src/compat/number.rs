//! Numbers, exactly: as fractions of whole numbers, never as floating point.

use std::collections::BTreeSet;

use num::{BigInt, BigRational, Integer, One, Signed, ToPrimitive, Zero};
use serde_json::{Number, Value};

use super::{Leaf, Rng, work};

pub(super) type Rational = BigRational;

/// From here on a double holds whole numbers alone, and is read as the one it holds.
const WHOLE: f64 = 9_007_199_254_740_992.0;

/// The most candidates that are looked at.
const CANDIDATES: usize = 3_000;

/// What one division of fractions costs, in steps of the work that a question may take.
const STEPS_PER_DIVISION: u64 = 4;

/// The most candidates between the bounds that cannot be written as a JSON number.
const INEXPRESSIBLE: usize = 64;

/// The exact value of a JSON number: a double has the decimal value that it is written as.
pub(super) fn exact(number: &Number) -> Option<Rational> {
    if let Some(integer) = number.as_i64() {
        return Some(whole(integer.into()));
    }
    if let Some(integer) = number.as_u64() {
        return Some(whole(integer.into()));
    }
    let double = number.as_f64()?;
    if double.abs() < WHOLE { decimal(&number.to_string()) } else { Rational::from_float(double) }
}

/// The largest exponent of ten that is written out: those of doubles and of their digits are smaller.
const EXPONENT: u32 = 2_000;

/// The number that a JSON text spells.
pub(super) fn decimal(text: &str) -> Option<Rational> {
    let (digits, exponent) = match text.split_once(['e', 'E']) {
        Some((digits, exponent)) => (digits, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (whole_digits, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let mantissa: BigInt = format!("{whole_digits}{fraction}").parse().ok()?;
    let places = exponent.checked_sub(i32::try_from(fraction.len()).ok()?)?;
    let size = Some(places.unsigned_abs()).filter(|&size| size <= EXPONENT)?;
    let scale = num::pow(BigInt::from(10), usize::try_from(size).ok()?);
    Some(if places < 0 { Rational::new(mantissa, scale) } else { whole(mantissa * scale) })
}

fn whole(integer: BigInt) -> Rational {
    Rational::from_integer(integer)
}

/// The JSON number of exactly this value, if there is one.
pub(super) fn to_json(number: &Rational) -> Option<Value> {
    if number.is_integer() {
        let integer = number.to_integer();
        if let Some(small) = integer.to_i64() {
            return Some(small.into());
        }
        if let Some(large) = integer.to_u64() {
            return Some(large.into());
        }
    }
    let written = Number::from_f64(number.to_f64()?)?;
    (exact(&written).as_ref() == Some(number)).then_some(Value::Number(written))
}

/// The next whole number as a count, or the end of counts.
pub(super) fn saturated(number: &Rational) -> u64 {
    number.ceil().to_integer().to_u64().unwrap_or(if number.is_negative() { 0 } else { u64::MAX })
}

/// Whether two values are one to JSON Schema, to which `1` and `1.0` are the same.
pub(super) fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => {
            one == other || ((one.is_f64() || other.is_f64()) && exact(one) == exact(other))
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(key, value)| other.get(key).is_some_and(|found| same(value, found)))
        }
        _ => one == other,
    }
}

/// A text that is the same for exactly those values that are the [`same`].
pub(super) fn canonical(value: &Value) -> String {
    match value {
        Value::Number(number) if number.is_f64() => {
            exact(number).map_or_else(|| number.to_string(), |exact| exact.to_string())
        }
        Value::Array(items) => format!("[{}]", items.iter().map(canonical).collect::<Vec<_>>().join(",")),
        Value::Object(map) => {
            let mut entries: Vec<_> =
                map.iter().map(|(key, value)| format!("{}:{}", Value::from(key.as_str()), canonical(value))).collect();
            entries.sort_unstable();
            format!("{{{}}}", entries.join(","))
        }
        other => other.to_string(),
    }
}

/// Whether `number` is a whole multiple of `step`.
pub(super) fn is_multiple(number: &Rational, step: &Rational) -> bool {
    (number / step).is_integer()
}

/// An end of an interval.
#[derive(Clone, Debug)]
pub(super) struct End {
    at: Rational,
    included: bool,
}

/// What is known of a number.
#[derive(Clone, Debug, Default)]
pub(super) struct Facts {
    low: Option<End>,
    high: Option<End>,
    steps: Vec<Rational>,
    not_steps: Vec<Rational>,
    excluded: BTreeSet<Rational>,
}

/// One thing that is known of a number.
#[derive(Clone, Debug)]
pub(super) enum Fact {
    AtLeast(Rational),
    AtMost(Rational),
    Above(Rational),
    Below(Rational),
    Multiple(Rational),
    NotMultiple(Rational),
    Not(Rational),
}

impl Fact {
    pub(super) fn integer() -> Self {
        Self::Multiple(Rational::one())
    }

    pub(super) fn not_integer() -> Self {
        Self::NotMultiple(Rational::one())
    }
}

impl Facts {
    pub(super) fn learn(&mut self, fact: &Fact) {
        match fact.clone() {
            Fact::AtLeast(at) => self.raise(End { at, included: true }),
            Fact::Above(at) => self.raise(End { at, included: false }),
            Fact::AtMost(at) => self.lower(End { at, included: true }),
            Fact::Below(at) => self.lower(End { at, included: false }),
            Fact::Multiple(step) => self.steps.push(step),
            Fact::NotMultiple(step) => self.not_steps.push(step),
            Fact::Not(value) => {
                self.excluded.insert(value);
            }
        }
    }

    fn raise(&mut self, end: End) {
        let tighter = |low: &End| end.at > low.at || (end.at == low.at && !end.included);
        if self.low.as_ref().is_none_or(tighter) {
            self.low = Some(end);
        }
    }

    fn lower(&mut self, end: End) {
        let tighter = |high: &End| end.at < high.at || (end.at == high.at && !end.included);
        if self.high.as_ref().is_none_or(tighter) {
            self.high = Some(end);
        }
    }

    /// A number of which all this is true, or that there is none.
    pub(super) fn solve(&self, rng: Option<&mut Rng>) -> Leaf {
        let (candidates, complete) = if self.steps.is_empty() { self.dense() } else { self.lattice() };
        let wanted = if rng.is_some() { 12 } else { 1 };
        let effort = STEPS_PER_DIVISION * (1 + self.steps.len() + self.not_steps.len()) as u64;
        let fitting = candidates.take_while(|_| work::spend(effort)).filter(|candidate| self.admits(candidate));
        let mut inexpressible = 0;
        let mut found: Vec<Value> = Vec::new();
        for candidate in fitting {
            match to_json(&candidate) {
                Some(value) => found.push(value),
                None => inexpressible += 1,
            }
            if found.len() == wanted || inexpressible == INEXPRESSIBLE {
                break;
            }
        }
        if found.is_empty() {
            found.extend(self.doubles().filter(|double| self.admits(double)).find_map(|double| to_json(&double)));
        }
        match rng {
            Some(rng) if !found.is_empty() => Leaf::Found(found.swap_remove(rng.below(found.len()))),
            _ if !found.is_empty() => Leaf::Found(found.swap_remove(0)),
            _ if complete && inexpressible == 0 && !work::is_spent() => Leaf::Empty,
            _ => Leaf::Unknown("no number was found between the bounds, and none is proved absent".into()),
        }
    }

    fn admits(&self, number: &Rational) -> bool {
        self.low.as_ref().is_none_or(|low| *number > low.at || (low.included && *number == low.at))
            && self.high.as_ref().is_none_or(|high| *number < high.at || (high.included && *number == high.at))
            && self.steps.iter().all(|step| is_multiple(number, step))
            && !self.not_steps.iter().any(|step| is_multiple(number, step))
            && !self.excluded.contains(number)
    }

    /// Candidates among the common multiples of all steps, and whether they are all there are.
    fn lattice(&self) -> (Candidates<'_>, bool) {
        let common = self.steps.iter().cloned().reduce(|one, other| least_common_multiple(&one, &other));
        let step = common.unwrap_or_else(Rational::one);
        if self.not_steps.iter().any(|not| is_multiple(&step, not)) {
            return (Box::new(std::iter::empty()), true);
        }
        let first = self.low.as_ref().map(|low| {
            let index = (&low.at / &step).ceil();
            if !low.included && &index * &step == low.at { index + Rational::one() } else { index }
        });
        let last = self.high.as_ref().map(|high| {
            let index = (&high.at / &step).floor();
            if !high.included && &index * &step == high.at { index - Rational::one() } else { index }
        });
        let limit = CANDIDATES + self.excluded.len();
        let complete = match (&first, &last) {
            (Some(first), Some(last)) => (last - first).to_integer() < BigInt::from(limit),
            _ => false,
        };
        (Box::new(indices(first, last, limit).map(move |index| index * &step)), complete)
    }

    /// Candidates of an interval without steps, and whether they are all there are.
    fn dense(&self) -> (Candidates<'_>, bool) {
        match (&self.low, &self.high) {
            (Some(low), Some(high)) if low.at > high.at => (Box::new(std::iter::empty()), true),
            (Some(low), Some(high)) if low.at == high.at => (Box::new(std::iter::once(low.at.clone())), true),
            _ => (self.spread(), false),
        }
    }

    /// Doubles near the ends and near what must not divide, for ends that whole numbers do not reach.
    fn doubles(&self) -> impl Iterator<Item = Rational> {
        let low = self.low.iter().filter_map(|low| low.at.to_f64());
        let high = self.high.iter().filter_map(|high| high.at.to_f64());
        let parts = self.not_steps.iter().filter_map(|step| (step / whole(2.into())).to_f64());
        let near = low.flat_map(|low| [low, low.next_up(), low * 2.0, low * 1e10]);
        let near = near.chain(high.flat_map(|high| [high, high.next_down(), high / 2.0])).chain(parts);
        near.filter_map(Number::from_f64).filter_map(|number| exact(&number))
    }

    /// Numbers with few digits first: whole numbers, then finer decimals, then the ends.
    fn spread(&self) -> Candidates<'_> {
        let several = 2 + self.excluded.len().min(CANDIDATES);
        let decimals = (0..=18_usize).flat_map(move |places| {
            let scale = whole(num::pow(BigInt::from(10), places));
            let first = self.low.as_ref().map(|low| (&low.at * &scale).ceil());
            let last = self.high.as_ref().map(|high| (&high.at * &scale).floor());
            indices(first, last, several).map(move |index| index / &scale)
        });
        let ends = [&self.low, &self.high].into_iter().flatten().map(|end| end.at.clone());
        Box::new(decimals.chain(ends))
    }
}

/// Numbers, made when they are asked for.
type Candidates<'a> = Box<dyn Iterator<Item = Rational> + 'a>;

/// Up to `limit` whole numbers from `first` to `last`: from the closed end inwards, both ends early.
fn indices<'a>(first: Option<Rational>, last: Option<Rational>, limit: usize) -> Candidates<'a> {
    let one = Rational::one();
    match (first, last) {
        (None, None) => {
            let up = std::iter::successors(Some(Rational::zero()), |index| Some(index + Rational::one()));
            Box::new(up.take(limit).flat_map(|index| [-index.clone() - Rational::one(), index].into_iter().rev()))
        }
        (Some(first), None) => {
            Box::new(std::iter::successors(Some(first), move |index| Some(index + &one)).take(limit))
        }
        (None, Some(last)) => Box::new(std::iter::successors(Some(last), move |index| Some(index - &one)).take(limit)),
        (Some(first), Some(last)) if first > last => Box::new(std::iter::empty()),
        (Some(first), Some(last)) => {
            let second = (first < last).then(|| last.clone());
            let between = std::iter::successors(Some(&first + &one), move |index| Some(index + &one));
            let between = between.take_while(move |index| *index < last).take(limit);
            Box::new(std::iter::once(first).chain(second).chain(between))
        }
    }
}

fn least_common_multiple(one: &Rational, other: &Rational) -> Rational {
    Rational::new(one.numer().lcm(other.numer()), one.denom().gcd(other.denom()))
}
