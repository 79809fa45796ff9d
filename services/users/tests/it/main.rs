//! The service's binary as Lambda runs it: one process, its settings in the environment, its work over the Runtime API.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test's helpers fail as the test does")]

mod e2e;
mod participants;
mod permissions;
mod removed_pool_users;

use std::net::TcpListener;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use serde_json::Value;
use testkit::aws::not_in_the_script;
use testkit::function::Functions;

const CONFIRMATION: &str = include_str!("../fixtures/post-confirmation.json");

/// How long Cognito waits for a trigger.
const COGNITO_TIMEOUT: Duration = Duration::from_secs(5);

/// Runs the `post-confirmation` job with a table at `endpoint`. Returns its answer and how long it took.
fn confirm(endpoint: &str) -> (Value, Duration) {
    let settings = [("TABLE_NAME", "users"), ("AWS_ENDPOINT_URL", endpoint)];
    let functions = Functions { binary: env!("CARGO_BIN_EXE_users"), settings: &settings };
    let started = Instant::now();
    let ran = functions.run("post-confirmation", &event(), |_| not_in_the_script());
    let took = started.elapsed();
    (ran.outcome.expect("the function answered"), took)
}

/// The `error.chain` of the log line of a function that cannot start.
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
fn a_sign_up_succeeds_while_the_table_cannot_be_reached() {
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (answer, took) = confirm(&format!("http://{gone}"));
    assert_eq!(answer, event());
    assert!(took < COGNITO_TIMEOUT, "{took:?}");
}

#[test]
fn a_sign_up_succeeds_while_the_table_does_not_answer() {
    // Connections are never accepted here.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let (answer, took) = confirm(&format!("http://{}", silent.local_addr().unwrap()));
    assert_eq!(answer, event());
    assert!(took < COGNITO_TIMEOUT, "{took:?}");
}

#[test]
fn an_unknown_handler_is_named_in_the_error() {
    assert!(start_failure("sing-up").contains("no job is named `sing-up`"));
}

#[test]
fn every_missing_setting_is_named() {
    let failure = start_failure("get-me");
    assert!(failure.contains("missing settings: TABLE_NAME, USER_POOL_ID"), "{failure}");
}
