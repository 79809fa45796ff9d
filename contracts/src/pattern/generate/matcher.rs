//! Random entries of a field's array.

use serde_json::{Value, json};

use super::dice::Dice;
use super::event::{FILES, WORDS, price};

const BLOCKS: [&str; 6] = ["10.0.0.0/24", "10.0.0.9/24", "10.0.0.0/31", "0.0.0.0/0", "2001:db8::/32", "::/1"];

/// One entry of a field's array, which mostly matches `value`.
pub(super) fn matcher(dice: &mut Dice, value: &Value) -> Value {
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
