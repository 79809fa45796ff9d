//! Output of passing tests.

use std::io::{Write, stdout};

/// Prints lines whether the test passes or fails: the test harness captures `println!`, but not direct writes.
pub fn print(text: &str) {
    stdout().lock().write_all(format!("{text}\n").as_bytes()).expect("standard output that can be written");
}
