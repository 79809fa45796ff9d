//! Why a reader refuses an event, in words, and where.

use jsonschema::{
    ValidationError,
    error::{TypeKind, ValidationErrorKind as Kind},
    paths::Location,
};
use serde_json::Value;

use super::{
    Schema,
    parse::{escape, resolve},
};

/// How many references and alternatives a walk through a schema passes.
const DEPTH: usize = 40;

/// The pointer and the reason of the reader's refusal. `places` are the documents to point into, preferred first.
pub(super) fn explain(writer: &Schema, reader: &Schema, witness: &Value, places: [&Value; 2]) -> (String, String) {
    let Err(error) = reader.validator.validate(witness) else { return (String::new(), String::new()) };
    let cause = root_cause(&error);
    let mut path = tokens(cause.instance_path());
    path.extend(missing_or_extra(cause));
    let pointer =
        places.iter().find_map(|document| place(document, &path)).unwrap_or_else(|| longest(places[0], &path));
    (pointer, reason(writer, cause, &path, witness))
}

/// The error behind an error: the one alternative that the event was meant for.
fn root_cause<'e, 'i>(error: &'e ValidationError<'i>) -> &'e ValidationError<'i>
where
    'i: 'e,
{
    let (Kind::AnyOf { context } | Kind::OneOfNotValid { context }) = error.kind() else { return error };
    let is_other = |cause: &ValidationError<'_>| {
        matches!(cause.kind(), Kind::Constant { .. } | Kind::Enum { .. } | Kind::Type { .. })
    };
    let mut meant = context.iter().filter(|errors| !errors.iter().any(is_other));
    match (meant.next().and_then(|errors| errors.first()), meant.next()) {
        (Some(cause), None) => root_cause(cause),
        _ => error,
    }
}

fn tokens(location: &Location) -> Vec<String> {
    let text = location.to_string();
    text.split('/').skip(1).map(|token| token.replace("~1", "/").replace("~0", "~")).collect()
}

fn missing_or_extra(cause: &ValidationError<'_>) -> Option<String> {
    match cause.kind() {
        Kind::Required { property } => property.as_str().map(str::to_owned),
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
            unexpected.first().cloned()
        }
        _ => None,
    }
}

/// The pointer of the schema of the place that `path` leads to in an event.
fn place(document: &Value, path: &[String]) -> Option<String> {
    views(document, path).into_iter().next().map(|(pointer, _)| pointer)
}

fn longest(document: &Value, path: &[String]) -> String {
    (0..path.len()).rev().find_map(|length| place(document, &path[..length])).unwrap_or_default()
}

/// All schemas that `document` has for the place that `path` leads to, with their pointers.
fn views<'d>(document: &'d Value, path: &[String]) -> Vec<(String, &'d Value)> {
    let mut found = Vec::new();
    Walk { document }.visit(String::new(), document, path, DEPTH, &mut found);
    found
}

struct Walk<'d> {
    document: &'d Value,
}

impl<'d> Walk<'d> {
    fn visit(
        &self,
        at: String,
        schema: &'d Value,
        path: &[String],
        depth: usize,
        found: &mut Vec<(String, &'d Value)>,
    ) {
        let Some(map) = schema.as_object().filter(|_| depth > 0) else {
            if path.is_empty() {
                found.push((at, schema));
            }
            return;
        };
        if let Some((token, rest)) = path.split_first() {
            let key = escape(token);
            for inner in [format!("/properties/{key}"), format!("/prefixItems/{key}")] {
                if let Some(next) = schema.pointer(&inner) {
                    self.visit(format!("{at}{inner}"), next, rest, depth - 1, found);
                }
            }
            let general = if token.parse::<usize>().is_ok() { "items" } else { "additionalProperties" };
            if let Some(next) = map.get(general).filter(|next| next.is_object()) {
                self.visit(format!("{at}/{general}"), next, rest, depth - 1, found);
            }
        }
        self.alternatives(&at, schema, path, depth, found);
        if path.is_empty() {
            found.push((at, schema));
        }
    }

    fn alternatives(
        &self,
        at: &str,
        schema: &'d Value,
        path: &[String],
        depth: usize,
        found: &mut Vec<(String, &'d Value)>,
    ) {
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str)
            && let Some(target) = resolve(self.document, reference)
        {
            let place = reference.split_once('#').map_or(at, |(_, fragment)| fragment).to_owned();
            self.visit(place, target, path, depth - 1, found);
        }
        for keyword in ["allOf", "anyOf", "oneOf"] {
            let list = schema.get(keyword).and_then(Value::as_array).into_iter().flatten();
            for (index, next) in list.enumerate() {
                self.visit(format!("{at}/{keyword}/{index}"), next, path, depth - 1, found);
            }
        }
        for keyword in ["then", "else"] {
            if let Some(next) = schema.get(keyword) {
                self.visit(format!("{at}/{keyword}"), next, path, depth - 1, found);
            }
        }
    }
}

/// A place as people write it: `owner.tags[0]`.
fn name(path: &[String]) -> String {
    let mut name = String::new();
    for token in path {
        match token.parse::<usize>() {
            Ok(_) => name.extend(["[", token, "]"]),
            Err(_) if name.is_empty() => name.push_str(token),
            Err(_) => name.extend([".", token]),
        }
    }
    if name.is_empty() { "the event".to_owned() } else { format!("`{name}`") }
}

fn shown(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= 60 {
        return text;
    }
    let start: String = text.chars().take(50).collect();
    format!("{start}… ({} characters)", text.chars().count())
}

fn reason(writer: &Schema, cause: &ValidationError<'_>, path: &[String], witness: &Value) -> String {
    let place = name(path);
    let value = cause.instance();
    let may_be = format!("{place} may be {}, the reader accepts", shown(value));
    match cause.kind() {
        Kind::Required { .. } => format!("{place} may be missing, the reader requires it"),
        Kind::AdditionalProperties { .. } | Kind::UnevaluatedProperties { .. } => {
            format!("{place} may be there, the reader accepts no keys that it does not name")
        }
        Kind::FalseSchema => format!("{place} may be {}, the reader accepts nothing there", shown(value)),
        Kind::Type { kind } => format!("{may_be} {}", types(kind)),
        Kind::Constant { expected_value } => format!("{may_be} {} alone", shown(expected_value)),
        Kind::Enum { options } => format!("{may_be} {}", listed(options)),
        Kind::MaxLength { limit } => match bound(writer, path, "maxLength", u64::min) {
            Some(allowed) => format!("{place} may be up to {allowed} characters, the reader accepts {limit}"),
            None => format!("{place} may be of any length, the reader accepts {limit} characters"),
        },
        Kind::MinLength { limit } => {
            let allowed = bound(writer, path, "minLength", u64::max).unwrap_or(0);
            format!("{place} may be as short as {allowed} characters, the reader needs {limit}")
        }
        Kind::MaxItems { limit } => match bound(writer, path, "maxItems", u64::min) {
            Some(allowed) => format!("{place} may have up to {allowed} items, the reader accepts {limit}"),
            None => format!("{place} may have any number of items, the reader accepts {limit}"),
        },
        Kind::MinItems { limit } => {
            let allowed = bound(writer, path, "minItems", u64::max).unwrap_or(0);
            format!("{place} may have as few as {allowed} items, the reader needs {limit}")
        }
        Kind::Maximum { limit } => format!("{may_be} {limit} at most"),
        Kind::Minimum { limit } => format!("{may_be} {limit} at least"),
        Kind::ExclusiveMaximum { limit } => format!("{may_be} less than {limit}"),
        Kind::ExclusiveMinimum { limit } => format!("{may_be} more than {limit}"),
        Kind::MultipleOf { multiple_of } => format!("{may_be} multiples of {multiple_of}"),
        Kind::Pattern { pattern } => format!("{may_be} what matches `{pattern}`"),
        Kind::Format { format } => format!("{may_be} the format {format}"),
        Kind::UniqueItems => {
            format!("{place} may repeat an item, as in {}, the reader accepts none twice", shown(value))
        }
        Kind::Contains => format!("{place} may be {}, the reader asks for other items in it", shown(value)),
        Kind::MinProperties { limit } => format!("{place} may be {}, the reader needs {limit} keys", shown(value)),
        Kind::MaxProperties { limit } => format!("{place} may be {}, the reader accepts {limit} keys", shown(value)),
        Kind::PropertyNames { error } => {
            format!("{place} may have the key {}, which the reader refuses", shown(error.instance()))
        }
        Kind::Not { .. } => format!("{place} may be {}, which the reader rules out", shown(value)),
        Kind::OneOfMultipleValid { .. } => {
            format!("{place} may be {}, which fits more than one of the reader's alternatives", shown(value))
        }
        Kind::AnyOf { .. } | Kind::OneOfNotValid { .. } => {
            format!("{place} may be {}, which fits none of the reader's alternatives", shown(value))
        }
        _ => format!("the event may be {}: {cause}", shown(witness)),
    }
}

fn types(kind: &TypeKind) -> String {
    match kind {
        TypeKind::Single(one) => one.to_string(),
        TypeKind::Multiple(several) => several.iter().map(|one| one.to_string()).collect::<Vec<_>>().join(" or "),
    }
}

fn listed(options: &Value) -> String {
    let options = options.as_array().map(Vec::as_slice).unwrap_or_default();
    match options {
        [] => "nothing".to_owned(),
        [only] => format!("{} alone", shown(only)),
        many => many.iter().take(12).map(shown).collect::<Vec<_>>().join(", "),
    }
}

/// The tightest bound that the writer sets at a place, if it sets one whatever the alternative.
fn bound(writer: &Schema, path: &[String], keyword: &str, tighter: fn(u64, u64) -> u64) -> Option<u64> {
    let views = views(writer.document(), path);
    views.iter().filter_map(|(_, schema)| schema.get(keyword)?.as_u64()).reduce(tighter)
}
