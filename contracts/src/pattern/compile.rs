//! A pattern's fields, with every `$or` spread into alternatives.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::InvalidPattern;
use super::dots;
use super::json::Json;
use super::matcher::Matcher;
use super::operator;

const OR: &str = "$or";

/// `$or` may spread a pattern into this many alternatives.
///
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html>
const MAX_COMBINATIONS: usize = 1000;

/// With one of these as a field, an `$or` is no operator but the name of a field.
///
/// <https://github.com/aws/event-ruler#the-or-primitive>
const RESERVED: [&str; 24] = [
    "exactly",
    "prefix",
    "suffix",
    "equals-ignore-case",
    "wildcard",
    "anything-but",
    "numeric",
    "exists",
    "cidr",
    "=",
    "<",
    "<=",
    ">",
    ">=",
    "regex",
    "not-wildcard",
    "not-equals-ignore-case",
    "date-after",
    "date-on-or-after",
    "date-before",
    "date-on-or-before",
    "in-date-range",
    "ip-address-in-range",
    "ip-address-not-in-range",
];

/// What an event must have at one path. A path can be both: an array may hold values and objects.
#[derive(Clone, Debug, Default)]
pub(super) struct Field {
    /// Any of these must match a value there.
    pub(super) matchers: Option<Arc<[Matcher]>>,
    /// All of these must match one and the same object there.
    pub(super) fields: Vec<(String, Field)>,
}

impl Field {
    /// Whether `value`, or when it is an array any of its elements, is as the field wants it.
    pub(super) fn matches(&self, value: Option<&Value>) -> bool {
        self.matchers.as_ref().is_none_or(|matchers| leaf_matches(matchers, value))
            && (self.fields.is_empty() || self.object_matches(value))
    }

    /// Two fields of one object are never met by two elements of an array.
    ///
    /// <https://github.com/aws/event-ruler#json-array-matching>
    fn object_matches(&self, value: Option<&Value>) -> bool {
        let mut is_object = false;
        let found = any_element(value, &mut |element| {
            element.as_object().is_some_and(|object| {
                is_object = true;
                self.fields_match(Some(object))
            })
        });
        found || (!is_object && self.fields_match(None))
    }

    fn fields_match(&self, object: Option<&Map<String, Value>>) -> bool {
        let object = object.map(dots::fields);
        self.fields.iter().all(|(name, field)| field.matches(object.as_ref().and_then(|object| object.get(name))))
    }

    fn descend(&mut self, path: &[String]) -> &mut Self {
        let Some((name, rest)) = path.split_first() else { return self };
        let index = self.fields.iter().position(|(known, _)| known == name).unwrap_or_else(|| {
            self.fields.push((name.clone(), Self::default()));
            self.fields.len() - 1
        });
        self.fields[index].1.descend(rest)
    }
}

/// Whether any of `matchers` matches any value there. What is no value (an object, an empty array) is not there.
pub(super) fn leaf_matches(matchers: &[Matcher], value: Option<&Value>) -> bool {
    let mut is_there = false;
    let found = any_element(value, &mut |element| {
        is_there |= !element.is_object();
        !element.is_object() && matchers.iter().any(|matcher| matcher.matches(element))
    });
    found || (!is_there && matchers.iter().any(|matcher| matches!(matcher, Matcher::Absent)))
}

fn any_element(value: Option<&Value>, test: &mut impl FnMut(&Value) -> bool) -> bool {
    match value {
        None => false,
        Some(Value::Array(elements)) => elements.iter().any(|element| any_element(Some(element), test)),
        Some(value) => test(value),
    }
}

/// The alternatives that a pattern stands for.
///
/// A field that is constrained both in a branch and beside the `$or` keeps the constraint that comes last in the text,
/// as EventBridge "only uses the last one".
pub(super) fn alternatives(pattern: &Json) -> Result<Vec<Field>, InvalidPattern> {
    if combinations(pattern) > MAX_COMBINATIONS {
        return Err(InvalidPattern::new(format!(
            "Event pattern contains more than {MAX_COMBINATIONS} rule combinations"
        )));
    }
    let spread = compiled(pattern, Place::Field);
    // What is wrong with a `$or` is right when `$or` is read as a field's name.
    spread.or_else(|error| compiled(pattern, Place::Plain).map_err(|_| error))
}

/// How many alternatives EventBridge counts: the lengths of all `$or` arrays, multiplied.
fn combinations(pattern: &Json) -> usize {
    let Json::Object(fields) = pattern else { return 1 };
    fields.iter().fold(1_usize, |product, (name, value)| {
        product.saturating_mul(match value {
            Json::Array(branches) if name == OR => {
                branches.iter().map(combinations).fold(branches.len().max(1), usize::saturating_mul)
            }
            value => combinations(value),
        })
    })
}

/// What a field's name may be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Any name; `$or` is the operator.
    Field,
    /// In a branch of `$or`: some names are reserved.
    Branch,
    /// Any name, and `$or` is one.
    Plain,
}

fn compiled(pattern: &Json, place: Place) -> Result<Vec<Field>, InvalidPattern> {
    let mut alternatives = vec![Field::default()];
    compile_object(&mut alternatives, &mut Vec::new(), pattern, place)?;
    Ok(alternatives)
}

fn compile_object(
    alternatives: &mut Vec<Field>,
    path: &mut Vec<String>,
    object: &Json,
    place: Place,
) -> Result<(), InvalidPattern> {
    let Json::Object(fields) = object else { return Err(InvalidPattern::new("Filter is not an object")) };
    if fields.is_empty() {
        return Err(InvalidPattern::new("Empty objects are not allowed"));
    }
    for (name, value) in fields {
        let depth = path.len();
        compile_field(alternatives, path, name, value, place).map_err(|error| error.at(name.as_str()))?;
        path.truncate(depth);
    }
    Ok(())
}

fn compile_field(
    alternatives: &mut Vec<Field>,
    path: &mut Vec<String>,
    name: &str,
    value: &Json,
    place: Place,
) -> Result<(), InvalidPattern> {
    if name == OR && place != Place::Plain {
        return compile_or(alternatives, path, value);
    }
    if place == Place::Branch && RESERVED.contains(&name) {
        return Err(InvalidPattern::new(format!(
            "{name} is Ruler reserved fieldName which cannot be used inside $or."
        )));
    }
    path.extend(name.split('.').map(str::to_owned));
    match value {
        Json::Object(_) => compile_object(alternatives, path, value, place),
        Json::Array(values) => {
            let matchers: Arc<[Matcher]> = operator::matchers(values)?.into();
            for alternative in alternatives {
                alternative.descend(path).matchers = Some(Arc::clone(&matchers));
            }
            Ok(())
        }
        Json::Scalar(_) => Err(InvalidPattern::new(format!("\"{name}\" must be an object or an array"))),
    }
}

fn compile_or(alternatives: &mut Vec<Field>, path: &mut Vec<String>, branches: &Json) -> Result<(), InvalidPattern> {
    let Json::Array(branches) = branches else {
        return Err(InvalidPattern::new("It must be an Array followed with $or."));
    };
    let before = std::mem::take(alternatives);
    for (index, branch) in branches.iter().enumerate() {
        if !matches!(branch, Json::Object(_)) {
            let reason = "Only JSON object is allowed in array of $or relationship.";
            return Err(InvalidPattern::new(reason).at(index));
        }
        let mut with_branch = before.clone();
        compile_object(&mut with_branch, path, branch, Place::Branch).map_err(|error| error.at(index))?;
        alternatives.append(&mut with_branch);
    }
    if branches.len() < 2 {
        return Err(InvalidPattern::new("There must have at least 2 Objects in $or relationship."));
    }
    Ok(())
}
