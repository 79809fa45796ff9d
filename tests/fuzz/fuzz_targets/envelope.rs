#![no_main]

#[path = "../../../events/tests/it/parsers.rs"]
#[allow(dead_code, reason = "one function a target")]
mod parsers;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| parsers::envelope(bytes));
