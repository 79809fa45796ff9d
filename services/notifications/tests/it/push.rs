//! Live push: which connections receive a message, which are removed, and which make the job fail.

use serde_json::{Value, json};

use crate::function::{Answer, Ran, condition_failed, done, fixture, run};

const ANN: &str = "0198c0de-0000-7000-8000-000000000001";
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

fn connect(script: &[(&str, Answer)]) -> Ran {
    let authorizer = json!({"principalId": ANN, "sub": ANN, "exp": "4102444800"});
    let context = json!({"connectionId": "new", "connectedAt": 0, "requestTimeEpoch": 0, "authorizer": authorizer});
    run("connect", &json!({ "requestContext": context }), script)
}

fn rows(connections: &[Value]) -> Answer {
    Answer::Json(200, json!({ "Items": connections }))
}

#[test]
fn a_connection_that_loses_its_slot_takes_another_one() {
    let taken = condition_failed(&Value::Null);
    let script = [("Query", rows(&[])), ("PutItem", taken), ("Query", rows(&[])), ("PutItem", done())];
    let ran = connect(&script);
    assert_eq!(ran.outcome.as_ref().unwrap()["statusCode"], 200, "{ran:?}");
    for put in ran.bodies("PutItem") {
        assert_eq!(put["ConditionExpression"], "attribute_not_exists(pk) OR id = :id");
    }
    assert_eq!(ran.operations(), ["Query", "PutItem", "Query", "PutItem"]);
}

#[test]
fn a_connection_above_the_limit_takes_the_slot_of_the_oldest_and_closes_it() {
    let connections: Vec<Value> = (0..20)
        .map(|number| {
            let mut row = connection(&format!("{number:02}"), if number == 7 { LONG_AGO } else { PAST }, FAR_AHEAD);
            row["id"]["S"] = json!(format!("c{number}"));
            row
        })
        .collect();
    let close = "DELETE /sockets/@connections/c7";
    let ran = connect(&[("Query", rows(&connections)), ("PutItem", done()), (close, done())]);
    assert_eq!(ran.outcome.as_ref().unwrap()["statusCode"], 200, "{ran:?}");
    assert_eq!(ran.operations(), ["Query", "PutItem", close]);
    let put = ran.bodies("PutItem")[0];
    assert_eq!((&put["Item"]["sk"]["S"], &put["Item"]["id"]["S"]), (&json!("CONNECTION#07"), &json!("new")));
    assert_eq!(put["ConditionExpression"], "id = :replaced OR id = :id");
    assert_eq!(put["ExpressionAttributeValues"][":replaced"]["S"], "c7");
}

#[test]
fn the_end_of_a_replaced_connection_removes_no_other() {
    let event = |id: &str| {
        let authorizer = json!({"principalId": ANN, "sub": ANN, "exp": "4102444800"});
        json!({"requestContext": {"connectionId": id, "connectedAt": 0, "requestTimeEpoch": 0, "authorizer": authorizer}})
    };
    let open = [connection("a", LONG_AGO, FAR_AHEAD)];
    let ran = run("disconnect", &event("replaced"), &[("Query", rows(&open))]);
    assert!(ran.outcome.is_ok() && ran.operations() == ["Query"], "{ran:?}");
    let ran = run("disconnect", &event("a"), &[("Query", rows(&open)), ("DeleteItem", condition_failed(&Value::Null))]);
    assert!(ran.outcome.is_ok(), "{ran:?}");
    let delete = ran.bodies("DeleteItem")[0];
    assert_eq!(
        (&delete["Key"]["sk"]["S"], &delete["ConditionExpression"]),
        (&json!("CONNECTION#a"), &json!("id = :id"))
    );
}
