//! Events that become inbox entries.

use serde_json::{Value, json};

use crate::function::{Answer, condition_failed, done, fixture, run};

const JOB: &str = "update-inbox";

/// Every event that becomes an inbox entry: its fixture, the kind of the entry, the name in its title, and whether it is
/// unread.
const EVENTS: [(&str, &str, &str, bool); 10] = [
    ("todo-created", "todo-created", "Buy milk", false),
    ("todo-changed", "todo-changed", "Buy oat milk", false),
    ("todo-completed", "todo-completed", "Buy oat milk", false),
    ("todo-reopened", "todo-reopened", "Buy oat milk", false),
    ("todo-deleted", "todo-deleted", "Buy oat milk", false),
    ("todo-due", "todo-due", "Buy oat milk", true),
    ("attachment-ready", "attachment-ready", "holiday.jpg", false),
    ("attachment-rejected", "attachment-rejected", "holiday.jpg", true),
    ("user-export-ready", "export-ready", "", true),
    ("user-registered", "welcome", "Ann", true),
];

const ANN: &str = "USER#0198c0de-0000-7000-8000-000000000001";

#[test]
fn an_event_becomes_one_row_that_no_other_event_writes() {
    for (name, kind, about, is_unread) in EVENTS {
        let event = fixture(name);
        let ran = run(JOB, &event, &[("PutItem", done())]);
        assert!(ran.outcome.is_ok(), "{name}: {ran:?}");
        assert_eq!(ran.operations(), ["PutItem"], "{name}: {ran:?}");
        let write = ran.bodies("PutItem")[0];
        assert_eq!(write["ConditionExpression"], json!("attribute_not_exists(pk)"));
        let (id, entry) = (event["detail"]["metadata"]["eventId"].as_str().unwrap(), &write["Item"]);
        assert_eq!(text(entry, "pk"), ANN);
        assert_eq!(text(entry, "sk"), format!("INBOX#{id}"));
        assert_eq!((text(entry, "kind"), text(entry, "about")), (kind, about));
        let occurred_at = &event["detail"]["metadata"]["occurredAt"];
        assert_eq!(&entry["occurredAt"]["S"], occurred_at);
        assert_eq!(entry["todoId"]["S"], event["detail"]["data"]["todoId"]);
        let (unread, read) = (entry["byUnread"]["S"].as_str(), &entry["readAt"]["S"]);
        let expected = if is_unread { (Some(text(entry, "sk")), &Value::Null) } else { (None, occurred_at) };
        assert_eq!((unread, read), expected, "{name}");
    }
}

#[test]
fn an_entry_expires_after_the_retention_of_the_inbox() {
    let now = lambda_kit::clock::now().as_second();
    let ran = run(JOB, &fixture("todo-due"), &[("PutItem", done())]);
    let expires_at: i64 = ran.bodies("PutItem")[0]["Item"]["expiresAt"]["N"].as_str().unwrap().parse().unwrap();
    let days = (expires_at - now) / (24 * 60 * 60);
    assert_eq!(days, 90, "{expires_at}");
}

#[test]
fn typed_text_makes_no_entry() {
    for changed in [json!(["title"]), json!(["notes"]), json!(["title", "notes"])] {
        let mut event = fixture("todo-changed");
        event["detail"]["data"]["changed"] = changed;
        let ran = run(JOB, &event, &[]);
        assert!(ran.outcome.is_ok() && ran.calls.is_empty(), "{ran:?}");
    }
}

#[test]
fn a_repeated_event_is_no_failure() {
    let ran = run(JOB, &fixture("todo-created"), &[("PutItem", condition_failed(&json!({})))]);
    assert!(ran.outcome.is_ok(), "{ran:?}");
    assert_eq!(ran.calls.len(), 1);
}

#[test]
fn a_refusal_of_the_table_fails_as_table_failed() {
    let denied = Answer::Json(400, json!({"__type": "AccessDeniedException", "message": "no"}));
    let ran = run(JOB, &fixture("todo-created"), &[("PutItem", denied)]);
    assert_eq!(ran.error_type(), "TableFailed", "{ran:?}");
}

#[test]
fn fields_that_the_job_does_not_read_may_be_added_and_removed() {
    let mut event = fixture("todo-created");
    let data = event["detail"]["data"].as_object_mut().unwrap();
    data.remove("tags");
    data.remove("priority");
    data.insert("colour".to_owned(), json!("green"));
    let ran = run(JOB, &event, &[("PutItem", done())]);
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
