//! Random pairs of a pattern and an event, for holding one matcher against another.
//!
//! A pair is decided by its seed, so that a failure can be repeated. About half of the patterns match: most of what
//! they ask for is taken from the event. Some are invalid, in ways that EventBridge refuses.

use serde_json::{Value, json};

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
    let mut dice = Dice(seed);
    let event = event(&mut dice);
    let mut pattern = pattern(&mut dice, &event);
    if dice.one_in(16) {
        spoil(&mut dice, &mut pattern);
    }
    Pair { pattern: pattern.to_string(), event }
}

/// `SplitMix64`: <https://prng.di.unimi.it/splitmix64.c>.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut value = self.0;
        value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        value ^= value >> 31;
        usize::try_from(value % sides as u64).unwrap_or_default()
    }

    fn one_in(&mut self, sides: usize) -> bool {
        self.roll(sides) == 0
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.roll(from.len())]
    }
}

const WORDS: [&str; 16] = [
    "",
    "a",
    "ab",
    "running",
    "Running",
    "RUNNING",
    "terminated",
    "init",
    "initializing",
    "us-east-1",
    "*",
    "a*b",
    "dir\\file",
    "straße",
    "STRASSE",
    "Ünïcode ✓",
];
const FILES: [&str; 6] = ["dir/a.png", "dir/b.PNG", "dir/sub/c.txt", "/usr/lib/x.so", "/usr/bin/*", "png"];
const ADDRESSES: [&str; 8] =
    ["10.0.0.1", "10.0.0.255", "10.0.1.0", "192.168.0.7", "2001:db8::1", "2001:db8:1::", "10.0.0", "::1"];

const BLOCKS: [&str; 6] = ["10.0.0.0/24", "10.0.0.9/24", "10.0.0.0/31", "0.0.0.0/0", "2001:db8::/32", "::/1"];

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

fn event(dice: &mut Dice) -> Value {
    let mut event = json!({
        "version": "0",
        "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
        "detail-type": *dice.pick(&["TodoCreated.v1", "TodoCompleted.v1"]),
        "source": *dice.pick(&["busline.todos", "busline.users"]),
        "account": "111122223333",
        "time": "2026-11-21T18:43:48Z",
        "region": "eu-west-1",
        "resources": (0..dice.roll(3)).map(|number| format!("arn:aws:x:::{number}")).collect::<Vec<_>>(),
        "detail": detail(dice),
    });
    if dice.one_in(4) {
        event["replay-name"] = json!("replay-1");
    }
    event
}

fn detail(dice: &mut Dice) -> Value {
    let items: Vec<Value> = (0..dice.roll(4)).map(|_| item(dice)).collect();
    let tags: Vec<Value> = (0..dice.roll(4)).map(|_| scalar(dice)).collect();
    let mut detail = json!({
        "state": *dice.pick(&WORDS),
        "file": *dice.pick(&FILES),
        "address": *dice.pick(&ADDRESSES),
        "count": dice.roll(12),
        "price": price(dice),
        "flag": dice.one_in(2),
        "nothing": null,
        "tags": tags,
        "owner": {"name": *dice.pick(&WORDS), "role": *dice.pick(&["admin", "guest"])},
        "items": items,
    });
    disturb(dice, &mut detail);
    if dice.one_in(12)
        && let Some(owner) = detail.as_object_mut().and_then(|fields| fields.remove("owner"))
    {
        detail["owner.name"] = owner["name"].clone();
    }
    detail
}

fn item(dice: &mut Dice) -> Value {
    let parts: Vec<Value> =
        (0..dice.roll(3)).map(|_| json!({"id": dice.roll(4), "kind": *dice.pick(&["bolt", "nut"])})).collect();
    let mut item = json!({"sku": *dice.pick(&["s-1", "s-2", "t-1"]), "quantity": dice.roll(5), "parts": parts});
    disturb(dice, &mut item);
    item
}

/// Takes a field away, or gives it a value of another type.
fn disturb(dice: &mut Dice, object: &mut Value) {
    let Some(fields) = object.as_object_mut() else { return };
    let names: Vec<String> = fields.keys().cloned().collect();
    for name in names {
        match dice.roll(14) {
            0 => {
                fields.remove(&name);
            }
            1 => {
                fields.insert(name, odd(dice));
            }
            _ => {}
        }
    }
}

fn odd(dice: &mut Dice) -> Value {
    match dice.roll(8) {
        0 => json!([]),
        1 => json!({}),
        2 => json!([[scalar(dice)], scalar(dice), {"name": scalar(dice), "sku": "s-1"}]),
        3 => json!({"name": {"deeper": 1}}),
        _ => scalar(dice),
    }
}

fn scalar(dice: &mut Dice) -> Value {
    match dice.roll(8) {
        0 => Value::Null,
        1 => json!(dice.one_in(2)),
        2 => json!(dice.roll(12)),
        3 => price(dice),
        4 => json!(*dice.pick(&ADDRESSES)),
        _ => json!(*dice.pick(&WORDS)),
    }
}

/// Whole and fractional numbers, at the limits too, with at most six decimals.
fn price(dice: &mut Dice) -> Value {
    let numbers = [
        json!(0),
        json!(-1),
        json!(5),
        json!(5.0),
        json!(0.1),
        json!(301.8),
        json!(300),
        json!(300.0),
        json!(2.5),
        json!(-0.25),
        json!(0.000_001),
        json!(1_234.567_891),
        json!(5_000_000_000_i64),
        json!(-5e9),
        json!(5_000_000_001_i64),
        json!(7e12),
    ];
    dice.pick(&numbers).clone()
}

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

/// One entry of a field's array, which mostly matches `value`.
fn matcher(dice: &mut Dice, value: &Value) -> Value {
    match (value, dice.roll(8)) {
        (_, 0) => json!({"exists": !dice.one_in(3)}),
        (_, 1) => value.clone(),
        (Value::String(text), _) => text_matcher(dice, text),
        (Value::Number(_), _) => number_matcher(dice, value),
        (_, 2) => json!({"anything-but": *dice.pick(&WORDS)}),
        _ => value.clone(),
    }
}

fn text_matcher(dice: &mut Dice, text: &str) -> Value {
    let cut = cut(dice, text);
    let (head, tail) = text.split_at(cut);
    match dice.roll(12) {
        0 => json!({"prefix": head}),
        1 => json!({"suffix": tail}),
        2 => json!({"equals-ignore-case": other_case(dice, text)}),
        3 => json!({"prefix": {"equals-ignore-case": other_case(dice, head)}}),
        4 => json!({"suffix": {"equals-ignore-case": other_case(dice, tail)}}),
        5 | 6 => json!({"wildcard": wildcard(dice, text)}),
        7..=9 => anything_but(dice, text),
        _ if text.contains("10.") || text.contains("::") => json!({"cidr": *dice.pick(&BLOCKS)}),
        _ => json!(text),
    }
}

fn anything_but(dice: &mut Dice, text: &str) -> Value {
    let mut unwanted = vec![json!(*dice.pick(&WORDS)), json!(*dice.pick(&FILES))];
    if dice.one_in(3) {
        unwanted.push(json!(text));
    }
    let list = json!(unwanted);
    let nested = match dice.roll(6) {
        0 => return json!({"anything-but": unwanted[0]}),
        1 => return json!({"anything-but": list}),
        2 => json!({"prefix": "r"}),
        3 => json!({"suffix": [".png", "g", "9"]}),
        4 => json!({"equals-ignore-case": list}),
        _ => json!({"wildcard": ["*/lib/*", wildcard(dice, text)]}),
    };
    json!({"anything-but": nested})
}

fn number_matcher(dice: &mut Dice, value: &Value) -> Value {
    let operator = *dice.pick(&["=", "<", "<=", ">", ">="]);
    let (lower, upper) = (*dice.pick(&[">", ">="]), *dice.pick(&["<", "<="]));
    let other = json!(dice.roll(12));
    match dice.roll(8) {
        0 => json!({"numeric": ["=", value]}),
        1 => json!({"numeric": [operator, value]}),
        2 => json!({"numeric": [operator, other]}),
        3 => json!({"numeric": [lower, value, upper, 1_000.5]}),
        4 => json!({"numeric": [lower, -1.25, upper, value]}),
        5 => json!({"anything-but": value}),
        6 => json!({"anything-but": [other, price(dice)]}),
        _ => value.clone(),
    }
}

/// A place between two characters.
fn cut(dice: &mut Dice, text: &str) -> usize {
    let places: Vec<usize> = text.char_indices().map(|(index, _)| index).chain([text.len()]).collect();
    *dice.pick(&places)
}

fn other_case(dice: &mut Dice, text: &str) -> String {
    match dice.roll(3) {
        0 => text.to_uppercase(),
        1 => text.to_lowercase(),
        _ => text.to_owned(),
    }
}

/// The text with some of it given up for `*`.
fn wildcard(dice: &mut Dice, text: &str) -> String {
    let escaped = |text: &str| text.replace('\\', r"\\").replace('*', r"\*");
    let (head, rest) = text.split_at(cut(dice, text));
    let (_, tail) = rest.split_at(cut(dice, rest));
    match dice.roll(4) {
        0 => format!("*{}", escaped(rest)),
        1 => format!("{}*", escaped(head)),
        2 => format!("{}*{}", escaped(head), escaped(tail)),
        _ => format!("*{}*", escaped(tail.split_at(cut(dice, tail)).0)),
    }
}

/// Puts something into the pattern that EventBridge refuses.
fn spoil(dice: &mut Dice, pattern: &mut Value) {
    let spoilt = [
        json!([]),
        json!({}),
        json!("text"),
        json!([{}]),
        json!([[1]]),
        json!([{"like": "x"}]),
        json!([{"prefix": 1}]),
        json!([{"prefix": "a", "suffix": "b"}]),
        json!([{"suffix": {"prefix": "a"}}]),
        json!([{"equals-ignore-case": null}]),
        json!([{"exists": "true"}]),
        json!([{"wildcard": "a**b"}]),
        json!([{"wildcard": "é\\x"}]),
        json!([{"wildcard": 1}]),
        json!([{"cidr": "10.0.0.0"}]),
        json!([{"cidr": "10.0.0.0/32"}]),
        json!([{"cidr": "10.0.0/8"}]),
        json!([{"cidr": "10.0.0.0/x"}]),
        json!([{"cidr": "10.0.0.256/8"}]),
        json!([{"cidr": "::/128"}]),
        json!([{"numeric": []}]),
        json!([{"numeric": 5}]),
        json!([{"numeric": ["=", "5"]}]),
        json!([{"numeric": ["!=", 5]}]),
        json!([{"numeric": ["<", 5, ">", 1]}]),
        json!([{"numeric": [">", 5, "<", 1]}]),
        json!([{"numeric": [">", 1, ">", 5]}]),
        json!([{"numeric": [">", 1, "<"]}]),
        json!([{"numeric": [">", 5_000_000_001_i64]}]),
        json!([{"anything-but": null}]),
        json!([{"anything-but": []}]),
        json!([{"anything-but": ["a", 1]}]),
        json!([{"anything-but": [true]}]),
        json!([{"anything-but": {"numeric": ["=", 1]}}]),
        json!([{"anything-but": {"prefix": ""}}]),
        json!([{"anything-but": {"suffix": []}}]),
        json!([{"anything-but": {"wildcard": ["a**"]}}]),
        json!([{"anything-but": 6_000_000_000_i64}]),
    ];
    let place = *dice.pick(&["source", "detail"]);
    let part = dice.pick(&spoilt).clone();
    if place == "detail" {
        pattern["detail"]["spoilt"] = part;
    } else {
        pattern["source"] = part;
    }
}
