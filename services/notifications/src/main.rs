//! services/notifications
fn main() {}
