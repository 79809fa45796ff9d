//! Mutations of a pattern that EventBridge refuses.

use serde_json::{Value, json};

use super::rng::Rng;

/// Puts a value into the pattern that EventBridge refuses.
pub(super) fn mutate(rng: &mut Rng, pattern: &mut Value) {
    let invalid = [
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
    let place = *rng.pick(&["source", "detail"]);
    let part = rng.pick(&invalid).clone();
    if place == "detail" {
        pattern["detail"]["invalid"] = part;
    } else {
        pattern["source"] = part;
    }
}
