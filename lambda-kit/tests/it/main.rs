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
fn a_cursor_withstands_hostile_bytes() {
    withstands(parsers::cursor, "cursor");
}

#[test]
fn if_match_withstands_hostile_bytes() {
    withstands(parsers::if_match, "if_match");
}

#[test]
fn claims_withstand_hostile_bytes() {
    withstands(parsers::claims, "claims");
}

#[test]
fn request_headers_withstand_hostile_bytes() {
    withstands(parsers::request_headers, "request_headers");
}

#[test]
fn a_limit_withstands_hostile_bytes() {
    withstands(parsers::limit, "limit");
}

#[test]
fn a_stream_batch_withstands_hostile_bytes() {
    withstands(parsers::stream_batch, "stream_batch");
}
