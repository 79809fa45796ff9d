//! The hourly job that deletes users who were removed from the user pool, with scripted answers of AWS.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::aws::{Answer, Call, done, not_in_the_script};
use testkit::function::{Functions, Ran};

const FUNCTIONS: Functions<'_> = Functions {
    binary: env!("CARGO_BIN_EXE_users"),
    settings: &[
        ("TABLE_NAME", "users"),
        ("USER_POOL_ID", "eu-west-1_pool"),
        ("PARTICIPANTS_PATH", "/busline/test/participants"),
    ],
};

/// The users with profiles, and the answers of the pool.
#[derive(Clone)]
struct Scenario {
    profiles: Vec<String>,
    /// The pages of the pool's list, in order.
    listed: Vec<Answer>,
    /// The pool's answer to `AdminGetUser`.
    user_answer: fn(&str) -> Answer,
}

impl Scenario {
    /// Four users with profiles; the pool lists the first three in two pages.
    fn with_one_user_missing() -> Self {
        let listed = vec![page(&[subject(1), subject(2)], Some("next")), page(&[subject(3)], None)];
        Self { profiles: (1..=4).map(subject).collect(), listed, user_answer: |_| unknown() }
    }

    fn run(&self, input: &Value) -> Ran {
        let Self { profiles, listed, user_answer } = self.clone();
        let mut pages = listed.into_iter();
        FUNCTIONS.run("watch-deletions", input, move |call| match call.operation.as_str() {
            "Query" if call.body["Select"] == "COUNT" => Answer::Json(200, json!({"Count": 0, "ScannedCount": 0})),
            "Query" if call.body["ExpressionAttributeValues"][":open"].is_object() => found(&[]),
            "Query" => found(&profiles),
            "GetParametersByPath" => participants(&["orders", "users"]),
            "ListUsers" => pages.next().unwrap_or_else(not_in_the_script),
            "AdminGetUser" => user_answer(username(call)),
            "GetItem" | "TransactWriteItems" => done(),
            _ => not_in_the_script(),
        })
    }
}

/// The users that the job has deleted, by the outbox rows of its transactions.
fn deleted(ran: &Ran) -> Vec<String> {
    let mut deleted = Vec::new();
    for transaction in ran.bodies("TransactWriteItems") {
        let writes = transaction["TransactItems"].as_array().unwrap();
        assert_eq!(writes.len(), 4, "the profile, the tombstone, the record and the event");
        let event = &writes[3]["Put"]["Item"];
        assert_eq!(event["detailType"]["S"], "UserDeleted.v1");
        let detail: Value = serde_json::from_str(event["detail"]["S"].as_str().unwrap()).unwrap();
        deleted.push(detail["data"]["userId"].as_str().unwrap().to_owned());
    }
    deleted
}

fn subject(number: usize) -> String {
    format!("0198c0de-0000-7000-8000-{number:012}")
}

fn username(call: &Call) -> &str {
    call.body["Username"].as_str().unwrap()
}

/// A page of the list of the pool.
///
/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListUsers.html#API_ListUsers_ResponseSyntax>
fn page(subjects: &[String], next: Option<&str>) -> Answer {
    let user = |sub: &String| json!({"Username": sub, "Attributes": [{"Name": "sub", "Value": sub}]});
    let users: Vec<Value> = subjects.iter().map(user).collect();
    Answer::Json(200, json!({"Users": users, "PaginationToken": next}))
}

fn known(subject: &str) -> Answer {
    Answer::Json(200, json!({"Username": subject, "UserAttributes": [{"Name": "sub", "Value": subject}]}))
}

fn unknown() -> Answer {
    refusal(400, "UserNotFoundException")
}

fn refusal(status: u16, kind: &str) -> Answer {
    Answer::Json(status, json!({"__type": kind, "message": "No."}))
}

pub(crate) fn participants(services: &[&str]) -> Answer {
    let parameter =
        |service: &&str| json!({"Name": format!("/busline/test/participants/{service}"), "Value": "erasure,export"});
    let parameters: Vec<Value> = services.iter().map(parameter).collect();
    Answer::Json(200, json!({ "Parameters": parameters }))
}

fn found(profiles: &[String]) -> Answer {
    let items: Vec<Value> = profiles.iter().map(|id| json!({"id": {"S": id}})).collect();
    Answer::Json(200, json!({"Items": items, "Count": items.len(), "ScannedCount": items.len()}))
}

#[test]
fn a_user_who_was_removed_from_the_pool_is_deleted_and_no_other() {
    let ran = Scenario::with_one_user_missing().run(&json!({"source": "aws.events"}));
    ran.outcome.as_ref().expect("the job is done");
    assert_eq!(deleted(&ran), [subject(4)]);
    assert_eq!(ran.bodies("AdminGetUser").len(), 1, "the pool is asked only for the user that its list lacks");
    assert_eq!(ran.bodies("ListUsers")[1]["PaginationToken"], "next");
    assert!(ran.logs.contains(r#""deletions.begun":1"#), "{}", ran.logs);
    assert!(!ran.logs.contains(&subject(4)), "{}", ran.logs);
}

#[test]
fn a_user_who_is_missing_in_the_list_only_is_kept() {
    let late = Scenario { listed: vec![page(&[], None)], user_answer: known, ..Scenario::with_one_user_missing() };
    let ran = late.run(&json!({}));
    ran.outcome.as_ref().expect("the job is done");
    assert_eq!(deleted(&ran), [] as [String; 0]);
    assert_eq!(ran.bodies("AdminGetUser").len(), 4);
}

#[test]
fn a_profile_of_the_last_15_minutes_is_skipped() {
    let ran = Scenario::with_one_user_missing().run(&json!({}));
    let queries = ran.bodies("Query");
    let mut values = queries.iter().map(|query| &query["ExpressionAttributeValues"]);
    let values = values.find(|values| values[":directory"].is_object()).expect("a query for profiles");
    assert_eq!(values[":directory"]["S"], "USERS");
    let before: jiff::Timestamp = values[":before"]["S"].as_str().unwrap().parse().unwrap();
    let age = lambda_kit::clock::now().duration_since(before).unsigned_abs();
    assert!(age >= Duration::from_mins(15) && age < Duration::from_mins(16), "{age:?}");
}

#[test]
fn an_error_of_the_pool_deletes_no_user() {
    let refusals = [
        refusal(400, "TooManyRequestsException"),
        refusal(400, "ResourceNotFoundException"),
        refusal(400, "AccessDeniedException"),
        refusal(500, "InternalErrorException"),
        Answer::Text(404, "not found"),
        Answer::HangUp,
    ];
    for refusal in refusals {
        for listed in [vec![refusal.clone(); 3], [vec![page(&[subject(1)], Some("next"))], vec![refusal; 3]].concat()] {
            let ran = Scenario { listed, ..Scenario::with_one_user_missing() }.run(&json!({}));
            assert_eq!(ran.error_type(), "UserPoolFailed");
            assert_eq!(deleted(&ran), [] as [String; 0]);
        }
    }
}

#[test]
fn an_error_about_one_user_deletes_no_user() {
    let answers: [fn(&str) -> Answer; 6] = [
        |_| refusal(400, "TooManyRequestsException"),
        |_| refusal(400, "ResourceNotFoundException"),
        |_| refusal(400, "AccessDeniedException"),
        |_| refusal(500, "InternalErrorException"),
        |_| Answer::Text(404, "not found"),
        |_| Answer::HangUp,
    ];
    for user_answer in answers {
        let ran = Scenario { user_answer, ..Scenario::with_one_user_missing() }.run(&json!({}));
        assert_eq!(ran.error_type(), "UserPoolFailed");
        assert_eq!(deleted(&ran), [] as [String; 0]);
    }
}

#[test]
fn many_removed_users_are_deleted_in_bounded_runs_that_raise_the_alarm() {
    let profiles: Vec<String> = (0..152).map(subject).collect();
    let listed = |from: usize| vec![page(&[vec![subject(0)], profiles[from..].to_vec()].concat(), None)];
    let first = Scenario { profiles: profiles.clone(), listed: listed(151), user_answer: |_| unknown() };
    let ran = first.run(&json!({}));
    assert_eq!(deleted(&ran), profiles[1..101], "as many as one run may delete");
    assert_eq!(ran.error_type(), "TooManyUsersRemoved", "the alarm fires");

    let left = [&profiles[..1], &profiles[101..]].concat();
    let ran = Scenario { profiles: left, ..first }.run(&json!({}));
    ran.outcome.as_ref().expect("the job is done");
    assert_eq!(deleted(&ran), profiles[101..151]);
}

#[test]
fn a_replaced_pool_that_users_have_joined_deletes_none_of_the_others() {
    let profiles: Vec<String> = (0..110).map(subject).collect();
    let listed = vec![page(&[subject(105), subject(107), subject(109)], None)];
    let ran = Scenario { profiles: profiles.clone(), listed, user_answer: |_| unknown() }.run(&json!({}));
    assert_eq!(deleted(&ran), [subject(106), subject(108)], "only users of the pool can have been removed from it");
    assert_eq!(ran.error_type(), "TooManyUsersRemoved");
}

#[test]
fn a_replaced_pool_deletes_no_user_until_an_operator_allows_it() {
    let profiles: Vec<String> = (0..101).map(subject).collect();
    let scenario = Scenario { profiles: profiles.clone(), listed: vec![page(&[], None)], user_answer: |_| unknown() };
    let ran = scenario.run(&json!({}));
    assert_eq!(ran.error_type(), "TooManyUsersRemoved");
    assert_eq!(deleted(&ran), [] as [String; 0]);

    let ran = scenario.run(&json!({"atMost": 101}));
    ran.outcome.as_ref().expect("the job is done");
    assert_eq!(deleted(&ran), profiles);
}
