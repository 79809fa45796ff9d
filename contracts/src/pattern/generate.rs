//! Random pairs of a pattern and an event, for holding one matcher against another.
//!
//! A pair is decided by its seed, so that a failure can be repeated. About half of the patterns match: most of what
//! they ask for is taken from the event. Some are invalid, in ways that EventBridge refuses.

mod dice;
mod event;
mod matcher;
mod spoil;

use serde_json::{Value, json};

use dice::Dice;
use event::{event, scalar};
use matcher::matcher;
use spoil::spoil;

/// A pattern and an event.
#[derive(Clone, Debug)]
pub struct Pair {
    /// The pattern's text.
    pub pattern: String,
    /// The whole event.
    pub event: Value,
}

/// The pair of this seed.
#[must_use]
pub fn pair(seed: u64) -> Pair {
    let mut dice = Dice::new(seed);
    let event = event(&mut dice);
    let mut pattern = pattern(&mut dice, &event);
    if dice.one_in(16) {
        spoil(&mut dice, &mut pattern);
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
    &["tags"],
    &["owner", "name"],
    &["owner", "role"],
    &["items", "sku"],
    &["items", "quantity"],
    &["items", "parts", "id"],
    &["items", "parts", "kind"],
];

fn pattern(dice: &mut Dice, event: &Value) -> Value {
    let mut pattern = json!({});
    if dice.one_in(2) {
        pattern["source"] = leaf(dice, &[&event["source"]]);
    }
    if dice.one_in(4) {
        pattern["detail-type"] = leaf(dice, &[&event["detail-type"]]);
    }
    if dice.one_in(8) {
        pattern["resources"] = leaf(dice, &values(event, &["resources"]));
    }
    if dice.one_in(6) {
        pattern["replay-name"] = json!([{"exists": dice.one_in(4)}]);
    }
    if dice.one_in(10) {
        pattern["$or"] = json!([{"region": ["eu-west-1"]}, {"account": [{"prefix": "9"}]}]);
    }
    pattern["detail"] = fields(dice, &event["detail"], 2);
    pattern
}

/// Some fields of `detail`, in objects as nested as it is; with `$or` as deep as `depth`.
fn fields(dice: &mut Dice, detail: &Value, depth: usize) -> Value {
    let mut object = json!({});
    for _ in 0..=dice.roll(2) {
        let path = *dice.pick(&PATHS);
        let leaf = leaf(dice, &values(detail, path));
        if dice.one_in(10) {
            object[path.join(".")] = leaf;
        } else {
            insert(&mut object, path, leaf);
        }
    }
    if depth > 0 && dice.one_in(4) {
        let branches: Vec<Value> = (0..2 + dice.roll(2)).map(|_| fields(dice, detail, depth - 1)).collect();
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

fn leaf(dice: &mut Dice, found: &[&Value]) -> Value {
    let matchers: Vec<Value> = (0..=dice.roll(2))
        .map(|_| {
            let is_other = found.is_empty() || dice.one_in(6);
            let value = if is_other { scalar(dice) } else { (*dice.pick(found)).clone() };
            matcher(dice, &value)
        })
        .collect();
    json!(matchers)
}
