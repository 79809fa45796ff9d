//! Runs one job of the service's binary, as Lambda would, against a scripted AWS.

use serde_json::{Value, json};
use testkit::aws::{Call, not_in_the_script};
use testkit::function::Functions;

pub(crate) use testkit::aws::{Answer, condition_failed, done};
pub(crate) use testkit::function::Ran;

const FUNCTIONS: Functions<'_> = Functions {
    binary: env!("CARGO_BIN_EXE_notifications"),
    settings: &[
        ("TABLE_NAME", "busline-test-notifications"),
        ("WRITES_PER_MINUTE", "600"),
        ("MAIL_FROM", "no-reply@busline.example"),
        ("MAIL_CONFIGURATION_SET", "busline-test"),
        ("WEB_ORIGIN", "https://busline.example"),
        ("API_URL", "https://api.busline.example"),
        ("UNSUBSCRIBE_SECRET", "arn:aws:secretsmanager:eu-west-1:123456789012:secret:x"),
        ("SEND_DIGEST_FUNCTION", "send-digest-mail"),
        ("INBOX_RETENTION_DAYS", "90"),
        ("EXPORTS_BUCKET", "busline-test-users-exports"),
        ("AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI", "{aws}/sockets"),
    ],
};

/// A payload from `tests/fixtures/`.
pub(crate) fn fixture(name: &str) -> Value {
    let path = format!("{}/tests/fixtures/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_str(&text).unwrap()
}

/// Runs the job `handler` on one message. A call to AWS takes the first answer that is left for its operation; one
/// without an answer is refused with 400. A query that counts is the operation `Count`.
pub(crate) fn run(handler: &str, message: &Value, script: &[(&str, Answer)]) -> Ran {
    let mut left: Vec<(String, Answer)> =
        script.iter().map(|(name, answer)| ((*name).to_owned(), answer.clone())).collect();
    let mut ran = FUNCTIONS.run(handler, message, move |call| {
        // A query that counts may come before or after one that lists.
        let operation = if call.body["Select"] == "COUNT" { "Count" } else { &call.operation };
        shared_answer(call).unwrap_or_else(|| match left.iter().position(|(name, _)| name == operation) {
            Some(next) => left.remove(next).1,
            None => not_in_the_script(),
        })
    });
    ran.calls.retain(|call| shared_answer(call).is_none());
    ran
}

/// Runs a route for a user who has no data. The call that counts the request gets `count`.
pub(crate) fn run_counted(handler: &str, message: &Value, count: Answer) -> Ran {
    FUNCTIONS.run(handler, message, move |call| if is_count(call) { count.clone() } else { done() })
}

/// Answers that all tests share: no account is deleted, no user sends too much, and the stack has its secret.
fn shared_answer(call: &Call) -> Option<Answer> {
    let is_tombstone = call.body["Key"]["sk"]["S"] == "TOMBSTONE";
    match call.operation.as_str() {
        "GetItem" if is_tombstone => Some(done()),
        "UpdateItem" if is_count(call) => Some(done()),
        "GetSecretValue" => Some(Answer::Json(200, json!({"SecretString": "a secret of the tests"}))),
        _ => None,
    }
}

/// Whether a call counts a request of a user.
fn is_count(call: &Call) -> bool {
    call.body["Key"]["pk"]["S"].as_str().is_some_and(|key| key.starts_with("WRITES#"))
}
