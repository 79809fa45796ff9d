#![no_main]

#[path = "../../../lambda-kit/tests/it/parsers.rs"]
#[allow(dead_code, reason = "one function a target")]
mod parsers;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| parsers::cursor(bytes));
