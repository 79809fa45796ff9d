//! Events that become inbox entries.

use serde_json::{Value, json};

use crate::function::{Answer, cancelled, done, fixture, run};

const JOB: &str = "update-inbox";

/// Every event that becomes an inbox entry: its fixture, the kind of the entry, and the name in its title.
const EVENTS: [(&str, &str, &str); 10] = [
    ("todo-created", "todo-created", "Buy milk"),
    ("todo-changed", "todo-changed", "Buy oat milk"),
    ("todo-completed", "todo-completed", "Buy oat milk"),
    ("todo-reopened", "todo-reopened", "Buy oat milk"),
    ("todo-deleted", "todo-deleted", "Buy oat milk"),
    ("todo-due", "todo-due", "Buy oat milk"),
    ("attachment-ready", "attachment-ready", "holiday.jpg"),
    ("attachment-rejected", "attachment-rejected", "holiday.jpg"),
    ("user-export-ready", "export-ready", ""),
    ("user-registered", "welcome", "Ann"),
];

const ANN: &str = "USER#0198c0de-0000-7000-8000-000000000001";

#[test]
fn an_event_is_claimed_added_and_counted_in_one_transaction() {
    for (name, kind, about) in EVENTS {
        let event = fixture(name);
        let ran = run(JOB, &event, &[("TransactWriteItems", done())]);
        assert!(ran.outcome.is_ok(), "{name}: {ran:?}");
        let [writes] = ran.bodies("TransactWriteItems")[..] else {
            panic!("{name}: {ran:?}");
        };
        let id = event["detail"]["metadata"]["eventId"].as_str().unwrap();
        let items = &writes["TransactItems"];
        assert_eq!(items[0]["Put"]["Item"]["pk"]["S"], json!(format!("CLAIM#inbox#{id}")));
        assert_eq!(items[0]["Put"]["ConditionExpression"], json!("attribute_not_exists(pk)"));
        let entry = &items[1]["Put"]["Item"];
        assert_eq!(text(entry, "pk"), ANN);
        assert_eq!(text(entry, "sk"), format!("INBOX#{id}"));
        assert_eq!(text(entry, "byUnread"), format!("INBOX#{id}"));
        assert_eq!((text(entry, "kind"), text(entry, "about")), (kind, about));
        assert_eq!(entry["occurredAt"]["S"], event["detail"]["metadata"]["occurredAt"]);
        assert_eq!(entry["todoId"]["S"], event["detail"]["data"]["todoId"]);
        let count = &items[2]["Update"];
        assert_eq!((text(&count["Key"], "pk"), text(&count["Key"], "sk")), (ANN, "UNREAD"));
        assert_eq!(count["ExpressionAttributeValues"][":change"]["N"], json!("1"));
    }
}

#[test]
fn a_repeated_event_is_no_failure() {
    let refused = cancelled(&["ConditionalCheckFailed", "None", "None"]);
    let ran = run(JOB, &fixture("todo-created"), &[("TransactWriteItems", refused)]);
    assert!(ran.outcome.is_ok(), "{ran:?}");
}

#[test]
fn a_repeat_during_a_conflict_with_another_event_is_still_a_repeat() {
    let refused = cancelled(&["ConditionalCheckFailed", "None", "TransactionConflict"]);
    let ran = run(JOB, &fixture("todo-created"), &[("TransactWriteItems", refused)]);
    assert!(ran.outcome.is_ok(), "{ran:?}");
    assert_eq!(ran.calls.len(), 1);
}

#[test]
fn conflicts_with_other_events_of_the_same_inbox_are_retried() {
    let conflict = || ("TransactWriteItems", cancelled(&["None", "None", "TransactionConflict"]));
    let script = [conflict(), conflict(), ("TransactWriteItems", done())];
    let ran = run(JOB, &fixture("todo-created"), &script);
    assert!(ran.outcome.is_ok(), "{ran:?}");
    assert_eq!(ran.calls.len(), 3);
}

#[test]
fn too_many_conflicts_fail_as_table_contended() {
    let conflict = || ("TransactWriteItems", cancelled(&["None", "None", "TransactionConflict"]));
    let ran = run(JOB, &fixture("todo-created"), &[(); 8].map(|()| conflict()));
    assert_eq!(ran.error_type(), "TableContended", "{ran:?}");
}

#[test]
fn a_refusal_of_the_table_fails_as_table_failed() {
    let denied = Answer::Json(400, json!({"__type": "AccessDeniedException", "message": "no"}));
    let ran = run(JOB, &fixture("todo-created"), &[("TransactWriteItems", denied)]);
    assert_eq!(ran.error_type(), "TableFailed", "{ran:?}");
}

#[test]
fn fields_that_the_job_does_not_read_may_be_added_and_removed() {
    let mut event = fixture("todo-created");
    let data = event["detail"]["data"].as_object_mut().unwrap();
    data.remove("tags");
    data.remove("priority");
    data.insert("colour".to_owned(), json!("green"));
    let ran = run(JOB, &event, &[("TransactWriteItems", done())]);
    assert!(ran.outcome.is_ok(), "{ran:?}");
}

#[test]
fn an_event_that_the_job_does_not_subscribe_to_changes_nothing() {
    let ran = run(JOB, &fixture("user-profile-changed"), &[]);
    assert_eq!(ran.error_type(), "EventUnreadable");
    assert_eq!(ran.calls.len(), 0);
}

fn text<'a>(item: &'a Value, name: &str) -> &'a str {
    item[name]["S"].as_str().unwrap_or_else(|| panic!("{name} in {item}"))
}
