//! Schedules of items with a due time in the past, after a change in the table's stream.

use serde_json::json;
use testkit::aws::{Answer, done, not_in_the_script};
use testkit::function::Ran;

use crate::FUNCTIONS;

const TODO: &str = "0198c0de-0000-7000-8000-0000000000aa";
const OWNER: &str = "0198c0de-0000-7000-8000-000000000001";
const DUE: &str = "2026-01-01T12:00:00Z";

/// Runs the job with a change at `updated` of an item that is due at [`DUE`], while its schedule is for `planned`.
fn run_after_change(updated: &str, planned: Option<&'static str>) -> Ran {
    let text = |text: &str| json!({"S": text});
    let item = json!({
        "pk": text(&format!("USER#{OWNER}")), "sk": text(&format!("TODO#{TODO}")), "byStatus": text("open"),
        "id": text(TODO), "owner": text(OWNER), "title": text("Buy milk"), "dueAt": text(DUE),
        "priority": text("normal"), "tags": {"L": []}, "createdAt": text("2026-01-01T11:00:00Z"),
        "updatedAt": text(updated), "version": {"N": "2"},
    });
    let keys = json!({"pk": item["pk"], "sk": item["sk"]});
    let change = json!({"Keys": keys, "NewImage": item, "SequenceNumber": "1", "SizeBytes": 1});
    let record = json!({"eventID": "1", "eventName": "MODIFY", "awsRegion": "eu-west-1", "dynamodb": change});
    FUNCTIONS.run("schedule", &json!({ "Records": [record] }), move |call| {
        match (call.operation.as_str(), call.method.as_str()) {
            ("GetItem", _) => Answer::Json(200, json!({"Item": item})),
            (_, "GET") => planned.map_or_else(not_found, schedule_for),
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

fn not_found() -> Answer {
    Answer::Json(404, json!({"__type": "ResourceNotFoundException", "Message": "there is no such schedule"}))
}

/// The calls of Scheduler.
fn calls(ran: &Ran) -> Vec<&str> {
    assert_eq!(ran.outcome, Ok(json!({"batchItemFailures": []})), "{ran:?}");
    let calls = ran.calls.iter().filter(|call| call.path.contains("/schedules/"));
    calls.map(|call| call.method.as_str()).collect()
}

#[test]
fn a_change_after_the_due_time_keeps_the_existing_schedule() {
    assert_eq!(calls(&run_after_change("2026-01-01T13:00:00Z", Some(DUE))), ["GET"]);
}

#[test]
fn a_due_time_that_is_moved_into_the_past_removes_the_schedule() {
    assert_eq!(calls(&run_after_change("2026-01-01T13:00:00Z", Some("2199-01-01T00:00:00Z"))), ["GET", "DELETE"]);
}

#[test]
fn a_due_time_that_had_passed_when_it_was_set_gets_no_schedule() {
    assert_eq!(calls(&run_after_change("2026-01-01T13:00:00Z", None)), ["GET"]);
}

#[test]
fn a_due_time_that_was_upcoming_gets_a_schedule_however_late_the_stream_is() {
    assert_eq!(calls(&run_after_change("2026-01-01T11:00:00Z", None)), ["POST"]);
}

#[test]
fn a_schedule_with_invalid_input_is_removed() {
    assert_eq!(calls(&run_after_change("2026-01-01T13:00:00Z", Some("soon"))), ["GET", "DELETE"]);
}
