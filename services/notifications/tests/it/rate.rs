//! A route that changes something, when the count of the caller's changes refuses or fails.

use serde_json::{Value, json};
use testkit::aws::{Answer, condition_failed};

use crate::function::{Ran, fixture, run_counted};

fn read(count: Answer) -> (u64, Value, Ran) {
    let ran = run_counted("read-notification", &fixture("read-request"), count);
    let answer = ran.outcome.clone().expect("an answer");
    let problem = serde_json::from_str(answer["body"].as_str().expect("a body")).expect("a problem document");
    (answer["statusCode"].as_u64().expect("a status"), problem, ran)
}

fn failure(kind: &str) -> Answer {
    Answer::Json(400, json!({"__type": kind, "message": "No."}))
}

fn assert_nothing_is_read(ran: &Ran) {
    let reads = ran.bodies("GetItem").into_iter().filter(|body| body["Key"]["sk"]["S"] != "TOMBSTONE");
    assert_eq!(reads.count(), 0, "{ran:?}");
}

#[test]
fn a_user_beyond_the_rate_is_told_when_to_come_again_and_nothing_is_read() {
    let (status, problem, ran) = read(condition_failed(&json!({})));
    assert_eq!((status, &problem["type"]), (429, &json!("urn:problem:busline:too-many-requests")), "{ran:?}");
    let answer = ran.outcome.as_ref().expect("an answer");
    let seconds: u32 = answer["headers"]["retry-after"].as_str().expect("a header").parse().expect("seconds");
    assert!((1..=60).contains(&seconds), "{seconds}");
    assert_nothing_is_read(&ran);
}

#[test]
fn a_change_that_cannot_be_counted_is_not_made_and_is_no_fault_of_the_user() {
    // A table or an account can be throttled however little this user sends.
    for kind in ["AccessDeniedException", "ProvisionedThroughputExceededException", "RequestLimitExceeded"] {
        let (status, problem, ran) = read(failure(kind));
        assert_eq!((status, &problem["type"]), (500, &json!("urn:problem:busline:internal")), "{ran:?}");
        assert!(ran.logs.contains("a request failed on our side"), "{}", ran.logs);
        assert_nothing_is_read(&ran);
    }
}

#[test]
fn a_change_is_counted_once_with_the_limit_and_without_the_name_of_the_user() {
    let (_, _, ran) = read(testkit::aws::done());
    let counts = ran.bodies("UpdateItem");
    assert_eq!(counts.len(), 1, "{ran:?}");
    let condition = "(attribute_not_exists(#count) OR #count < :limit) \
                     AND (attribute_not_exists(#route) OR #route < :routeLimit)";
    assert_eq!(counts[0]["ConditionExpression"], condition);
    assert_eq!(counts[0]["ExpressionAttributeNames"]["#route"], "read-notification");
    let values = &counts[0]["ExpressionAttributeValues"];
    assert_eq!((&values[":limit"]["N"], &values[":routeLimit"]["N"]), (&json!("600"), &json!("600")));
    assert!(!counts[0].to_string().contains("0198c0de-0000-7000-8000-000000000001"), "{}", counts[0]);
}
