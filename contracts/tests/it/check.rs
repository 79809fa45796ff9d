//! The checks hold on this repository, and what can still reach a subscriber is read.

use contracts::{check, window};

use crate::repository::{describe, here, today};

#[test]
fn every_check_holds_on_this_repository() {
    let checked = check::run(&here(), today());
    let failures: Vec<String> = check::failures(&checked).map(|(rule, finding)| describe(rule, finding)).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
    assert!(checked.len() >= 30);
}

#[test]
fn every_subscriber_reads_what_can_reach_it() {
    let rows = window::of(&here(), today());
    let unread: Vec<_> = rows.iter().filter(|row| !row.holds()).collect();
    assert!(unread.is_empty(), "{unread:#?}");
    assert!(rows.iter().any(|row| row.event == "todos/TodoCompleted/v1" && row.jobs == ["todo-completed"]));
}
