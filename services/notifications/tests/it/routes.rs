//! HTTP requests to the routes, and their responses.

use serde_json::{Value, json};

use crate::function::{Answer, Ran, condition_failed, done, fixture, run};

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

fn counted(unread: u32) -> Answer {
    Answer::Json(200, json!({"Count": unread}))
}

/// The queries of a request that list entries, or those that count them.
fn queries(ran: &Ran, count: bool) -> Vec<&Value> {
    ran.bodies("Query").into_iter().filter(|query| (query["Select"] == "COUNT") == count).collect()
}

fn found(item: &Value) -> Answer {
    Answer::Json(200, json!({"Item": item}))
}

#[test]
fn a_page_has_entries_the_unread_count_and_a_cursor() {
    let two = Answer::Json(200, json!({"Items": [entry(&Value::Null), entry(&Value::Null)], "Count": 2}));
    let script = [("Query", two), ("Count", counted(7)), ("GetItem", found(&json!({"locale": {"S": "de-AT"}})))];
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
    let query = queries(&ran, false)[0];
    assert_eq!((&query["Limit"], &query["ScanIndexForward"]), (&json!(2), &json!(false)));

    let mut next = fixture("list-request");
    next["rawQueryString"] = json!(format!("limit=1&cursor={}", page["nextCursor"].as_str().unwrap()));
    next["queryStringParameters"]["cursor"] = page["nextCursor"].clone();
    let script = [("Query", Answer::Json(200, json!({"Items": []}))), ("Count", counted(0)), ("GetItem", done())];
    let ran = run("list-notifications", &next, &script);
    assert_eq!(answered(&ran), (200, json!({"items": [], "unread": 0, "nextCursor": null})));
    let start = &queries(&ran, false)[0]["ExclusiveStartKey"];
    assert_eq!(start["sk"]["S"], json!("INBOX#019aa577-9e03-7c1d-b5ac-0a1a5e31f003"));
}

#[test]
fn unread_entries_are_read_from_their_own_index() {
    let mut request = fixture("list-request");
    request["rawQueryString"] = json!("unread=true");
    request["queryStringParameters"] = json!({"unread": "true"});
    let script = [("Query", Answer::Json(200, json!({"Items": []}))), ("Count", counted(0)), ("GetItem", done())];
    let ran = run("list-notifications", &request, &script);
    assert_eq!(answered(&ran).0, 200, "{ran:?}");
    assert_eq!(queries(&ran, false)[0]["IndexName"], json!("byUnread"));
}

#[test]
fn unread_entries_are_counted_over_all_pages_of_their_index_up_to_a_limit() {
    let position = json!({"pk": {"S": "USER#x"}, "sk": {"S": "INBOX#x"}, "byUnread": {"S": "INBOX#x"}});
    let part = |count: u32| ("Count", Answer::Json(200, json!({"Count": count, "LastEvaluatedKey": position})));
    let list = ("Query", Answer::Json(200, json!({"Items": []})));
    let script = [list, part(2500), part(1500), ("GetItem", done())];
    let ran = run("list-notifications", &fixture("list-request"), &script);
    assert_eq!(answered(&ran).1["unread"], json!(4000), "{ran:?}");
    let counts = queries(&ran, true);
    assert_eq!(counts.iter().map(|query| &query["Limit"]).collect::<Vec<_>>(), [&json!(4000), &json!(1500)]);
    assert_eq!((&counts[0]["IndexName"], &counts[0]["ConsistentRead"]), (&json!("byUnread"), &json!(true)));
    assert_eq!(counts[1]["ExclusiveStartKey"], position);
}

#[test]
fn reading_an_entry_takes_it_out_of_the_unread_ones() {
    let script = [("GetItem", found(&entry(&Value::Null))), ("UpdateItem", done()), ("GetItem", done())];
    let ran = run("read-notification", &fixture("read-request"), &script);
    let (status, body) = answered(&ran);
    assert_eq!(status, 200, "{ran:?}");
    assert!(body["readAt"].is_string());
    let write = ran.bodies("UpdateItem")[0];
    assert_eq!(write["ConditionExpression"], json!("attribute_exists(byUnread)"));
    assert_eq!(write["UpdateExpression"], json!("SET readAt = :readAt REMOVE byUnread"));
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
fn two_concurrent_reads_of_an_entry_return_the_same_time() {
    let first = json!("2026-11-21T09:31:00Z");
    let script = [
        ("GetItem", found(&entry(&Value::Null))),
        ("UpdateItem", condition_failed(&entry(&first))),
        ("GetItem", done()),
    ];
    let ran = run("read-notification", &fixture("read-request"), &script);
    let (status, body) = answered(&ran);
    assert_eq!((status, &body["readAt"]), (200, &first), "{ran:?}");
}

#[test]
fn an_entry_can_be_read_while_another_request_marks_all_entries() {
    let error = "com.amazonaws.dynamodb.v20120810#TransactionConflictException";
    let conflict = || Answer::Json(400, json!({"__type": error, "message": "Transaction is ongoing for the item"}));
    let entry = ("GetItem", found(&entry(&Value::Null)));
    let updates = [("UpdateItem", conflict()), ("UpdateItem", conflict()), ("UpdateItem", done())];
    let script: Vec<_> = [entry].into_iter().chain(updates).chain([("GetItem", done())]).collect();
    let ran = run("read-notification", &fixture("read-request"), &script);
    assert_eq!((answered(&ran).0, ran.bodies("UpdateItem").len()), (200, 3), "{ran:?}");
}

#[test]
fn an_entry_that_is_erased_while_it_is_read_is_404() {
    let gone = Answer::Json(400, json!({"__type": "ConditionalCheckFailedException", "message": "no item"}));
    let script = [("GetItem", found(&entry(&Value::Null))), ("UpdateItem", gone)];
    let ran = run("read-notification", &fixture("read-request"), &script);
    assert_eq!(answered(&ran).0, 404, "{ran:?}");
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

/// A request that changes preferences while others do it the first `conflicts` times.
fn changed_after(conflicts: usize) -> Ran {
    let mut request = fixture("list-request");
    request["routeKey"] = json!("PATCH /preferences");
    request["requestContext"]["routeKey"] = json!("PATCH /preferences");
    request["requestContext"]["http"]["method"] = json!("PATCH");
    request["rawQueryString"] = json!("");
    request["queryStringParameters"] = json!({});
    request["headers"]["content-type"] = json!("application/json");
    request["body"] = json!("{\"reminderMail\": false}");
    let mut script = Vec::new();
    for attempt in 0..=conflicts {
        script.extend([("GetItem", done()), ("GetItem", done())]);
        script.push(("PutItem", if attempt < conflicts { condition_failed(&Value::Null) } else { done() }));
    }
    // Whether emails are sent to the address, which the answer tells.
    script.push(("GetItem", done()));
    run("change-preferences", &request, &script)
}

#[test]
fn a_change_is_tried_again_while_others_change_the_same() {
    let ran = changed_after(6);
    assert_eq!(answered(&ran).0, 200, "{ran:?}");
    assert_eq!(ran.bodies("PutItem").len(), 7);
    let ran = changed_after(20);
    assert_eq!(answered(&ran).0, 409, "{ran:?}");
    assert_eq!(ran.bodies("PutItem").len(), 11);
}

#[test]
fn no_answer_may_be_cached() {
    let read = run("read-notification", &fixture("read-request"), &[("GetItem", done())]);
    for ran in [read, changed_after(0)] {
        assert_eq!(ran.outcome.as_ref().unwrap()["headers"]["cache-control"], "no-store", "{ran:?}");
    }
}
