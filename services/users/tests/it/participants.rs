//! The participants of a deletion: their answers, and changes of the registry while it runs, with scripted answers of AWS.

use serde_json::{Value, json};
use testkit::aws::{Answer, condition_failed, done, not_in_the_script};
use testkit::function::{Functions, Ran};

use crate::removed_pool_users::participants;

const FUNCTIONS: Functions<'_> = Functions {
    binary: env!("CARGO_BIN_EXE_users"),
    settings: &[
        ("TABLE_NAME", "users"),
        ("EXPORTS_BUCKET", "exports"),
        ("USER_POOL_ID", "eu-west-1_pool"),
        ("PARTICIPANTS_PATH", "/busline/test/participants"),
    ],
};

const USER: &str = "0198c0de-0000-7000-8000-000000000001";

/// The record of an open deletion.
fn record(participants: &[&str], erased_by: &[&str]) -> Value {
    let texts = |names: &[&str]| json!({"L": names.iter().map(|name| json!({"S": name})).collect::<Vec<_>>()});
    let answers: serde_json::Map<String, Value> =
        erased_by.iter().map(|name| ((*name).to_owned(), json!({"S": "2026-11-21T09:10:00Z"}))).collect();
    json!({
        "pk": {"S": "DELETION#d"}, "sk": {"S": "DELETION"}, "directory": {"S": "DELETIONS"},
        "byRegistration": {"S": "2026-11-21T09:00:00.000Z"}, "deletionId": {"S": "d"},
        "requestedAt": {"S": "2026-11-21T09:00:00Z"}, "userId": {"S": USER}, "participants": texts(participants),
        "erasedBy": {"M": answers}, "removedParticipants": {"M": {}}, "sequence": {"N": "2"}, "eventIds": texts(&["e1"]),
    })
}

/// Runs the hourly job with one open deletion and these registered services.
fn watch(deletion: Value, registered: &'static [&'static str]) -> Ran {
    watch_with_pool(deletion, registered, Answer::Json(200, json!({"Users": []})))
}

fn watch_with_pool(deletion: Value, registered: &'static [&'static str], users: Answer) -> Ran {
    FUNCTIONS.run("watch-deletions", &json!({}), move |call| match call.operation.as_str() {
        "Query" if call.body["Select"] == "COUNT" => Answer::Json(200, json!({"Count": 0, "ScannedCount": 0})),
        "Query" if call.body["ExpressionAttributeValues"][":open"].is_object() => {
            Answer::Json(200, json!({"Items": [deletion.clone()], "Count": 1, "ScannedCount": 1}))
        }
        "Query" => Answer::Json(200, json!({"Items": [], "Count": 0, "ScannedCount": 0})),
        "ListUsers" => users.clone(),
        "GetParametersByPath" => participants(registered),
        "TransactWriteItems" => done(),
        _ => not_in_the_script(),
    })
}

/// The update of the record in each transaction, and the other writes of it.
fn transactions(ran: &Ran) -> Vec<(Value, Vec<Value>)> {
    let split = |transaction: &&Value| {
        let writes = transaction["TransactItems"].as_array().unwrap().clone();
        let (updates, others): (Vec<_>, Vec<_>) = writes.into_iter().partition(|write| write["Update"].is_object());
        (updates[0]["Update"].clone(), others)
    };
    ran.bodies("TransactWriteItems").iter().map(split).collect()
}

fn is_completion(update: &Value) -> bool {
    update["UpdateExpression"].as_str().unwrap().contains("completedAt")
}

#[test]
fn a_deletion_that_every_participant_has_answered_completes() {
    let ran = watch(record(&["orders", "users"], &["orders", "users"]), &["orders", "users"]);
    ran.outcome.as_ref().expect("the job succeeds");
    let all = transactions(&ran);
    let [(update, others)] = &all[..] else { panic!("one transaction: {all:?}") };
    assert!(is_completion(update), "{update}");
    assert!(update["UpdateExpression"].as_str().unwrap().contains("userId"), "the user's id is removed: {update}");
    assert_eq!(others[0]["Delete"]["Key"]["pk"]["S"], "OUTBOX#e1");
}

#[test]
fn a_deletion_waits_for_a_participant_that_has_not_answered() {
    let ran = watch(record(&["orders", "users"], &["users"]), &["orders", "users"]);
    ran.outcome.as_ref().expect("the job succeeds");
    assert!(transactions(&ran).is_empty());
}

#[test]
fn a_removed_participant_is_noted_and_does_not_block_the_deletion() {
    let ran = watch(record(&["orders", "users"], &["users"]), &["users"]);
    ran.outcome.as_ref().expect("the job succeeds");
    let all = transactions(&ran);
    let [(change, events), (completion, _)] = &all[..] else { panic!("a change, then the end: {all:?}") };
    assert_eq!(change["ExpressionAttributeNames"]["#removed0"], "orders");
    assert_eq!(change["ExpressionAttributeValues"][":participants"], json!({"L": [{"S": "users"}]}));
    assert!(events.is_empty(), "no erasure is requested again");
    assert!(is_completion(completion), "{completion}");
    assert_eq!(completion["ExpressionAttributeValues"][":sequence"]["N"], "3");
}

#[test]
fn the_erasure_is_requested_again_from_a_participant_that_registers_during_the_deletion() {
    let ran = watch(record(&["users"], &["users"]), &["orders", "users"]);
    ran.outcome.as_ref().expect("the job succeeds");
    let all = transactions(&ran);
    let [(change, events)] = &all[..] else { panic!("no completion: {all:?}") };
    assert_eq!(change["ExpressionAttributeValues"][":participants"], json!({"L": [{"S": "orders"}, {"S": "users"}]}));
    let event = &events[0]["Put"]["Item"];
    assert_eq!((&event["detailType"]["S"], &event["user"]["S"]), (&json!("UserDeleted.v1"), &json!(USER)));
    assert_eq!(change["ExpressionAttributeValues"][":eventIds"]["L"].as_array().unwrap().len(), 2);
}

#[test]
fn a_user_pool_that_fails_does_not_stop_open_deletions() {
    let refused = Answer::Json(400, json!({"__type": "NotAuthorizedException", "message": "no"}));
    let ran = watch_with_pool(record(&["users"], &["users"]), &["users"], refused);
    assert!(ran.outcome.is_err());
    assert!(is_completion(&transactions(&ran)[0].0));
}

#[test]
fn a_registry_without_this_service_completes_no_deletion() {
    let ran = watch(record(&["users"], &["users"]), &[]);
    assert_eq!(ran.error_type(), "RegistryFailed");
    assert!(transactions(&ran).is_empty());
}

/// Runs the job of the answers with the answer of `service`. `noted` is the record after the update, none when the
/// update's condition fails.
fn answer(service: &str, noted: Option<Value>) -> Ran {
    let event = json!({
        "source": format!("busline.{service}"), "detail-type": "UserDataErased.v1",
        "detail": {
            "metadata": {
                "eventId": "0198c0de-0000-7000-8000-000000000009", "occurredAt": "2026-11-21T09:10:00Z",
                "subject": "d", "sequence": 1, "correlationId": "c", "causationId": "r",
                "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                "producer": format!("{service}@0.1.0"), "schema": format!("{service}/UserDataErased/v1"),
            },
            "data": {"deletionId": "d", "erasedAt": "2026-11-21T09:10:00Z"},
        },
    });
    FUNCTIONS.run("participant-erased", &event, move |call| match call.operation.as_str() {
        "UpdateItem" => match &noted {
            Some(record) => Answer::Json(200, json!({ "Attributes": record })),
            None => condition_failed(&json!({})),
        },
        "GetParametersByPath" => participants(&["orders", "users"]),
        "TransactWriteItems" => done(),
        _ if call.method == "GET" => Answer::Text(200, "<ListBucketResult></ListBucketResult>"),
        _ => not_in_the_script(),
    })
}

#[test]
fn a_service_can_answer_for_itself_only() {
    let ran = answer("orders", Some(record(&["orders", "users"], &["orders"])));
    ran.outcome.as_ref().expect("the job succeeds");
    let update = ran.bodies("UpdateItem")[0];
    assert_eq!(update["ExpressionAttributeNames"]["#service"], "orders");
    assert!(update["ConditionExpression"].as_str().unwrap().contains("contains(participants, :service)"));
    assert!(transactions(&ran).is_empty(), "another participant has not answered");
}

#[test]
fn the_answer_of_a_service_that_is_not_a_participant_is_ignored() {
    let ran = answer("reports", None);
    ran.outcome.as_ref().expect("the job succeeds");
    assert_eq!(ran.operations(), ["UpdateItem"], "no export is deleted");
}

#[test]
fn the_last_answer_completes_the_deletion_and_a_repeat_of_it_is_harmless() {
    let first = answer("users", Some(record(&["orders", "users"], &["orders", "users"])));
    first.outcome.as_ref().expect("the job succeeds");
    assert!(is_completion(&transactions(&first)[0].0));
    let update = first.bodies("UpdateItem")[0]["UpdateExpression"].as_str().unwrap();
    assert!(update.contains("if_not_exists(erasedBy.#service, :now)"), "the first answer's time is kept: {update}");
    // The record of a complete deletion is not open any more, so the condition fails.
    let repeat = answer("users", None);
    repeat.outcome.as_ref().expect("the job succeeds");
    assert!(transactions(&repeat).is_empty());
}

#[test]
fn an_event_with_the_schema_of_another_service_than_its_source_is_refused() {
    let mut forged = json!({"source": "busline.reports", "detail-type": "UserDataErased.v1"});
    forged["detail"] = json!({
        "metadata": {
            "eventId": "0198c0de-0000-7000-8000-000000000009", "occurredAt": "2026-11-21T09:10:00Z",
            "subject": "d", "sequence": 1, "correlationId": "c", "causationId": "r",
            "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "producer": "orders@0.1.0", "schema": "orders/UserDataErased/v1",
        },
        "data": {"deletionId": "d", "erasedAt": "2026-11-21T09:10:00Z"},
    });
    let ran = FUNCTIONS.run("participant-erased", &forged, |_| not_in_the_script());
    assert_eq!(ran.error_type(), "EventUnreadable");
    assert!(ran.calls.is_empty(), "{:?}", ran.calls);
}
