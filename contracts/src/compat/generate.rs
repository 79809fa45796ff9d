//! Values that are valid for a schema, and values that almost are.

use serde_json::{Map, Value, json};

use super::{
    Leaf, Rng, Schema,
    arena::{Arena, Literal},
    solve::Solver,
    work,
};

/// How often a value is tried before there is taken to be no other.
const ATTEMPTS: usize = 40;

/// An endless stream of valid values, the ends of ranges among them. It ends only where no value is found.
///
/// The same schema and seed give the same values. Each value was checked with the validator.
pub struct Instances<'a> {
    schema: &'a Schema,
    root: Option<Literal>,
    solver: Solver,
    rng: Rng,
}

impl<'a> Instances<'a> {
    /// The values of `schema`.
    #[must_use]
    pub fn new(schema: &'a Schema, seed: u64) -> Self {
        let mut arena = Arena::default();
        let root = arena.read(&schema.document, schema.dialect).ok().map(Literal::yes);
        Self { schema, root, solver: Solver::new(arena), rng: Rng(seed) }
    }
}

impl Iterator for Instances<'_> {
    type Item = Value;

    fn next(&mut self) -> Option<Value> {
        let goal = vec![self.root?];
        for _ in 0..ATTEMPTS {
            if work::is_spent() {
                return None;
            }
            self.solver.refresh();
            self.solver.rng = Some(Rng(self.rng.next()));
            let answer = self.solver.solve(goal.clone());
            match answer {
                Leaf::Found(value) if self.schema.admits(&value) => return Some(value),
                Leaf::Found(_) | Leaf::Empty | Leaf::Unknown(_) => {}
            }
        }
        self.solver.rng = None;
        self.solver.refresh();
        match self.solver.solve(goal) {
            Leaf::Found(value) if self.schema.admits(&value) => Some(value),
            Leaf::Found(_) | Leaf::Empty | Leaf::Unknown(_) => None,
        }
    }
}

/// Values that differ from `value` in one place and are not valid for `schema`.
#[must_use]
pub fn near_misses(schema: &Schema, value: &Value) -> Vec<Value> {
    let mut found = variations(value);
    found.retain(|variation| !schema.admits(variation));
    found
}

/// Values that differ from `value` in one place: a key gone, added or renamed, an item gone or
/// doubled, a value one larger, one smaller, longer, shorter, `null` or of another type.
#[must_use]
pub fn variations(value: &Value) -> Vec<Value> {
    let mut found = vec![Value::Null, json!(true), json!(0), json!("a"), json!([]), json!({})];
    match value {
        Value::Null => {}
        Value::Bool(held) => found.push((!held).into()),
        Value::Number(number) => found.extend(numbers(number)),
        Value::String(text) => found.extend(texts(text).into_iter().map(Value::String)),
        Value::Array(items) => found.extend(arrays(items)),
        Value::Object(map) => found.extend(objects(map)),
    }
    found.retain(|variation| variation != value);
    found
}

fn numbers(number: &serde_json::Number) -> Vec<Value> {
    let mut found = vec![json!(-1), json!(1.5)];
    if let Some(integer) = number.as_i64() {
        found.extend(
            [integer.checked_add(1), integer.checked_sub(1), integer.checked_neg()]
                .into_iter()
                .flatten()
                .map(Value::from),
        );
    }
    if let Some(double) = number.as_f64() {
        found.extend([double + 0.5, double - 0.5, double * 10.0, double + 0.001].map(Value::from));
    }
    found
}

fn texts(text: &str) -> Vec<String> {
    let shorter: String = text.chars().skip(1).collect();
    let mut longest = text.to_owned();
    longest.push_str(&"x".repeat(50));
    vec![
        shorter,
        format!("{text}a"),
        format!("{text}😀"),
        format!(" {text}"),
        text.to_uppercase(),
        String::new(),
        longest,
    ]
}

fn arrays(items: &[Value]) -> Vec<Value> {
    let mut found = Vec::new();
    for (index, item) in items.iter().enumerate().take(8) {
        let mut without = items.to_vec();
        without.remove(index);
        found.push(Value::Array(without));
        let mut doubled = items.to_vec();
        doubled.push(item.clone());
        found.push(Value::Array(doubled));
        for variation in variations(item) {
            let mut changed = items.to_vec();
            changed[index] = variation;
            found.push(Value::Array(changed));
        }
    }
    for more in [Value::Null, json!(7), json!("another")] {
        let mut longer = items.to_vec();
        longer.push(more);
        found.push(Value::Array(longer));
    }
    found
}

fn objects(map: &Map<String, Value>) -> Vec<Value> {
    let mut found = Vec::new();
    for (key, value) in map {
        let mut without = map.clone();
        without.remove(key);
        found.push(Value::Object(without.clone()));
        without.insert(format!("{key}Renamed"), value.clone());
        found.push(Value::Object(without));
        for variation in variations(value) {
            let mut changed = map.clone();
            changed.insert(key.clone(), variation);
            found.push(Value::Object(changed));
        }
    }
    let mut more = map.clone();
    more.insert("unheardOf".into(), json!("a"));
    found.push(Value::Object(more));
    found
}
