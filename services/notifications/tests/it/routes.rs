//! HTTP requests to the routes, and their responses.

use serde_json::{Value, json};

use crate::function::{Answer, Ran, cancelled, done, fixture, run};

fn entry(read: &Value) -> Value {
    let mut item = json!({
        "pk": {"S": "USER#0198c0de-0000-7000-8000-000000000001"},
        "sk": {"S": "INBOX#019aa577-9e03-7c1d-b5ac-0a1a5e31f003"},
        "id": {"S": "019aa577-9e03-7c1d-b5ac-0a1a5e31f003"},
        "owner": {"S": "0198c0de-0000-7000-8000-000000000001"},
        "kind": {"S": "todo-completed"},
        "title": {"S": "You completed “Buy oat milk”"},
        "todoId": {"S": "0198c0de-0000-7000-8000-0000000000aa"},
        "occurredAt": {"S": "2026-11-21T09:30:00.123Z"},
    });
    let (name, value) = match read {
        Value::Null => ("byUnread", item["sk"].clone()),
        at => ("readAt", json!({"S": at})),
    };
    item[name] = value;
    item
}

fn answered(ran: &Ran) -> (u64, Value) {
    let answer = ran.outcome.as_ref().unwrap();
    let body = answer["body"].as_str().unwrap();
    (answer["statusCode"].as_u64().unwrap(), serde_json::from_str(body).unwrap())
}

fn found(item: &Value) -> Answer {
    Answer::Json(200, json!({"Item": item}))
}

#[test]
fn a_page_has_entries_the_unread_count_and_a_cursor() {
    let two = Answer::Json(200, json!({"Items": [entry(&Value::Null), entry(&Value::Null)], "Count": 2}));
    let script = [
        ("Query", two),
        ("GetItem", found(&json!({"unread": {"N": "7"}}))),
        ("GetItem", found(&json!({"locale": {"S": "de-AT"}}))),
    ];
    let ran = run("list-notifications", &fixture("list-request"), &script);
    let (status, page) = answered(&ran);
    assert_eq!((status, &page["unread"]), (200, &json!(7)), "{ran:?}");
    assert_eq!(
        page["items"],
        json!([{
            "id": "019aa577-9e03-7c1d-b5ac-0a1a5e31f003",
            "kind": "todo-completed",
            "title": "Sie haben „Buy oat milk“ erledigt",
            "todoId": "0198c0de-0000-7000-8000-0000000000aa",
            "occurredAt": "2026-11-21T09:30:00.123Z",
            "readAt": null,
        }])
    );
    let query = ran.bodies("Query")[0];
    assert_eq!((&query["Limit"], &query["ScanIndexForward"]), (&json!(2), &json!(false)));

    let mut next = fixture("list-request");
    next["rawQueryString"] = json!(format!("limit=1&cursor={}", page["nextCursor"].as_str().unwrap()));
    next["queryStringParameters"]["cursor"] = page["nextCursor"].clone();
    let script = [("Query", Answer::Json(200, json!({"Items": []}))), ("GetItem", done()), ("GetItem", done())];
    let ran = run("list-notifications", &next, &script);
    assert_eq!(answered(&ran), (200, json!({"items": [], "unread": 0, "nextCursor": null})));
    let start = &ran.bodies("Query")[0]["ExclusiveStartKey"];
    assert_eq!(start["sk"]["S"], json!("INBOX#019aa577-9e03-7c1d-b5ac-0a1a5e31f003"));
}

#[test]
fn unread_entries_are_read_from_their_own_index() {
    let mut request = fixture("list-request");
    request["rawQueryString"] = json!("unread=true");
    request["queryStringParameters"] = json!({"unread": "true"});
    let script = [("Query", Answer::Json(200, json!({"Items": []}))), ("GetItem", done()), ("GetItem", done())];
    let ran = run("list-notifications", &request, &script);
    assert_eq!(answered(&ran).0, 200, "{ran:?}");
    assert_eq!(ran.bodies("Query")[0]["IndexName"], json!("byUnread"));
}

#[test]
fn reading_an_entry_counts_one_unread_less_in_one_transaction() {
    let script = [("GetItem", found(&entry(&Value::Null))), ("TransactWriteItems", done()), ("GetItem", done())];
    let ran = run("read-notification", &fixture("read-request"), &script);
    let (status, body) = answered(&ran);
    assert_eq!(status, 200, "{ran:?}");
    assert!(body["readAt"].is_string());
    let writes = &ran.bodies("TransactWriteItems")[0]["TransactItems"];
    assert_eq!(writes[0]["Update"]["ConditionExpression"], json!("attribute_exists(byUnread)"));
    assert_eq!(writes[1]["Update"]["ExpressionAttributeValues"][":change"]["N"], json!("-1"));
}

#[test]
fn reading_an_entry_again_writes_nothing() {
    let read = json!("2026-11-21T09:31:00Z");
    let ran =
        run("read-notification", &fixture("read-request"), &[("GetItem", found(&entry(&read))), ("GetItem", done())]);
    let (status, body) = answered(&ran);
    assert_eq!((status, &body["readAt"]), (200, &read), "{ran:?}");
    assert_eq!(ran.operations(), ["GetItem", "GetItem"]);
}

#[test]
fn two_concurrent_reads_of_an_entry_count_once_and_return_the_same_time() {
    let first = json!("2026-11-21T09:31:00Z");
    let Answer::Json(status, mut lost) = cancelled(&["ConditionalCheckFailed", "None"]) else {
        unreachable!("a refusal has a body");
    };
    lost["CancellationReasons"][0]["Item"] = entry(&first);
    let script = [
        ("GetItem", found(&entry(&Value::Null))),
        ("TransactWriteItems", Answer::Json(status, lost)),
        ("GetItem", done()),
    ];
    let ran = run("read-notification", &fixture("read-request"), &script);
    let (status, body) = answered(&ran);
    assert_eq!((status, &body["readAt"]), (200, &first), "{ran:?}");
}

#[test]
fn an_entry_that_the_caller_does_not_have_is_404() {
    let ran = run("read-notification", &fixture("read-request"), &[("GetItem", done())]);
    assert_eq!(answered(&ran).0, 404, "{ran:?}");
}

#[test]
fn an_id_token_is_401() {
    let mut request = fixture("list-request");
    request["requestContext"]["authorizer"]["jwt"]["claims"]["token_use"] = json!("id");
    let ran = run("list-notifications", &request, &[]);
    assert_eq!(answered(&ran).0, 401);
    assert_eq!(ran.calls.len(), 0);
}
