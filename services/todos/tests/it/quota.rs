//! Creations of a user who has used the whole quota: what they read and write.

use serde_json::{Value, json};
use testkit::aws::{Answer, Call, condition_failed, done, not_in_the_script};
use testkit::function::Ran;

use crate::FUNCTIONS;

const LIMIT: u64 = 10_000;
/// Times of the last change of the record: long ago, and as recent as can be.
const LONG_AGO: &str = "2026-01-01T00:00:00Z";
const JUST_NOW: &str = "2199-01-01T00:00:00Z";

/// A creation, as API Gateway sends it.
pub(crate) fn request() -> Value {
    let claims = json!({
        "sub": "0198c0de-0000-7000-8000-000000000001", "token_use": "access", "client_id": "c", "exp": "1", "iat": "1",
    });
    json!({
        "version": "2.0", "routeKey": "POST /todos", "rawPath": "/todos", "rawQueryString": "",
        "headers": {"content-type": "application/json", "host": "a.execute-api.eu-west-1.amazonaws.com"},
        "requestContext": {
            "accountId": "123456789012", "apiId": "a", "requestId": "r", "routeKey": "POST /todos", "stage": "$default",
            "domainName": "a.execute-api.eu-west-1.amazonaws.com", "domainPrefix": "a",
            "authorizer": {"jwt": {"claims": claims, "scopes": null}},
            "http": {
                "method": "POST", "path": "/todos", "protocol": "HTTP/1.1", "sourceIp": "203.0.113.7",
                "userAgent": "test"
            },
            "time": "21/Nov/2026:09:30:05 +0000", "timeEpoch": 1_795_253_405_000_u64,
        },
        "body": "{\"title\": \"x\"}", "isBase64Encoded": false,
    })
}

/// The record of a user who has used everything.
fn recorded(changed_at: &str, is_exact: bool) -> Value {
    json!({
        "pk": {"S": "USER#0198c0de-0000-7000-8000-000000000001"}, "sk": {"S": "USAGE#items"},
        "used": {"N": LIMIT.to_string()}, "changedAt": {"S": changed_at}, "isExact": {"BOOL": is_exact},
        "version": {"N": "7"},
    })
}

fn is_of_usage(call: &Call) -> bool {
    call.body["Key"]["sk"]["S"] == "USAGE#items" || call.body["Item"]["sk"]["S"] == "USAGE#items"
}

/// Runs a creation while `record` is what is recorded, and the user has so many items and deleted items.
fn create(record: Value, items: [u64; 2]) -> Ran {
    create_with(record, items, |_| done())
}

/// As [`create`], with the responses to the writes of the record.
fn create_with(record: Value, items: [u64; 2], put: impl Fn(&Call) -> Answer + Send + 'static) -> Ran {
    FUNCTIONS.run("create-todo", &request(), move |call| match call.operation.as_str() {
        "UpdateItem" if is_of_usage(call) => condition_failed(&record),
        "GetItem" if is_of_usage(call) => Answer::Json(200, json!({"Item": record})),
        "PutItem" if is_of_usage(call) => put(call),
        "Query" if call.body["Select"] == "COUNT" => {
            let prefix = call.body["ExpressionAttributeValues"][":prefix"]["S"].as_str();
            Answer::Json(200, json!({"Count": items[usize::from(prefix == Some("DELETED-TODO#"))]}))
        }
        "GetItem" | "UpdateItem" | "TransactWriteItems" => done(),
        _ => not_in_the_script(),
    })
}

/// The status and the last part of the problem's type.
fn answered(ran: &Ran) -> (u64, String) {
    let answer = ran.outcome.as_ref().unwrap();
    let body: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
    let kind = body["type"].as_str().unwrap_or_default().rsplit(':').next().unwrap_or_default();
    (answer["statusCode"].as_u64().unwrap(), kind.to_owned())
}

fn count_of(ran: &Ran, operation: &str) -> usize {
    ran.bodies(operation).len()
}

#[test]
fn a_user_who_was_just_counted_is_refused_without_another_count() {
    let ran = create(recorded(JUST_NOW, true), [LIMIT, 0]);
    assert_eq!(answered(&ran), (409, "item-limit-reached".to_owned()), "{ran:?}");
    let written = count_of(&ran, "PutItem") + count_of(&ran, "TransactWriteItems");
    assert_eq!((count_of(&ran, "Query"), written), (0, 0), "{ran:?}");
}

#[test]
fn nothing_is_counted_while_earlier_creations_may_be_in_progress() {
    let ran = create(recorded(JUST_NOW, false), [0, 0]);
    assert_eq!(answered(&ran), (429, "too-many-requests".to_owned()), "{ran:?}");
    let headers = &ran.outcome.as_ref().unwrap()["headers"];
    assert_eq!(headers["retry-after"], "15", "{ran:?}");
    assert_eq!((count_of(&ran, "Query"), count_of(&ran, "TransactWriteItems")), (0, 0), "{ran:?}");
}

#[test]
fn a_full_user_is_refused_by_a_count_of_all_items() {
    let ran = create(recorded(LONG_AGO, false), [LIMIT - 1, 1]);
    assert_eq!(answered(&ran), (409, "item-limit-reached".to_owned()), "{ran:?}");
    let [claim, result] = ran.bodies("PutItem")[..] else { panic!("{ran:?}") };
    assert_eq!((&claim["Item"]["version"]["N"], &claim["Item"]["isExact"]["BOOL"]), (&json!("8"), &json!(false)));
    assert_eq!((&result["Item"]["version"]["N"], &result["Item"]["isExact"]["BOOL"]), (&json!("9"), &json!(true)));
    assert_eq!(count_of(&ran, "TransactWriteItems"), 0, "{ran:?}");
}

#[test]
fn a_record_that_is_ahead_of_the_items_is_corrected() {
    let ran = create(recorded(LONG_AGO, true), [40, 2]);
    assert_eq!(answered(&ran).0, 201, "{ran:?}");
    assert_eq!(ran.bodies("PutItem")[1]["Item"]["used"]["N"], "43", "{ran:?}");
}

#[test]
fn one_of_several_concurrent_requests_counts() {
    let error = "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException";
    let lost = move |_: &Call| Answer::Json(400, json!({"__type": error, "message": "another request was first"}));
    let ran = create_with(recorded(LONG_AGO, false), [0, 0], lost);
    assert_eq!(count_of(&ran, "Query"), 0, "{ran:?}");
    assert_eq!(answered(&ran), (409, "contended".to_owned()), "{ran:?}");
}
