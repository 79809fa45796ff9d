//! What one user may do, compared with `docs/limits.md`.

use testkit::limits::{assert_documented, parameter_default};

use crate::domain::attachment::{MAX_BYTES, MAX_FILES};

#[test]
fn the_documented_limits_are_those_of_the_service() {
    let changes = parameter_default(include_str!("../template.yaml"), "WritesPerMinute");
    let limits = [
        ("changes a minute", changes),
        ("attachments of an item", MAX_FILES as u64),
        ("bytes of an attachment", MAX_BYTES),
    ];
    assert_documented("todos", &limits);
}
