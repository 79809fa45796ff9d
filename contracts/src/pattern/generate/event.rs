//! Random events for patterns to match.

use serde_json::{Value, json};

use super::rng::Rng;

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

pub(super) fn event(rng: &mut Rng) -> Value {
    let mut event = json!({
        "version": "0",
        "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
        "detail-type": *rng.pick(&["Created.v1", "Completed.v1"]),
        "source": *rng.pick(&["busline.a", "busline.b"]),
        "account": "111122223333",
        "time": "2026-11-21T18:43:48Z",
        "region": "eu-west-1",
        "resources": (0..rng.below(3)).map(|number| format!("arn:aws:x:::{number}")).collect::<Vec<_>>(),
        "detail": detail(rng),
    });
    if rng.one_in(4) {
        event["replay-name"] = json!("replay-1");
    }
    event
}

fn detail(rng: &mut Rng) -> Value {
    let items: Vec<Value> = (0..rng.below(4)).map(|_| item(rng)).collect();
    let labels: Vec<Value> = (0..rng.below(4)).map(|_| scalar(rng)).collect();
    let mut detail = json!({
        "state": *rng.pick(&WORDS),
        "file": *rng.pick(&FILES),
        "address": *rng.pick(&ADDRESSES),
        "count": rng.below(12),
        "price": price(rng),
        "flag": rng.one_in(2),
        "nothing": null,
        "labels": labels,
        "owner": {"name": *rng.pick(&WORDS), "role": *rng.pick(&["admin", "guest"])},
        "items": items,
    });
    corrupt_a_field(rng, &mut detail);
    if rng.one_in(12)
        && let Some(owner) = detail.as_object_mut().and_then(|fields| fields.remove("owner"))
    {
        detail["owner.name"] = owner["name"].clone();
    }
    detail
}

fn item(rng: &mut Rng) -> Value {
    let parts: Vec<Value> =
        (0..rng.below(3)).map(|_| json!({"id": rng.below(4), "kind": *rng.pick(&["bolt", "nut"])})).collect();
    let mut item = json!({"sku": *rng.pick(&["s-1", "s-2", "t-1"]), "quantity": rng.below(5), "parts": parts});
    corrupt_a_field(rng, &mut item);
    item
}

/// Takes a field away, or gives it a value of another type.
fn corrupt_a_field(rng: &mut Rng, object: &mut Value) {
    let Some(fields) = object.as_object_mut() else { return };
    let names: Vec<String> = fields.keys().cloned().collect();
    for name in names {
        match rng.below(14) {
            0 => {
                fields.remove(&name);
            }
            1 => {
                fields.insert(name, odd(rng));
            }
            _ => {}
        }
    }
}

fn odd(rng: &mut Rng) -> Value {
    match rng.below(8) {
        0 => json!([]),
        1 => json!({}),
        2 => json!([[scalar(rng)], scalar(rng), {"name": scalar(rng), "sku": "s-1"}]),
        3 => json!({"name": {"deeper": 1}}),
        _ => scalar(rng),
    }
}

pub(super) fn scalar(rng: &mut Rng) -> Value {
    match rng.below(8) {
        0 => Value::Null,
        1 => json!(rng.one_in(2)),
        2 => json!(rng.below(12)),
        3 => price(rng),
        4 => json!(*rng.pick(&ADDRESSES)),
        _ => json!(*rng.pick(&WORDS)),
    }
}

/// Whole and fractional numbers, at the limits too, with at most six decimals.
pub(super) fn price(rng: &mut Rng) -> Value {
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
    rng.pick(&numbers).clone()
}
