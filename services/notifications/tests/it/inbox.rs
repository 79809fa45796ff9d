//! Events that become inbox entries.

use serde_json::{Value, json};

use crate::function::{Answer, cancelled, done, fixture, run};

/// Every job that feeds the inbox: its event, the kind of its entry, and what its line names.
const JOBS: [(&str, &str, &str); 9] = [
    ("todo-created", "todo-created", "Buy milk"),
    ("todo-changed", "todo-changed", "Buy oat milk"),
    ("todo-completed", "todo-completed", "Buy oat milk"),
    ("todo-reopened", "todo-reopened", "Buy oat milk"),
    ("todo-deleted", "todo-deleted", "Buy oat milk"),
    ("todo-due", "todo-due", "Buy oat milk"),
    ("attachment-ready", "attachment-ready", "holiday.jpg"),
    ("attachment-rejected", "attachment-rejected", "holiday.jpg"),
    ("user-registered", "welcome", "Ann"),
];

const ANN: &str = "USER#0198c0de-0000-7000-8000-000000000001";

#[test]
fn an_event_is_claimed_told_and_counted_in_one_transaction() {
    for (job, kind, about) in JOBS {
        let event = fixture(job);
        let ran = run(job, &event, &[("TransactWriteItems", done())]);
        assert!(ran.outcome.is_ok(), "{job}: {ran:?}");
        let [writes] = ran.bodies("TransactWriteItems")[..] else {
            panic!("{job}: {ran:?}");
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
    let ran = run("todo-created", &fixture("todo-created"), &[("TransactWriteItems", refused)]);
    assert!(ran.outcome.is_ok(), "{ran:?}");
}

#[test]
fn a_repeat_that_meets_another_event_is_still_a_repeat() {
    let refused = cancelled(&["ConditionalCheckFailed", "None", "TransactionConflict"]);
    let ran = run("todo-created", &fixture("todo-created"), &[("TransactWriteItems", refused)]);
    assert!(ran.outcome.is_ok(), "{ran:?}");
    assert_eq!(ran.calls.len(), 1);
}

#[test]
fn events_that_meet_in_one_inbox_are_tried_again() {
    let conflict = || ("TransactWriteItems", cancelled(&["None", "None", "TransactionConflict"]));
    let script = [conflict(), conflict(), ("TransactWriteItems", done())];
    let ran = run("todo-created", &fixture("todo-created"), &script);
    assert!(ran.outcome.is_ok(), "{ran:?}");
    assert_eq!(ran.calls.len(), 3);
}

#[test]
fn an_inbox_that_stays_contended_fails_by_that_name() {
    let conflict = || ("TransactWriteItems", cancelled(&["None", "None", "TransactionConflict"]));
    let ran = run("todo-created", &fixture("todo-created"), &[(); 8].map(|()| conflict()));
    assert_eq!(ran.error_type(), "TableContended", "{ran:?}");
}

#[test]
fn a_table_that_refuses_fails_by_that_name() {
    let denied = Answer::Json(400, json!({"__type": "AccessDeniedException", "message": "no"}));
    let ran = run("todo-created", &fixture("todo-created"), &[("TransactWriteItems", denied)]);
    assert_eq!(ran.error_type(), "TableFailed", "{ran:?}");
}

#[test]
fn fields_that_nobody_here_reads_may_come_and_go() {
    let mut event = fixture("todo-created");
    let data = event["detail"]["data"].as_object_mut().unwrap();
    data.remove("tags");
    data.remove("priority");
    data.insert("colour".to_owned(), json!("green"));
    let ran = run("todo-created", &event, &[("TransactWriteItems", done())]);
    assert!(ran.outcome.is_ok(), "{ran:?}");
}

#[test]
fn another_event_than_the_rule_promised_touches_nothing() {
    let ran = run("todo-created", &fixture("todo-deleted"), &[]);
    assert_eq!(ran.error_type(), "EventUnreadable");
    assert_eq!(ran.calls.len(), 0);
}

fn text<'a>(item: &'a Value, name: &str) -> &'a str {
    item[name]["S"].as_str().unwrap_or_else(|| panic!("{name} in {item}"))
}
