//! What one user may do, compared with `docs/limits.md`.

use testkit::limits::{assert_documented, parameter_default};

use crate::domain::email::reminder::MAX_REMINDERS_PER_DAY;
use crate::domain::live::MAX_CONNECTIONS_PER_USER;

#[test]
fn the_documented_limits_are_those_of_the_service() {
    let template = include_str!("../template.yaml");
    let limits = [
        ("changes a minute", parameter_default(template, "WritesPerMinute")),
        ("marking all as read, a minute", parameter_default(template, "ReadAllPerMinute")),
        ("reminder emails a day", MAX_REMINDERS_PER_DAY as u64),
        ("open connections", MAX_CONNECTIONS_PER_USER as u64),
        ("days that an inbox entry is kept", parameter_default(template, "InboxRetentionDays")),
    ];
    assert_documented("notifications", &limits);
}
