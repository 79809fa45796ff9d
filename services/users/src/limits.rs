//! What one user may do, compared with `docs/limits.md`.

use testkit::limits::{assert_documented, parameter_default};

use crate::domain::export::MAX_EXPORTS_PER_DAY;

#[test]
fn the_documented_limits_are_those_of_the_service() {
    let changes = parameter_default(include_str!("../template.yaml"), "WritesPerMinute");
    assert_documented("users", &[("changes a minute", changes), ("exports a day", MAX_EXPORTS_PER_DAY as u64)]);
}
