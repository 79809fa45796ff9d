//! services/users
fn main() {}
