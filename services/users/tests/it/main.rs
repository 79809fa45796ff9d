//! The service's binary as Lambda runs it: one process, its settings in the environment, its work over the Runtime API.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test's helpers fail as the test does")]

mod runtime_api;

use std::net::TcpListener;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::runtime_api::RuntimeApi;

const CONFIRMATION: &str = include_str!("../fixtures/post-confirmation.json");

/// What Cognito waits for a trigger.
const COGNITO_WAITS: Duration = Duration::from_secs(5);

fn users(handler: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_users"));
    command.env_clear().env("_HANDLER", handler);
    command
}

/// The answer of the `post-confirmation` job to a sign-up, and how long it took, with a table at `endpoint`.
fn confirm(endpoint: &str) -> (Value, Duration) {
    let api = RuntimeApi::start(CONFIRMATION);
    let mut command = users("post-confirmation");
    command
        .env("AWS_LAMBDA_RUNTIME_API", api.address())
        .env("AWS_LAMBDA_FUNCTION_NAME", "post-confirmation")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
        .env("AWS_REGION", "eu-west-1")
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_ENDPOINT_URL", endpoint)
        .env("TABLE_NAME", "users");
    let started = Instant::now();
    let mut function = command.stdout(Stdio::null()).spawn().unwrap();
    let answer = api.answer(Duration::from_secs(30));
    let took = started.elapsed();
    function.kill().unwrap();
    function.wait().unwrap();
    (serde_json::from_str(&answer.expect("the function answered")).unwrap(), took)
}

/// The `error.chain` of the one log line that a function leaves that cannot start.
fn start_failure(handler: &str) -> String {
    let Output { status, stdout, .. } = users(handler).output().unwrap();
    assert!(!status.success());
    let line: Value = serde_json::from_slice(&stdout).unwrap();
    line["error.chain"].as_str().unwrap().to_owned()
}

fn event() -> Value {
    serde_json::from_str(CONFIRMATION).unwrap()
}

#[test]
fn a_sign_up_goes_on_while_the_table_cannot_be_reached() {
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (answer, took) = confirm(&format!("http://{gone}"));
    assert_eq!(answer, event());
    assert!(took < COGNITO_WAITS, "{took:?}");
}

#[test]
fn a_sign_up_goes_on_while_the_table_does_not_answer() {
    // Connections wait here for ever: nobody accepts them.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let (answer, took) = confirm(&format!("http://{}", silent.local_addr().unwrap()));
    assert_eq!(answer, event());
    assert!(took < COGNITO_WAITS, "{took:?}");
}

#[test]
fn a_job_that_is_not_there_is_named() {
    assert!(start_failure("sing-up").contains("no job is named `sing-up`"));
}

#[test]
fn every_missing_setting_is_named() {
    let failure = start_failure("get-me");
    assert!(failure.contains("missing settings: TABLE_NAME, USER_POOL_ID"), "{failure}");
}
