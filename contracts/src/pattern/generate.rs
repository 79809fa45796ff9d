//! Random pairs of a pattern and an event, for holding one matcher against another.
//!
//! A pair is decided by its seed, so that a failure can be repeated. About half of the patterns match: most of what
//! they ask for is taken from the event. Some are invalid, in ways that EventBridge refuses.

mod event;
mod matcher;
mod mutate;
mod rng;

use serde_json::{Value, json};

use event::{event, scalar};
use matcher::matcher;
use mutate::mutate;
use rng::Rng;

/// A pattern and an event.
#[derive(Clone, Debug)]
pub struct Pair {
    /// The pattern as JSON text, which may be invalid.
    pub pattern: String,
    /// The event as the bus gets it, with `source`, `detail-type` and `detail`.
    pub event: Value,
}

/// The pair of this seed.
#[must_use]
pub fn pair(seed: u64) -> Pair {
    let mut rng = Rng::new(seed);
    let event = event(&mut rng);
    let mut pattern = pattern(&mut rng, &event);
    if rng.one_in(16) {
        mutate(&mut rng, &mut pattern);
    }
    Pair { pattern: pattern.to_string(), event }
}

/// The paths of the events' values, relative to `detail`.
const PATHS: [&[&str]; 14] = [
    &["state"],
    &["file"],
    &["address"],
    &["count"],
    &["price"],
    &["flag"],
    &["nothing"],
    &["labels"],
    &["owner", "name"],
    &["owner", "role"],
    &["items", "sku"],
    &["items", "quantity"],
    &["items", "parts", "id"],
    &["items", "parts", "kind"],
];

fn pattern(rng: &mut Rng, event: &Value) -> Value {
    let mut pattern = json!({});
    if rng.one_in(2) {
        pattern["source"] = leaf(rng, &[&event["source"]]);
    }
    if rng.one_in(4) {
        pattern["detail-type"] = leaf(rng, &[&event["detail-type"]]);
    }
    if rng.one_in(8) {
        pattern["resources"] = leaf(rng, &values(event, &["resources"]));
    }
    if rng.one_in(6) {
        pattern["replay-name"] = json!([{"exists": rng.one_in(4)}]);
    }
    if rng.one_in(10) {
        pattern["$or"] = json!([{"region": ["eu-west-1"]}, {"account": [{"prefix": "9"}]}]);
    }
    pattern["detail"] = fields(rng, &event["detail"], 2);
    pattern
}

/// Some fields of `detail`, in objects as nested as it is; with `$or` as deep as `depth`.
fn fields(rng: &mut Rng, detail: &Value, depth: usize) -> Value {
    let mut object = json!({});
    for _ in 0..=rng.below(2) {
        let path = *rng.pick(&PATHS);
        let leaf = leaf(rng, &values(detail, path));
        if rng.one_in(10) {
            object[path.join(".")] = leaf;
        } else {
            insert(&mut object, path, leaf);
        }
    }
    if depth > 0 && rng.one_in(4) {
        let branches: Vec<Value> = (0..2 + rng.below(2)).map(|_| fields(rng, detail, depth - 1)).collect();
        object["$or"] = json!(branches);
    }
    object
}

fn insert(object: &mut Value, path: &[&str], leaf: Value) {
    match path {
        [] => *object = leaf,
        [name, rest @ ..] => {
            if !object[*name].is_object() {
                object[*name] = json!({});
            }
            insert(&mut object[*name], rest, leaf);
        }
    }
}

/// The values at a path, of all elements of the arrays on the way.
fn values<'a>(value: &'a Value, path: &[&str]) -> Vec<&'a Value> {
    match (value, path) {
        (Value::Array(elements), _) => elements.iter().flat_map(|element| values(element, path)).collect(),
        (Value::Object(fields), [name, rest @ ..]) => {
            fields.get(*name).map(|inner| values(inner, rest)).unwrap_or_default()
        }
        (Value::Object(_), []) => Vec::new(),
        (scalar, []) => vec![scalar],
        _ => Vec::new(),
    }
}

fn leaf(rng: &mut Rng, found: &[&Value]) -> Value {
    let matchers: Vec<Value> = (0..=rng.below(2))
        .map(|_| {
            let is_other = found.is_empty() || rng.one_in(6);
            let value = if is_other { scalar(rng) } else { (*rng.pick(found)).clone() };
            matcher(rng, &value)
        })
        .collect();
    json!(matchers)
}
