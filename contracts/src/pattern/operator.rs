//! The entries of a field's array, and EventBridge's messages about invalid ones.
//!
//! The words are those of EventBridge's own compiler, wrong ones (`cidr` speaks of a prefix) included:
//! <https://github.com/aws/event-ruler>.

use serde_json::{Number, Value};

use super::InvalidPattern;
use super::cidr::Cidr;
use super::json::Json;
use super::matcher::Matcher;
use super::range::{self, Range};
use super::wildcard::Wildcard;

type Parsed<T> = Result<T, InvalidPattern>;

/// The matchers of a field's array.
pub(super) fn matchers(values: &[Json]) -> Parsed<Vec<Matcher>> {
    if values.is_empty() {
        return Err(InvalidPattern::new("Empty arrays are not allowed"));
    }
    let matcher = |(index, value)| matcher(value).map_err(|error| error.at(index));
    values.iter().enumerate().map(matcher).collect()
}

fn matcher(value: &Json) -> Parsed<Matcher> {
    match value {
        Json::Scalar(value) => Ok(Matcher::Equals(value.clone())),
        Json::Object(fields) => expression(fields),
        Json::Array(_) => Err(InvalidPattern::new("Match value must be String, number, true, false, or null")),
    }
}

fn expression(fields: &[(String, Json)]) -> Parsed<Matcher> {
    let Some((operator, operand)) = fields.first() else {
        return Err(InvalidPattern::new("Match expression name not found"));
    };
    let matcher = applied(operator, operand)?;
    if fields.len() > 1 {
        return Err(InvalidPattern::new(match operator.as_str() {
            "numeric" | "anything-but" => "Too many elements in numeric expression",
            _ => "Only one key allowed in match expression",
        }));
    }
    Ok(matcher)
}

fn applied(operator: &str, operand: &Json) -> Parsed<Matcher> {
    let parsed = match operator {
        // Not in AWS's guide, yet accepted: the long form of a plain string.
        "exactly" => text(operand, "exact match pattern must be a string").map(|text| Matcher::Equals(text.into())),
        "prefix" => affix(operand, &PREFIX),
        "suffix" => affix(operand, &SUFFIX),
        "equals-ignore-case" => {
            text(operand, "equals-ignore-case match pattern must be a string").map(Matcher::EqualsIgnoringCase)
        }
        "wildcard" => wildcard(operand),
        "cidr" => text(operand, "prefix match pattern must be a string")
            .and_then(|block| Cidr::parse(&block))
            .map(Matcher::Cidr),
        "numeric" => numeric(operand).map(Matcher::Numeric),
        "exists" => exists(operand),
        "anything-but" => anything_but(operand).map(Matcher::AnythingBut),
        unknown => return Err(InvalidPattern::new(format!("Unrecognized match type {unknown}"))),
    };
    parsed.map_err(|error| error.at(operator))
}

fn text(operand: &Json, otherwise: &str) -> Parsed<String> {
    match operand {
        Json::Scalar(Value::String(text)) => Ok(text.clone()),
        _ => Err(InvalidPattern::new(otherwise)),
    }
}

fn exists(operand: &Json) -> Parsed<Matcher> {
    match operand {
        Json::Scalar(Value::Bool(true)) => Ok(Matcher::Exists),
        Json::Scalar(Value::Bool(false)) => Ok(Matcher::Absent),
        _ => Err(InvalidPattern::new("exists match pattern must be either true or false.")),
    }
}

fn wildcard(operand: &Json) -> Parsed<Matcher> {
    let text = text(operand, "wildcard match pattern must be a string")?;
    Ok(Matcher::Wildcard(Wildcard::parse(&text)?))
}

/// The operator `prefix` or `suffix`, with and without `equals-ignore-case`.
struct Affix {
    name: &'static str,
    title: &'static str,
    plain: fn(String) -> Matcher,
    ignoring_case: fn(String) -> Matcher,
}

const PREFIX: Affix =
    Affix { name: "prefix", title: "Prefix", plain: Matcher::Prefix, ignoring_case: Matcher::PrefixIgnoringCase };

const SUFFIX: Affix =
    Affix { name: "suffix", title: "Suffix", plain: Matcher::Suffix, ignoring_case: Matcher::SuffixIgnoringCase };

fn affix(operand: &Json, affix: &Affix) -> Parsed<Matcher> {
    let Affix { name, title, .. } = affix;
    let Json::Object(fields) = operand else {
        return text(operand, &format!("{name} match pattern must be a string")).map(affix.plain);
    };
    match fields.as_slice() {
        [] => Err(InvalidPattern::new(format!("{title} expression name not found"))),
        [(inner, operand)] if inner == "equals-ignore-case" => {
            text(operand, "equals-ignore-case match pattern must be a string").map(affix.ignoring_case)
        }
        [(inner, _)] => Err(InvalidPattern::new(format!("Unsupported {name} pattern: {inner}"))),
        _ => Err(InvalidPattern::new("Only one key allowed in match expression")),
    }
}

const NEITHER_LIST_NOR_VALUE: &str = "Value of anything-but must be an array or single string/number value.";

fn anything_but(operand: &Json) -> Parsed<Vec<Matcher>> {
    match operand {
        Json::Scalar(value @ Value::String(_)) => Ok(vec![Matcher::Equals(value.clone())]),
        Json::Scalar(Value::Number(number)) => {
            range::threshold(number)?;
            Ok(vec![Matcher::Equals(number.clone().into())])
        }
        Json::Scalar(_) => Err(InvalidPattern::new(NEITHER_LIST_NOR_VALUE)),
        Json::Array(values) => anything_but_values(values),
        Json::Object(fields) => match fields.as_slice() {
            [] => Err(InvalidPattern::new("Anything-But expression name not found")),
            [(inner, operand)] => anything_but_expression(inner, operand).map_err(|error| error.at(inner.as_str())),
            _ => Err(InvalidPattern::new("Only one key allowed in match expression")),
        },
    }
}

fn anything_but_values(values: &[Json]) -> Parsed<Vec<Matcher>> {
    let mut unwanted = Vec::new();
    for value in values {
        let Json::Scalar(value @ (Value::String(_) | Value::Number(_))) = value else {
            return Err(InvalidPattern::new("Inside anything but list, start|null|boolean is not supported."));
        };
        unwanted.push(value);
    }
    let numbers: Vec<&Number> = unwanted.iter().filter_map(|value| value.as_number()).collect();
    if unwanted.is_empty() || (!numbers.is_empty() && numbers.len() < unwanted.len()) {
        return Err(InvalidPattern::new(
            "Inside anything but list, either all values are number or string, mixed type is not supported",
        ));
    }
    for number in numbers {
        range::threshold(number)?;
    }
    Ok(unwanted.into_iter().cloned().map(Matcher::Equals).collect())
}

fn anything_but_expression(operator: &str, operand: &Json) -> Parsed<Vec<Matcher>> {
    let single: fn(&Json) -> Parsed<Matcher> = match operator {
        "prefix" => |operand| unwanted_affix(operand).map(Matcher::Prefix),
        "suffix" => |operand| unwanted_affix(operand).map(Matcher::Suffix),
        "wildcard" => wildcard,
        "equals-ignore-case" => |operand| {
            let reason = "Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported.";
            text(operand, reason).map(Matcher::EqualsIgnoringCase)
        },
        other => return Err(InvalidPattern::new(format!("Unsupported anything-but pattern: {other}"))),
    };
    match operand {
        Json::Array(operands) if operands.is_empty() => Err(InvalidPattern::new("Empty arrays are not allowed")),
        Json::Array(operands) => {
            let unwanted = |(index, operand)| single(operand).map_err(|error| error.at(index));
            operands.iter().enumerate().map(unwanted).collect()
        }
        Json::Scalar(Value::Null | Value::Bool(_)) => Err(InvalidPattern::new(NEITHER_LIST_NOR_VALUE)),
        operand => Ok(vec![single(operand)?]),
    }
}

fn unwanted_affix(operand: &Json) -> Parsed<String> {
    let affix = text(operand, "prefix/suffix match pattern must be a string")?;
    if affix.is_empty() {
        return Err(InvalidPattern::new("Null prefix/suffix not allowed"));
    }
    Ok(affix)
}

fn numeric(operand: &Json) -> Parsed<Range> {
    match operand {
        Json::Array(terms) => Range::parse(terms),
        _ => Err(InvalidPattern::new("Value of numeric must be an array.")),
    }
}
