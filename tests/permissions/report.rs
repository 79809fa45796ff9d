//! What a passing test has to say: the harness shows what is written past its capture alone.

use std::io::{Write, stdout};

/// Prints lines whether the test passes or not.
pub(crate) fn print(text: &str) {
    stdout().lock().write_all(format!("{text}\n").as_bytes()).expect("standard output takes text");
}
