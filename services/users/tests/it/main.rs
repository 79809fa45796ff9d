//! The service's binary as Lambda runs it: one process, its settings in the environment, its work over the Runtime API.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test's helpers fail as the test does")]

mod e2e;
mod emails;
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

/// How often a job is tried on a busy machine, which may start no process within Cognito's timeout.
const ATTEMPTS: usize = 20;

/// Runs the `post-confirmation` job with a table at `endpoint`, which must answer before Cognito gives up. One attempt that
/// does shows that no wait of the job is longer.
fn confirm_in_time(endpoint: &str) {
    let settings = [("TABLE_NAME", "users"), ("AWS_ENDPOINT_URL", endpoint)];
    let functions = Functions { binary: env!("CARGO_BIN_EXE_users"), settings: &settings };
    let is_in_time = (0..ATTEMPTS).any(|_| {
        let started = Instant::now();
        let ran = functions.run("post-confirmation", &event(), |_| not_in_the_script());
        assert_eq!(ran.outcome.expect("the function answered"), event());
        started.elapsed() < COGNITO_TIMEOUT
    });
    assert!(is_in_time, "{ATTEMPTS} attempts took longer than {COGNITO_TIMEOUT:?}");
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
    confirm_in_time(&format!("http://{gone}"));
}

#[test]
fn a_sign_up_succeeds_while_the_table_does_not_answer() {
    // Connections are never accepted here.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    confirm_in_time(&format!("http://{}", silent.local_addr().unwrap()));
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
