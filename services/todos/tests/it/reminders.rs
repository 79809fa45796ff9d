//! Schedules of items whose due time is over when the table's stream tells of them.

use serde_json::json;
use testkit::aws::{Answer, done, not_in_the_script};
use testkit::function::Ran;

use crate::FUNCTIONS;

const TODO: &str = "0198c0de-0000-7000-8000-0000000000aa";
const OWNER: &str = "0198c0de-0000-7000-8000-000000000001";
const DUE: &str = "2026-01-01T12:00:00Z";

/// Tells the job of an item that is due at [`DUE`], as a change at `updated` left it, while its schedule is for
/// `planned`.
fn told(updated: &str, planned: Option<&'static str>) -> Ran {
    let text = |text: &str| json!({"S": text});
    let item = json!({
        "pk": text(&format!("USER#{OWNER}")), "sk": text(&format!("TODO#{TODO}")), "byStatus": text("open"),
        "id": text(TODO), "owner": text(OWNER), "title": text("Buy milk"), "dueAt": text(DUE),
        "priority": text("normal"), "tags": {"L": []}, "createdAt": text("2026-01-01T11:00:00Z"),
        "updatedAt": text(updated), "version": {"N": "2"},
    });
    let keys = json!({"pk": item["pk"], "sk": item["sk"]});
    let change = json!({"Keys": keys, "NewImage": item, "SequenceNumber": "1"});
    FUNCTIONS.run("schedule", &json!({"Records": [{"eventName": "MODIFY", "dynamodb": change}]}), move |call| {
        match (call.operation.as_str(), call.method.as_str()) {
            ("GetItem", _) => Answer::Json(200, json!({"Item": item})),
            (_, "GET") => planned.map_or_else(gone, schedule_for),
            (_, "DELETE" | "POST") => done(),
            _ => not_in_the_script(),
        }
    })
}

fn schedule_for(due: &str) -> Answer {
    let input = json!({"todoId": TODO, "ownerId": OWNER, "dueAt": due}).to_string();
    let target =
        json!({"Arn": "arn:aws:lambda:eu-west-1:123456789012:function:remind", "RoleArn": "r", "Input": input});
    Answer::Json(200, json!({"Name": TODO, "Target": target}))
}

fn gone() -> Answer {
    Answer::Json(404, json!({"__type": "ResourceNotFoundException", "Message": "there is none"}))
}

/// The calls of Scheduler.
fn calls(ran: &Ran) -> Vec<&str> {
    assert_eq!(ran.outcome, Ok(json!({"batchItemFailures": []})), "{ran:?}");
    let calls = ran.calls.iter().filter(|call| call.path.contains("/schedules/"));
    calls.map(|call| call.method.as_str()).collect()
}

#[test]
fn a_change_after_the_due_time_leaves_the_reminder_that_is_on_its_way() {
    assert_eq!(calls(&told("2026-01-01T13:00:00Z", Some(DUE))), ["GET"]);
}

#[test]
fn a_due_time_that_is_moved_into_the_past_takes_the_reminder_away() {
    assert_eq!(calls(&told("2026-01-01T13:00:00Z", Some("2199-01-01T00:00:00Z"))), ["GET", "DELETE"]);
}

#[test]
fn a_due_time_that_was_over_when_it_was_set_gets_no_reminder() {
    assert_eq!(calls(&told("2026-01-01T13:00:00Z", None)), ["GET"]);
}

#[test]
fn a_due_time_that_was_to_come_gets_its_reminder_however_late_the_stream_is() {
    assert_eq!(calls(&told("2026-01-01T11:00:00Z", None)), ["POST"]);
}

#[test]
fn a_schedule_that_nobody_can_read_goes() {
    assert_eq!(calls(&told("2026-01-01T13:00:00Z", Some("soon"))), ["GET", "DELETE"]);
}
