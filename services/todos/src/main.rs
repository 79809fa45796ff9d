//! services/todos
fn main() {}
