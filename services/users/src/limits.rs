//! What one user may do, compared with `docs/limits.md`.

use testkit::limits::{assert_documented, parameter_default};

use crate::domain::export::MAX_EXPORTS_PER_DAY;

const TEMPLATE: &str = include_str!("../template.yaml");

#[test]
fn the_documented_limits_are_those_of_the_service() {
    let limits = [
        ("changes a minute", parameter_default(TEMPLATE, "WritesPerMinute")),
        ("profile changes a minute", parameter_default(TEMPLATE, "ProfileChangesPerMinute")),
        ("exports a day", MAX_EXPORTS_PER_DAY as u64),
        ("minutes that a token is valid", parameter_default(TEMPLATE, "TokenMinutes")),
    ];
    assert_documented("users", &limits);
}

#[test]
fn access_and_id_tokens_are_valid_for_as_many_minutes_as_documented() {
    for setting in [
        "AccessTokenValidity: !Ref TokenMinutes",
        "IdTokenValidity: !Ref TokenMinutes",
        "TokenValidityUnits: {AccessToken: minutes, IdToken: minutes,",
    ] {
        assert!(TEMPLATE.contains(setting), "{setting}");
    }
}
