//! Random events.

use serde_json::{Value, json};

use super::dice::Dice;

pub(super) const WORDS: [&str; 16] = [
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
pub(super) const FILES: [&str; 6] = ["dir/a.png", "dir/b.PNG", "dir/sub/c.txt", "/usr/lib/x.so", "/usr/bin/*", "png"];
const ADDRESSES: [&str; 8] =
    ["10.0.0.1", "10.0.0.255", "10.0.1.0", "192.168.0.7", "2001:db8::1", "2001:db8:1::", "10.0.0", "::1"];

pub(super) fn event(dice: &mut Dice) -> Value {
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

pub(super) fn scalar(dice: &mut Dice) -> Value {
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
pub(super) fn price(dice: &mut Dice) -> Value {
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
