//! Events that a pattern matches, made of an example.

use serde_json::{Map, Value, json};

use super::compile::{Field, leaf_matches};
use super::escaped;
use super::matcher::Matcher;

/// How many events are offered at most.
pub(super) const LIMIT: usize = 200;

/// How many ways to satisfy one field are tried.
const EDITS: usize = 12;

/// What becomes of a field of the example.
#[derive(Clone, Debug)]
enum Edit {
    Keep,
    Set(Value),
    Remove,
}

/// Events that may match: the one with the fewest changes first, then those that differ from it in one field.
pub(super) fn candidates(
    alternative: &Field,
    example: &Value,
    known: &dyn Fn(&str) -> Vec<Value>,
) -> impl Iterator<Item = Value> + use<> {
    let mut leaves = Vec::new();
    collect(alternative, &mut Vec::new(), &mut leaves);
    let edits: Vec<(Vec<String>, Vec<Edit>)> = leaves
        .into_iter()
        .map(|(path, matchers)| {
            let pointer = path.iter().fold(String::new(), |pointer, step| pointer + "/" + &escaped(step));
            let edits = edits(matchers, at(example, &path), known(&pointer));
            (path, edits)
        })
        .collect();
    let variations: Vec<(usize, usize)> = edits
        .iter()
        .enumerate()
        .flat_map(|(field, (_, edits))| (1..edits.len()).map(move |edit| (field, edit)))
        .collect();
    let example = example.clone();
    std::iter::once(None).chain(variations.into_iter().map(Some)).filter_map(move |variation| {
        let mut event = example.clone();
        for (field, (path, edits)) in edits.iter().enumerate() {
            let choice = variation.filter(|(varied, _)| *varied == field).map_or(0, |(_, edit)| edit);
            make(&mut event, path, edits.get(choice)?);
        }
        Some(event)
    })
}

fn collect<'a>(field: &'a Field, path: &mut Vec<String>, leaves: &mut Vec<(Vec<String>, &'a [Matcher])>) {
    if let Some(matchers) = &field.matchers {
        leaves.push((path.clone(), matchers));
    }
    for (name, inner) in &field.fields {
        path.push(name.clone());
        collect(inner, path, leaves);
        path.pop();
    }
}

/// The ways to satisfy a field, those that keep its value's type first.
fn edits(matchers: &[Matcher], current: Option<&Value>, known: Vec<Value>) -> Vec<Edit> {
    let mut edits = Vec::new();
    if leaf_matches(matchers, current) {
        edits.push(Edit::Keep);
    }
    let made_up = matchers.iter().flat_map(examples);
    let mut values: Vec<Value> = Vec::new();
    for value in known.into_iter().chain(made_up) {
        if leaf_matches(matchers, Some(&value)) && !values.contains(&value) {
            values.push(value);
        }
    }
    values.sort_by_key(|value| current.is_some_and(|current| kind(first(current)) != kind(value)));
    let is_array = current.is_some_and(Value::is_array);
    edits.extend(values.into_iter().map(|value| Edit::Set(if is_array { json!([value]) } else { value })));
    if matchers.iter().any(|matcher| matches!(matcher, Matcher::Absent)) {
        edits.push(Edit::Remove);
    }
    edits.truncate(EDITS);
    edits
}

/// Values for one matcher, of which some may not match.
fn examples(matcher: &Matcher) -> Vec<Value> {
    match matcher {
        Matcher::Equals(value) => vec![value.clone()],
        Matcher::EqualsIgnoringCase(text) => vec![json!(text), json!(text.to_uppercase()), json!(text.to_lowercase())],
        Matcher::Prefix(prefix) | Matcher::PrefixIgnoringCase(prefix) => {
            vec![json!(prefix), json!(format!("{prefix}x"))]
        }
        Matcher::Suffix(suffix) | Matcher::SuffixIgnoringCase(suffix) => {
            vec![json!(suffix), json!(format!("x{suffix}"))]
        }
        Matcher::Wildcard(wildcard) => vec![json!(wildcard.filled("")), json!(wildcard.filled("x"))],
        Matcher::Numeric(range) => range.near().into_iter().map(number).collect(),
        Matcher::Cidr(cidr) => cidr.ends().iter().map(|address| json!(address.to_string())).collect(),
        Matcher::AnythingBut(unwanted) => unwanted.iter().flat_map(examples).flat_map(|value| beside(&value)).collect(),
        Matcher::Exists => vec![json!("x"), json!(1), json!(true), Value::Null],
        Matcher::Absent => Vec::new(),
    }
}

/// Values of the same type that are not `value`.
fn beside(value: &Value) -> Vec<Value> {
    match value {
        Value::Number(former) => former.as_f64().map(|former| vec![number(former + 1.0), number(former - 1.0)]),
        Value::String(former) => Some(vec![json!(format!("not-{former}-x")), json!("x"), json!("")]),
        _ => None,
    }
    .unwrap_or_default()
}

/// Without a fraction when it has none, as a schema's integer wants it.
fn number(value: f64) -> Value {
    #[expect(clippy::cast_possible_truncation, reason = "EventBridge compares no number beyond 5e9")]
    if value.fract() == 0.0 { json!(value as i64) } else { json!(value) }
}

fn kind(value: &Value) -> u8 {
    match value {
        Value::Null => 0,
        Value::Bool(_) => 1,
        Value::Number(_) => 2,
        Value::String(_) => 3,
        Value::Array(_) => 4,
        Value::Object(_) => 5,
    }
}

fn first(value: &Value) -> &Value {
    value.as_array().and_then(|elements| elements.first()).map_or(value, first)
}

/// The value at a path, by the first object of each array on the way.
fn at<'a>(value: &'a Value, path: &[String]) -> Option<&'a Value> {
    let Some((name, rest)) = path.split_first() else { return Some(value) };
    match value {
        Value::Array(elements) => elements.iter().find(|element| element.is_object()).and_then(|first| at(first, path)),
        value => value.get(name).and_then(|inner| at(inner, rest)),
    }
}

fn make(value: &mut Value, path: &[String], edit: &Edit) {
    let Some((name, rest)) = path.split_first() else {
        if let Edit::Set(new) = edit {
            *value = new.clone();
        }
        return;
    };
    if let Value::Array(elements) = value {
        if let Some(first) = elements.iter_mut().find(|element| element.is_object()) {
            make(first, path, edit);
        } else if matches!(edit, Edit::Set(_)) {
            elements.push(Value::Object(Map::new()));
            make(value, path, edit);
        }
        return;
    }
    match edit {
        Edit::Keep => {}
        Edit::Remove if rest.is_empty() => {
            value.as_object_mut().map(|fields| fields.remove(name));
        }
        Edit::Remove => {
            if let Some(inner) = value.get_mut(name) {
                make(inner, rest, edit);
            }
        }
        Edit::Set(_) => {
            if !value.is_object() {
                *value = Value::Object(Map::new());
            }
            make(&mut value[name.as_str()], rest, edit);
        }
    }
}
