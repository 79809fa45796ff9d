//! ops
fn main() {}
