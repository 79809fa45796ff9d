//! Random schemas, pairs of them that differ a little, and random values, all from one small world
//! of keys and texts, so that the constraints of one schema matter to the other.

#![allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "rng for small numbers")]

use serde_json::{Map, Value, json};

/// A seeded source of choices.
pub(crate) struct Rng(pub(crate) u64);

impl Rng {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.roll() >> 32) as usize % limit.max(1)
    }

    fn one_in(&mut self, chances: usize) -> bool {
        self.below(chances) == 0
    }

    fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }
}

const KEYS: [&str; 13] =
    ["a", "b", "c", "kind", "x1", "a", "b", "c", "title", "description", "default", "const", "$ref"];
const TEXTS: [&str; 12] =
    ["", "a", "b", "ab", "abc", "x1", "A", "a1", "é", "2026-01-31", "0190a6b2-7c4e-7a10-8a53-3f6f1c2d4e5f", "abcdefgh"];
const PATTERNS: [&str; 12] =
    ["^a", "^x", "b$", "^[a-z]+$", "^[a-z]*$", "a", "^[a-c]{1,3}$", "[0-9]", "^\\S+$", "^(a|ab)$", "^.{2,4}$", "(?=a)"];
const FORMATS: [&str; 7] = ["date", "date-time", "uuid", "email", "uri", "ipv4", "double"];
const TYPES: [&str; 7] = ["null", "boolean", "integer", "number", "string", "array", "object"];

/// Two schemas: independent ones, or one and a mutation of it.
pub(crate) fn pair(seed: u64) -> (Value, Value) {
    let mut rng = Rng(seed);
    let depth = 1 + rng.below(3);
    let old = root(&mut rng, depth);
    if rng.one_in(4) {
        let new = root(&mut rng, depth);
        return (old, new);
    }
    let mut new = old.clone();
    for _ in 0..=rng.below(3) {
        mutate(&mut rng, &mut new, depth);
    }
    if rng.one_in(2) { (old, new) } else { (new, old) }
}

/// A schema, now and then with definitions that it refers to.
fn root(rng: &mut Rng, depth: usize) -> Value {
    let mut schema = schema(rng, depth);
    if rng.one_in(5)
        && let Value::Object(map) = &mut schema
    {
        let mut node = self::schema(rng, 1);
        if let Value::Object(node) = &mut node {
            let properties = node.entry("properties").or_insert_with(|| json!({}));
            properties["next"] = if rng.one_in(2) {
                json!({"$ref": "#/$defs/node"})
            } else {
                json!({"anyOf": [{"type": "null"}, {"$ref": "#/$defs/node"}]})
            };
        }
        map.insert("$defs".into(), json!({ "node": node }));
        let properties = map.entry("properties").or_insert_with(|| json!({}));
        if properties.is_object() {
            properties[*rng.pick(&KEYS)] = json!({"$ref": "#/$defs/node"});
        }
    }
    schema
}

fn schema(rng: &mut Rng, depth: usize) -> Value {
    if rng.one_in(25) {
        return Value::Bool(rng.one_in(2));
    }
    let mut map = Map::new();
    let kind = *rng.pick(&TYPES);
    match rng.below(10) {
        0 => {}
        1 | 2 if kind != "null" => drop(map.insert("type".into(), json!([kind, "null"]))),
        _ => drop(map.insert("type".into(), json!(kind))),
    }
    match kind {
        "integer" | "number" => number(rng, &mut map),
        "string" => text(rng, &mut map),
        "array" => array(rng, &mut map, depth),
        "object" => object(rng, &mut map, depth),
        _ => {}
    }
    if rng.one_in(12) {
        map.insert("enum".into(), (0..rng.below(4)).map(|_| value(rng, 1)).collect());
    }
    if rng.one_in(25) {
        map.insert("const".into(), value(rng, 1));
    }
    if depth > 0 {
        applicators(rng, &mut map, depth - 1);
    }
    Value::Object(map)
}

fn list(rng: &mut Rng, depth: usize) -> Value {
    let length = 1 + rng.below(3);
    (0..length).map(|_| schema(rng, depth)).collect()
}

fn applicators(rng: &mut Rng, map: &mut Map<String, Value>, depth: usize) {
    match rng.below(28) {
        0 | 1 => drop(map.insert("anyOf".into(), list(rng, depth))),
        2 => drop(map.insert("oneOf".into(), list(rng, depth))),
        3 => drop(map.insert("allOf".into(), list(rng, depth))),
        4 => drop(map.insert("not".into(), schema(rng, depth))),
        5 => {
            map.insert("if".into(), schema(rng, depth));
            map.insert("then".into(), schema(rng, depth));
            map.insert("else".into(), schema(rng, depth));
        }
        6 => {
            map.remove("type");
            let kinds: Vec<Value> = (0..=rng.below(2))
                .map(|index| {
                    let mut variant = Map::new();
                    object(rng, &mut variant, depth);
                    let mut variant = Value::Object(variant);
                    variant["type"] = json!("object");
                    variant["properties"]["kind"] = json!({ "const": TEXTS[index + 1] });
                    variant["required"] = json!(["kind"]);
                    variant
                })
                .collect();
            map.insert(if rng.one_in(2) { "oneOf" } else { "anyOf" }.into(), kinds.into());
        }
        _ => {}
    }
}

fn number(rng: &mut Rng, map: &mut Map<String, Value>) {
    let bounds = [json!(-1), json!(0), json!(1), json!(2.5), json!(3), json!(5), json!(10)];
    for keyword in ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"] {
        if rng.one_in(4) {
            map.insert(keyword.into(), rng.pick(&bounds).clone());
        }
    }
    if rng.one_in(4) {
        map.insert(
            "multipleOf".into(),
            rng.pick(&[json!(1), json!(2), json!(3), json!(0.5), json!(0.01), json!(1.5)]).clone(),
        );
    }
}

fn text(rng: &mut Rng, map: &mut Map<String, Value>) {
    for keyword in ["minLength", "maxLength"] {
        if rng.one_in(3) {
            map.insert(keyword.into(), rng.below(7).into());
        }
    }
    if rng.one_in(3) {
        map.insert("pattern".into(), (*rng.pick(&PATTERNS)).into());
    }
    if rng.one_in(6) {
        map.insert("format".into(), (*rng.pick(&FORMATS)).into());
    }
}

fn array(rng: &mut Rng, map: &mut Map<String, Value>, depth: usize) {
    for keyword in ["minItems", "maxItems"] {
        if rng.one_in(3) {
            map.insert(keyword.into(), rng.below(4).into());
        }
    }
    if rng.one_in(4) {
        map.insert("uniqueItems".into(), true.into());
    }
    if depth == 0 {
        return;
    }
    if !rng.one_in(3) {
        map.insert("items".into(), schema(rng, depth - 1));
    }
    if rng.one_in(5) {
        map.insert("prefixItems".into(), list(rng, depth - 1));
    }
    if rng.one_in(6) {
        map.insert("contains".into(), schema(rng, depth - 1));
        if rng.one_in(2) {
            map.insert("minContains".into(), rng.below(3).into());
        }
        if rng.one_in(2) {
            map.insert("maxContains".into(), rng.below(3).into());
        }
    }
    if rng.one_in(20) {
        map.insert("unevaluatedItems".into(), rng.one_in(2).into());
    }
}

fn keys(rng: &mut Rng) -> Value {
    (0..rng.below(3)).map(|_| *rng.pick(&KEYS)).collect::<std::collections::BTreeSet<_>>().into_iter().collect()
}

fn object(rng: &mut Rng, map: &mut Map<String, Value>, depth: usize) {
    let inner = depth.saturating_sub(1);
    let properties: Map<String, Value> =
        (0..rng.below(4)).map(|_| ((*rng.pick(&KEYS)).to_owned(), schema(rng, inner))).collect();
    map.insert("properties".into(), properties.into());
    if !rng.one_in(3) {
        map.insert("required".into(), keys(rng));
    }
    match rng.below(8) {
        0..3 => drop(map.insert("additionalProperties".into(), false.into())),
        3 => drop(map.insert("additionalProperties".into(), schema(rng, inner))),
        4 => drop(map.insert("unevaluatedProperties".into(), rng.one_in(3).into())),
        _ => {}
    }
    if rng.one_in(6) {
        map.insert("patternProperties".into(), json!({ *rng.pick(&PATTERNS): schema(rng, inner) }));
    }
    if rng.one_in(8) {
        let mut names = Map::new();
        text(rng, &mut names);
        if rng.one_in(3) {
            names.insert("enum".into(), keys(rng));
        }
        map.insert("propertyNames".into(), names.into());
    }
    for keyword in ["minProperties", "maxProperties"] {
        if rng.one_in(7) {
            map.insert(keyword.into(), rng.below(4).into());
        }
    }
    if rng.one_in(8) {
        map.insert("dependentRequired".into(), json!({ *rng.pick(&KEYS): keys(rng) }));
    }
    if rng.one_in(12) {
        map.insert("dependentSchemas".into(), json!({ *rng.pick(&KEYS): schema(rng, inner) }));
    }
}

/// Changes one place of a schema.
fn mutate(rng: &mut Rng, target: &mut Value, depth: usize) {
    let Value::Object(map) = target else {
        *target = schema(rng, depth);
        return;
    };
    let inner = ["items", "not", "additionalProperties", "contains", "propertyNames", "if", "then", "else"];
    let mut children: Vec<&mut Value> = Vec::new();
    let mut others: Vec<String> = Vec::new();
    for (keyword, value) in map.iter_mut() {
        match (keyword.as_str(), value) {
            ("properties" | "patternProperties" | "$defs" | "dependentSchemas", Value::Object(parts)) => {
                children.extend(parts.values_mut());
            }
            ("allOf" | "anyOf" | "oneOf" | "prefixItems", Value::Array(parts)) => children.extend(parts.iter_mut()),
            (name, value) if inner.contains(&name) && value.is_object() => children.push(value),
            _ => {}
        }
    }
    if !children.is_empty() && !rng.one_in(3) {
        let chosen = rng.below(children.len());
        return mutate(rng, children.swap_remove(chosen), depth.saturating_sub(1));
    }
    others.extend(map.keys().filter(|keyword| !keyword.starts_with('$')).cloned());
    match rng.below(8) {
        0 | 1 if !others.is_empty() => {
            let keyword = others.swap_remove(rng.below(others.len()));
            if keyword != "properties" || rng.one_in(3) {
                map.remove(&keyword);
            }
        }
        2 | 3 => nudge(rng, map),
        4 => {
            let fresh = schema(rng, depth);
            let keep = map.get("$defs").cloned();
            if let Value::Object(fresh) = fresh {
                *map = fresh;
            }
            if let Some(definitions) = keep {
                map.insert("$defs".into(), definitions);
            }
        }
        5 => widen(rng, map),
        _ => match map.get("type").and_then(Value::as_str).unwrap_or("object") {
            "integer" | "number" => number(rng, map),
            "string" => text(rng, map),
            "array" => array(rng, map, depth),
            _ => {
                let required = map.get("properties").cloned();
                object(rng, map, depth);
                if let (Some(Value::Object(before)), Some(Value::Object(now))) = (required, map.get_mut("properties")) {
                    for (key, value) in before {
                        now.entry(key).or_insert(value);
                    }
                }
            }
        },
    }
}

/// Moves a number of a schema by one, or turns a switch.
fn nudge(rng: &mut Rng, map: &mut Map<String, Value>) {
    let by = if rng.one_in(2) { 1 } else { -1 };
    for (keyword, value) in map.iter_mut() {
        if let Some(number) = value.as_i64() {
            let least = i64::from(keyword == "multipleOf");
            *value = if keyword.ends_with("imum") { json!(number + by) } else { json!((number + by).max(least)) };
        } else if let Value::Array(list) = value
            && matches!(keyword.as_str(), "required" | "enum")
            && !list.is_empty()
        {
            list.remove(rng.below(list.len()));
        }
    }
}

/// Admits `null` or another type as well.
fn widen(rng: &mut Rng, map: &mut Map<String, Value>) {
    if let Some(Value::String(name)) = map.get("type") {
        let types = json!([name, rng.pick(&TYPES)]);
        if types[0] != types[1] {
            map.insert("type".into(), types);
        }
    }
}

/// A value of the same world.
pub(crate) fn value(rng: &mut Rng, depth: usize) -> Value {
    match rng.below(if depth == 0 { 6 } else { 10 }) {
        0 => Value::Null,
        1 => Value::Bool(rng.one_in(2)),
        2 => json!(rng.below(14) as i64 - 2),
        3 => json!([0.0, 1.0, 0.5, 2.5, 0.01, 1.5, 3.0, 4.25][rng.below(8)]),
        4 | 5 => (*rng.pick(&TEXTS)).into(),
        6 | 7 => (0..rng.below(4)).map(|_| value(rng, depth - 1)).collect(),
        _ => {
            let keys =
                ["a", "b", "c", "kind", "x1", "next", "other", "title", "description", "default", "const", "$ref"];
            Value::Object((0..rng.below(5)).map(|_| ((*rng.pick(&keys)).to_owned(), value(rng, depth - 1))).collect())
        }
    }
}
