//! The service's jobs as Lambda runs them: the real binary with real payloads, and AWS replaced at its HTTP edge.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "tests fail by panicking")]

mod e2e;
mod golden;
mod permissions;
mod quota;
mod reminders;
mod throttling;
mod uploads;

use serde_json::{Value, json};
use testkit::aws::{Answer, Call, done};
use testkit::function::{Functions, Ran};

const FUNCTIONS: Functions<'_> = Functions {
    binary: env!("CARGO_BIN_EXE_todos"),
    settings: &[
        ("TABLE_NAME", "busline-test-todos"),
        ("WRITES_PER_MINUTE", "600"),
        ("ITEMS_PER_USER", "10000"),
        ("ATTACHMENT_BYTES_PER_USER", "5368709120"),
        ("FILES_BUCKET", "busline-test-todos-files"),
        ("EXPORTS_BUCKET", "busline-test-users-exports"),
        ("REMINDER_GROUP", "reminders"),
        ("PURGE_FUNCTION", "arn:aws:lambda:eu-west-1:123456789012:function:purge-expired"),
        ("REMIND_FUNCTION", "arn:aws:lambda:eu-west-1:123456789012:function:remind"),
        ("REMINDER_ROLE", "arn:aws:iam::123456789012:role/reminders"),
        ("REMINDER_DLQ", "arn:aws:sqs:eu-west-1:123456789012:dlq"),
    ],
};

/// Runs the job `handler` with one message, against an AWS that is empty and accepts every call.
fn run(handler: &str, message: &Value) -> Ran {
    FUNCTIONS.run(handler, message, empty_aws)
}

fn empty_aws(call: &Call) -> Answer {
    match (call.operation.as_str(), call.method.as_str()) {
        ("Query", _) => Answer::Json(200, json!({"Items": []})),
        (_, "GET") => Answer::Text(200, "<ListBucketResult></ListBucketResult>"),
        (_, "DELETE") => Answer::Text(204, ""),
        _ => done(),
    }
}
