//! The parsers of outside bytes, under hostile input.

#[path = "../../../tests/fuzz/generator.rs"]
#[cfg(test)]
mod generator;
#[cfg(test)]
mod parsers;

use std::path::Path;

const CASES: usize = 20_000;

fn withstands(target: fn(&[u8]), seeds: &str) {
    generator::drive(target, &Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fuzz/seeds").join(seeds), CASES);
}

#[test]
fn an_envelope_withstands_hostile_bytes() {
    withstands(parsers::envelope, "envelope");
}

#[test]
fn a_traceparent_withstands_hostile_bytes() {
    withstands(parsers::traceparent, "traceparent");
}
