//! Live push: which connections receive a message, which are removed, and which make the job fail.

use serde_json::{Value, json};

use crate::function::{Answer, Ran, done, fixture, run};

const LONG_AGO: &str = "2026-01-01T00:00:00Z";
const FAR_AHEAD: &str = "2100-01-01T00:00:00Z";
const PAST: &str = "2026-01-01T01:00:00Z";

fn connection(id: &str, connected_at: &str, ends_at: &str) -> Value {
    json!({
        "pk": {"S": "USER#u"}, "sk": {"S": format!("CONNECTION#{id}")}, "id": {"S": id},
        "connectedAt": {"S": connected_at}, "endsAt": {"S": ends_at}, "expiresAt": {"N": "4102448400"},
    })
}

fn gone() -> Answer {
    Answer::Json(410, json!({"__type": "GoneException"}))
}

fn forbidden() -> Answer {
    Answer::Json(403, json!({"__type": "ForbiddenException"}))
}

/// Pushes the event of a created item to these connections, each with its scripted answer.
fn pushed(connections: &[(Value, Answer)]) -> Ran {
    let rows: Vec<&Value> = connections.iter().map(|(row, _)| row).collect();
    let paths: Vec<String> = rows.iter().map(|row| path(row["id"]["S"].as_str().unwrap())).collect();
    let mut script = vec![("Query", Answer::Json(200, json!({ "Items": rows })))];
    script.extend(paths.iter().map(String::as_str).zip(connections.iter().map(|(_, answer)| answer.clone())));
    let ends: Vec<String> = paths.iter().map(|path| path.replace("POST", "DELETE")).collect();
    script.extend(ends.iter().map(|path| (path.as_str(), done())));
    script.extend([("DeleteItem", done()), ("DeleteItem", done())]);
    run("push-changes", &fixture("todo-created"), &script)
}

fn path(id: &str) -> String {
    format!("POST /sockets/@connections/{id}")
}

#[test]
fn every_connection_receives_the_event() {
    let ran = pushed(&[(connection("a", LONG_AGO, FAR_AHEAD), done()), (connection("b", LONG_AGO, FAR_AHEAD), done())]);
    assert!(ran.outcome.is_ok(), "{ran:?}");
    let event = fixture("todo-created");
    for id in ["a", "b"] {
        let received = ran.bodies(&path(id));
        assert_eq!(received.len(), 1, "{ran:?}");
        assert_eq!((&received[0]["type"], &received[0]["data"]), (&json!("TodoCreated"), &event["detail"]["data"]));
    }
}

#[test]
fn a_connection_that_has_ended_is_removed_and_the_others_receive_the_event() {
    let ran = pushed(&[(connection("a", LONG_AGO, FAR_AHEAD), gone()), (connection("b", LONG_AGO, FAR_AHEAD), done())]);
    assert!(ran.outcome.is_ok(), "{ran:?}");
    let removed = ran.bodies("DeleteItem");
    assert_eq!(removed.len(), 1, "{ran:?}");
    assert_eq!(removed[0]["Key"]["sk"]["S"], "CONNECTION#a");
}

#[test]
fn a_connection_that_is_about_to_open_is_not_removed() {
    let ran = pushed(&[(connection("a", &lambda_kit::clock::now().to_string(), FAR_AHEAD), gone())]);
    assert!(ran.outcome.is_ok(), "{ran:?}");
    assert!(ran.bodies("DeleteItem").is_empty(), "{ran:?}");
}

#[test]
fn a_connection_with_an_expired_token_is_closed_without_a_message() {
    let ran = pushed(&[(connection("a", LONG_AGO, PAST), done())]);
    assert!(ran.outcome.is_ok(), "{ran:?}");
    assert_eq!(ran.operations(), ["Query", "DELETE /sockets/@connections/a", "DeleteItem"]);
    assert_eq!(ran.bodies("DeleteItem")[0]["Key"]["sk"]["S"], "CONNECTION#a");
}

#[test]
fn an_unreachable_connection_fails_the_job_after_the_others_have_received_the_event() {
    let ran =
        pushed(&[(connection("a", LONG_AGO, FAR_AHEAD), forbidden()), (connection("b", LONG_AGO, FAR_AHEAD), done())]);
    assert_eq!(ran.error_type(), "NotDelivered");
    assert_eq!(ran.bodies(&path("b")).len(), 1, "{ran:?}");
    assert!(ran.bodies("DeleteItem").is_empty(), "{ran:?}");
    assert!(!ran.logs.contains("Buy"), "a log has the title of an item: {}", ran.logs);
}
