//! Random entries of a field's array.

use serde_json::{Value, json};

use super::event::{FILES, WORDS, price};
use super::rng::Rng;

const BLOCKS: [&str; 6] = ["10.0.0.0/24", "10.0.0.9/24", "10.0.0.0/31", "0.0.0.0/0", "2001:db8::/32", "::/1"];

/// One entry of a field's array, which mostly matches `value`.
pub(super) fn matcher(rng: &mut Rng, value: &Value) -> Value {
    match (value, rng.below(8)) {
        (_, 0) => json!({"exists": !rng.one_in(3)}),
        (_, 1) => value.clone(),
        (Value::String(text), _) => text_matcher(rng, text),
        (Value::Number(_), _) => number_matcher(rng, value),
        (_, 2) => json!({"anything-but": *rng.pick(&WORDS)}),
        _ => value.clone(),
    }
}

fn text_matcher(rng: &mut Rng, text: &str) -> Value {
    let cut = cut(rng, text);
    let (head, tail) = text.split_at(cut);
    match rng.below(12) {
        0 => json!({"prefix": head}),
        1 => json!({"suffix": tail}),
        2 => json!({"equals-ignore-case": other_case(rng, text)}),
        3 => json!({"prefix": {"equals-ignore-case": other_case(rng, head)}}),
        4 => json!({"suffix": {"equals-ignore-case": other_case(rng, tail)}}),
        5 | 6 => json!({"wildcard": wildcard(rng, text)}),
        7..=9 => anything_but(rng, text),
        _ if text.contains("10.") || text.contains("::") => json!({"cidr": *rng.pick(&BLOCKS)}),
        _ => json!(text),
    }
}

fn anything_but(rng: &mut Rng, text: &str) -> Value {
    let mut unwanted = vec![json!(*rng.pick(&WORDS)), json!(*rng.pick(&FILES))];
    if rng.one_in(3) {
        unwanted.push(json!(text));
    }
    let list = json!(unwanted);
    let nested = match rng.below(6) {
        0 => return json!({"anything-but": unwanted[0]}),
        1 => return json!({"anything-but": list}),
        2 => json!({"prefix": "r"}),
        3 => json!({"suffix": [".png", "g", "9"]}),
        4 => json!({"equals-ignore-case": list}),
        _ => json!({"wildcard": ["*/lib/*", wildcard(rng, text)]}),
    };
    json!({"anything-but": nested})
}

fn number_matcher(rng: &mut Rng, value: &Value) -> Value {
    let operator = *rng.pick(&["=", "<", "<=", ">", ">="]);
    let (lower, upper) = (*rng.pick(&[">", ">="]), *rng.pick(&["<", "<="]));
    let other = json!(rng.below(12));
    match rng.below(8) {
        0 => json!({"numeric": ["=", value]}),
        1 => json!({"numeric": [operator, value]}),
        2 => json!({"numeric": [operator, other]}),
        3 => json!({"numeric": [lower, value, upper, 1_000.5]}),
        4 => json!({"numeric": [lower, -1.25, upper, value]}),
        5 => json!({"anything-but": value}),
        6 => json!({"anything-but": [other, price(rng)]}),
        _ => value.clone(),
    }
}

/// A place between two characters.
fn cut(rng: &mut Rng, text: &str) -> usize {
    let places: Vec<usize> = text.char_indices().map(|(index, _)| index).chain([text.len()]).collect();
    *rng.pick(&places)
}

fn other_case(rng: &mut Rng, text: &str) -> String {
    match rng.below(3) {
        0 => text.to_uppercase(),
        1 => text.to_lowercase(),
        _ => text.to_owned(),
    }
}

/// The text with some of it given up for `*`.
fn wildcard(rng: &mut Rng, text: &str) -> String {
    let escaped = |text: &str| text.replace('\\', r"\\").replace('*', r"\*");
    let (head, rest) = text.split_at(cut(rng, text));
    let (_, tail) = rest.split_at(cut(rng, rest));
    match rng.below(4) {
        0 => format!("*{}", escaped(rest)),
        1 => format!("{}*", escaped(head)),
        2 => format!("{}*{}", escaped(head), escaped(tail)),
        _ => format!("*{}*", escaped(tail.split_at(cut(rng, tail)).0)),
    }
}
