//! Interrupts: whatever a command waits for, it ends, gives back what it holds, and tells what is left.
#![cfg(unix)]

use std::io::Read;
use std::process::{Child, Command, Output, Stdio};

use serde_json::{Value, json};

use crate::fake_aws::FakeAws;

fn signal(process: &Child, name: &str) {
    let sent = Command::new("kill").args(["-s", name, "--", &process.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

fn is_incomplete(ended: &Output, expected: &str) {
    let text = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(2), "{text}");
    assert!(text.contains(expected), "`{expected}` is expected: {text}");
}

fn has_given_all_back(aws: &FakeAws) {
    assert_eq!(aws.state(|state| state.hidden.clone()), std::collections::BTreeSet::new());
}

/// Failure records that Lambda has written to S3.
fn records_in_s3(count: usize) -> Vec<String> {
    let object = json!({"bucket": {"name": "failures"}, "object": {"key": "aws/lambda/1/record"}});
    let record = json!({"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": object}]});
    vec![record.to_string(); count]
}

#[test]
fn an_export_that_nobody_reads_gives_back_what_it_holds() {
    for name in ["INT", "TERM"] {
        // More than pipes and buffers hold.
        let aws = FakeAws::with_messages((0..400).map(|number| format!("{number} {}", "x".repeat(10_000))));
        let mut export = aws.ops(&["export", "my-dlq"]).spawn().unwrap();
        let mut reader = export.stdout.take().unwrap();
        reader.read_exact(&mut [0; 100]).unwrap();
        aws.wait_until("the export holds messages", |state| state.hidden.len() > 10);
        signal(&export, name);
        let ended = export.wait_with_output().unwrap();
        is_incomplete(&ended, "interrupted");
        has_given_all_back(&aws);
        drop(reader);
    }
}

#[test]
fn messages_are_given_back_while_an_object_of_theirs_does_not_come() {
    for command in [&["peek", "my-dlq"][..], &["replay", "my-dlq", "--to-queue", "orders", "--since", "30000d"]] {
        let aws = FakeAws::with_messages(records_in_s3(25));
        aws.state(|state| state.hanging.push("GET"));
        let home = tempfile::tempdir().unwrap();
        let look = aws.ops(command).env("BUSLINE_HOME", home.path()).spawn().unwrap();
        aws.wait_until("an object is fetched", |state| state.calls.iter().any(|call| call == "GET"));
        signal(&look, "TERM");
        let ended = look.wait_with_output().unwrap();
        is_incomplete(&ended, "interrupted");
        has_given_all_back(&aws);
    }
}

#[test]
fn messages_that_an_interrupt_keeps_from_being_read_remain() {
    let aws = FakeAws::with_messages(records_in_s3(25));
    aws.state(|state| state.hanging.push("GET"));
    let replay = aws.ops(&["replay", "my-dlq", "--to-queue", "orders"]).spawn().unwrap();
    aws.wait_until("an object is fetched", |state| state.calls.iter().any(|call| call == "GET"));
    signal(&replay, "INT");
    let ended = replay.wait_with_output().unwrap();
    is_incomplete(&ended, "25 messages are left");
    let summary = summary(&ended);
    assert_eq!((&summary["planned"], &summary["remaining"]), (&json!(25), &json!(25)), "{summary}");
    has_given_all_back(&aws);
}

#[test]
fn a_deadline_ends_a_look_while_an_object_does_not_come() {
    let aws = FakeAws::with_messages(records_in_s3(5));
    aws.state(|state| state.hanging.push("GET"));
    let ended = aws.ops(&["peek", "my-dlq", "--deadline", "3s"]).output().unwrap();
    is_incomplete(&ended, "--deadline");
    has_given_all_back(&aws);
}

#[test]
fn a_search_that_did_not_see_everything_is_not_complete() {
    let searches: [&[&str]; 2] = [&["show", "my-dlq", "ffff"], &["edit", "my-dlq", "ffff", "--set", "$.a=1"]];
    for search in searches {
        let aws = FakeAws::with_messages(records_in_s3(5));
        aws.state(|state| state.hanging.push("GET"));
        let home = tempfile::tempdir().unwrap();
        let look = aws.ops(search).env("BUSLINE_HOME", home.path()).spawn().unwrap();
        aws.wait_until("an object is fetched", |state| state.calls.iter().any(|call| call == "GET"));
        signal(&look, "INT");
        is_incomplete(&look.wait_with_output().unwrap(), "interrupted");
        has_given_all_back(&aws);
    }
}

#[test]
fn a_look_at_an_empty_queue_reports_that_it_is_empty() {
    for command in ["peek", "clusters"] {
        let output = FakeAws::with_messages([]).ops(&[command, "my-dlq"]).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), &*output.stdout), (Some(0), &b""[..]), "{said}");
        assert!(said.contains("the queue is empty"), "{said}");
    }
}

/// The journal that the last line of an import names.
fn summary(ended: &Output) -> Value {
    serde_json::from_slice(&ended.stdout).unwrap()
}

#[test]
fn an_interrupted_import_tells_what_is_left_and_how_to_go_on() {
    let home = tempfile::tempdir().unwrap();
    let exported = FakeAws::with_messages((0..55).map(|number| number.to_string()));
    let file = home.path().join("all.ndjson");
    let file = file.to_str().unwrap();
    assert!(exported.ops(&["export", "my-dlq", "--out", file]).status().unwrap().success());
    let aws = FakeAws::with_messages([]);
    aws.state(|state| state.hanging.push("SendMessageBatch"));
    let import = aws.ops(&["import", "my-dlq", file]).env("BUSLINE_HOME", home.path()).spawn().unwrap();
    aws.wait_until("a batch is sent", |state| state.calls.iter().any(|call| call == "SendMessageBatch"));
    signal(&import, "TERM");
    // Only now is the batch in work answered.
    aws.state(|state| state.hanging.clear());
    let ended = import.wait_with_output().unwrap();
    is_incomplete(&ended, "45 messages were not imported");
    let found = summary(&ended);
    assert_eq!((&found["imported"], &found["remaining"]), (&json!(10), &json!(45)), "{found}");
    let journal = found["journal"].as_str().unwrap();
    let goes_on = format!("{file} --resume {journal}` continues it");
    is_incomplete(&ended, &goes_on);

    let listed = aws.ops(&["journal", "list", "--format", "json"]).env("BUSLINE_HOME", home.path()).output().unwrap();
    assert!(String::from_utf8_lossy(&listed.stdout).contains("\"some is left\""), "{listed:?}");
    let resumed = aws.ops(&["resume", journal]).env("BUSLINE_HOME", home.path()).output().unwrap();
    is_incomplete(&resumed, &goes_on);
    is_incomplete(&resumed, "45 messages of this import are left");
    let rest = aws.ops(&["import", "my-dlq", file, "--resume", journal]).output().unwrap();
    assert_eq!((rest.status.code(), &summary(&rest)["imported"]), (Some(0), &json!(45)), "{rest:?}");
    let done = aws.ops(&["resume", journal]).env("BUSLINE_HOME", home.path()).output().unwrap();
    assert_eq!(done.status.code(), Some(0), "{done:?}");
}

#[test]
fn an_import_ends_while_its_input_does_not_come() {
    let home = tempfile::tempdir().unwrap();
    let aws = FakeAws::with_messages([]);
    let mut command = aws.ops(&["import", "my-dlq", "-"]);
    let import = command.env("BUSLINE_HOME", home.path()).stdin(Stdio::piped()).spawn().unwrap();
    let replays = home.path().join("ops/replays");
    while !std::fs::read_dir(&replays).is_ok_and(|mut journals| journals.next().is_some()) {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    signal(&import, "INT");
    // `wait_with_output` would close the input.
    let mut import = import;
    let input = import.stdin.take();
    let ended = import.wait_with_output().unwrap();
    drop(input);
    is_incomplete(&ended, "the rest was not imported");
    let journal = summary(&ended)["journal"].as_str().unwrap().to_owned();
    let resumed = aws.ops(&["resume", &journal]).env("BUSLINE_HOME", home.path()).output().unwrap();
    is_incomplete(&resumed, "this import has not ended");
}
