//! The service's binary as Lambda runs it: one process, its settings in the environment, its work over the Runtime API.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test's helpers fail as the test does")]

mod lost;

use std::net::TcpListener;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use serde_json::Value;
use testkit::aws::not_in_the_script;
use testkit::function::Functions;

const CONFIRMATION: &str = include_str!("../fixtures/post-confirmation.json");

/// What Cognito waits for a trigger.
const COGNITO_WAITS: Duration = Duration::from_secs(5);

/// The answer of the `post-confirmation` job to a sign-up, and how long it took, with a table at `endpoint`.
fn confirm(endpoint: &str) -> (Value, Duration) {
    let settings = [("TABLE_NAME", "users"), ("AWS_ENDPOINT_URL", endpoint)];
    let functions = Functions { binary: env!("CARGO_BIN_EXE_users"), settings: &settings };
    let started = Instant::now();
    let ran = functions.run("post-confirmation", &event(), |_| not_in_the_script());
    let took = started.elapsed();
    (ran.outcome.expect("the function answered"), took)
}

/// The `error.chain` of the one log line that a function leaves that cannot start.
fn start_failure(handler: &str) -> String {
    let Output { status, stdout, .. } =
        Command::new(env!("CARGO_BIN_EXE_users")).env_clear().env("_HANDLER", handler).output().unwrap();
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
