//! What an operator meets at a terminal: tables that fit, names that are nearly right, questions, and endpoints that do not
//! answer.

use std::io::Write;
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::fake_aws::FakeAws;

const LONG_ERROR: &str =
    "the table failed: the change was not written because the condition of a transaction was not met";

fn record(function: &str, number: usize) -> String {
    let arn = format!("arn:aws:lambda:eu-west-1:000000000000:function:busline-local-notifications-{function}");
    json!({
        "timestamp": "2026-11-21T09:00:00.000Z",
        "requestContext": {"functionArn": arn, "condition": "RetriesExhausted"},
        "requestPayload": {"n": number, "function": function},
        "responsePayload": {"errorType": "TableFailed", "errorMessage": LONG_ERROR},
    })
    .to_string()
}

fn failures() -> FakeAws {
    let messages = (0..5).map(|number| record(if number < 3 { "update-inbox" } else { "send-welcome-mail" }, number));
    FakeAws::with_messages(messages)
}

fn run(command: &mut Command) -> (Option<i32>, String, String) {
    let home = tempfile::tempdir().unwrap();
    let Output { status, stdout, stderr } = command.env("BUSLINE_HOME", home.path()).output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

#[cfg(unix)]
#[test]
fn tables_fit_into_80_columns_and_break_no_id() {
    let aws = failures();
    for command in [&["list"][..], &["peek", "my-dlq"], &["clusters", "my-dlq"]] {
        let shown = at_terminal(aws.ops(command).env("COLUMNS", "80"), "");
        assert!(shown.lines().all(|line| line.chars().count() <= 80), "{command:?}:\n{shown}");
        let expected = if command[0] == "list" { "my-dlq" } else { "00000000-0000-4000-8000-000000000000" };
        assert!(shown.contains(expected), "{command:?}:\n{shown}");
        let (code, wide, said) = run(aws.ops(command).env("COLUMNS", "80"));
        assert_eq!(code, Some(0), "{said}");
        assert!(wide.lines().any(|line| line.chars().count() > 80), "a pipe gets whole rows:\n{wide}");
    }
}

#[test]
fn the_columns_of_a_table_can_be_chosen() {
    let aws = failures();
    let (code, shown, said) = run(&mut aws.ops(&["peek", "my-dlq", "--columns", "function-or-rule,message"]));
    assert_eq!((code, shown.lines().count()), (Some(0), 6), "{said}");
    let first = "busline-local-notifications-update-inbox  00000000-0000-4000-8000-000000000000";
    assert!(shown.split_whitespace().collect::<Vec<_>>().join("  ").contains(first), "{shown}");
    let (code, _, said) = run(&mut aws.ops(&["peek", "my-dlq", "--columns", "mesage"]));
    assert_eq!(code, Some(64));
    assert!(said.contains("no column `mesage`. Did you mean `message`?"), "{said}");
    let (code, _, said) = run(&mut aws.ops(&["clusters", "my-dlq", "--columns", "count", "--format", "json"]));
    assert_eq!(code, Some(64));
    assert!(said.contains("json and ndjson have every field"), "{said}");
}

#[test]
fn a_queue_with_a_similar_name_is_suggested() {
    let (code, _, said) = run(&mut failures().ops(&["peek", "my-dql"]));
    assert_eq!(code, Some(64));
    assert!(said.contains("Did you mean `my-dlq`?"), "{said}");
}

/// What `ops` proposes to bash for the last word of a line.
fn completed(command: &mut Command, line: &[&str]) -> Vec<String> {
    let index = (line.len() - 1).to_string();
    command.env("OPS_COMPLETE", "bash").env("_CLAP_COMPLETE_INDEX", index).env("_CLAP_IFS", "\n");
    let (code, shown, said) = run(command.arg("--").args(line));
    assert_eq!((code, said.as_str()), (Some(0), ""), "{shown}");
    shown.lines().map(str::to_owned).collect()
}

#[test]
fn shells_complete_names_of_queues() {
    let aws = failures();
    assert_eq!(completed(&mut aws.ops_program(), &["ops", "dlq", "peek", "my-"]), ["my-dlq"]);
    let target = ["ops", "dlq", "replay", "my-dlq", "--to-queue", "ord"];
    assert_eq!(completed(&mut aws.ops_program(), &target), ["orders"]);
    assert_eq!(completed(&mut aws.ops_program(), &["ops", "dlq", "pe"]), ["peek"]);
    let mut unreachable = aws.ops_program();
    unreachable.env("AWS_ENDPOINT_URL", "http://127.0.0.1:1");
    assert_eq!(completed(&mut unreachable, &["ops", "dlq", "peek", "my-"]), Vec::<String>::new());
}

#[test]
fn shells_complete_ids_of_replays_the_newest_first() {
    let journals = tempfile::tempdir().unwrap();
    let ids = ["019a0000-0000-7000-8000-000000000001", "019a0000-0000-7000-8000-000000000002"];
    for id in ids {
        std::fs::write(journals.path().join(format!("{id}.ndjson")), "").unwrap();
    }
    let folder = journals.path().to_str().unwrap();
    let line = ["ops", "dlq", "resume", "--journal-dir", folder, "019a"];
    assert_eq!(completed(&mut failures().ops_program(), &line), [ids[1], ids[0]]);
}

#[test]
fn the_completion_script_of_a_shell_asks_this_program() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let (code, script, said) = run(failures().ops_program().args(["completions", shell]));
        assert_eq!(code, Some(0), "{said}");
        assert!(script.contains("OPS_COMPLETE") && script.contains("ops"), "{shell}: {script}");
    }
}

#[test]
fn one_cluster_is_replayed_by_its_number_or_by_its_id_while_others_grow() {
    let aws = failures();
    let (_, shown, _) = run(&mut aws.ops(&["clusters", "my-dlq", "--columns", "#,cluster,count,function-or-rule"]));
    let row: Vec<&str> =
        shown.lines().find(|line| line.contains("send-welcome-mail")).unwrap().split_whitespace().collect();
    assert_eq!((row[0], row[2]), ("2", "2"), "{shown}");
    let id = row[1].to_owned();
    let (_, clusters, _) = run(&mut aws.ops(&["clusters", "my-dlq", "--format", "json"]));
    let clusters: Value = serde_json::from_str(&clusters).unwrap();
    assert_eq!((&clusters[1]["id"], &clusters[1]["count"]), (&json!(id), &json!(2)), "{clusters}");

    // Now it is the most frequent cause.
    let more = (5..9).map(|number| (format!("{number:08}"), record("send-welcome-mail", number)));
    aws.state(|state| state.messages.extend(more));
    let replay = ["replay", "my-dlq", "--to-queue", "orders", "--cluster"];
    let (code, _, said) = run(&mut aws.ops(&[&replay[..], &["2", "--dry-run"]].concat()));
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("3 messages of busline-local-notifications-update-inbox, TableFailed: "), "{said}");
    let (code, summary, said) = run(&mut aws.ops(&[&replay[..], &[&id]].concat()));
    let cause = format!("cluster {id}: 6 messages of busline-local-notifications-send-welcome-mail, TableFailed: ");
    assert!(said.contains(&cause), "{said}");
    let summary: Value = serde_json::from_str(&summary).unwrap();
    assert_eq!((code, &summary["replayed"]), (Some(0), &json!(6)), "{said}");
    let sent = aws.state(|state| state.sent.clone());
    assert!(sent.len() == 6 && sent.iter().all(|body| body.contains("send-welcome-mail")), "{sent:?}");
    let (code, _, said) = run(&mut aws.ops(&[&replay[..], &[&id]].concat()));
    assert_eq!(code, Some(64), "{said}");
    assert!(said.contains(&format!("no message is of the cluster {id}")), "{said}");
    let (code, _, said) = run(&mut aws.ops(&[&replay[..], &["2"]].concat()));
    assert_eq!(code, Some(64), "{said}");
    assert!(said.contains("there are 1 clusters"), "{said}");
    let (code, _, said) = run(&mut aws.ops(&[&replay[..], &["12345678x"]].concat()));
    assert_eq!(code, Some(64), "{said}");
    assert!(said.contains("the number or the id of 8 characters that `clusters` shows"), "{said}");
}

/// Runs `ops` at a pseudo terminal, with typed input.
#[cfg(unix)]
fn at_terminal(command: &Command, typed: &str) -> String {
    const SPAWN: &str = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))";
    let home = tempfile::tempdir().unwrap();
    let mut terminal = Command::new("python3");
    terminal.args(["-c", SPAWN]).arg(command.get_program()).args(command.get_args());
    terminal.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    terminal.env("BUSLINE_HOME", home.path()).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut running = terminal.spawn().unwrap();
    let mut input = running.stdin.take().unwrap();
    input.write_all(typed.as_bytes()).unwrap();
    let output = running.wait_with_output().unwrap();
    drop(input);
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[cfg(unix)]
#[test]
fn a_replay_at_a_terminal_is_confirmed() {
    let replay = ["replay", "my-dlq", "--to-queue", "orders", "--since", "30000d"];
    for (typed, options, sent) in [("n\n", &[][..], 0), ("y\n", &[], 5), ("", &["--yes"], 5)] {
        let aws = failures();
        let shown = at_terminal(&aws.ops(&[&replay[..], options].concat()), typed);
        assert_eq!(aws.state(|state| state.sent.len()), sent, "{shown}");
        assert_eq!(shown.contains("Send these 5 messages and delete them from my-dlq? [y/N]"), options.is_empty());
        assert_eq!(shown.contains("nothing was sent"), sent == 0, "{shown}");
    }
}

#[cfg(unix)]
#[test]
fn commands_that_take_long_show_how_far_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (exported, purged, journals) = (path("exported"), path("purged"), path("journals"));
    let (code, _, said) = run(&mut failures().ops(&["export", "my-dlq", "--out", &exported]));
    assert_eq!(code, Some(0), "{said}");
    for (command, slow, expected) in [
        (&["import", "orders", &exported, "--journal-dir", &journals][..], "SendMessageBatch", "0 imported"),
        (&["purge", "my-dlq", "--export", &purged, "--yes-delete", "5"], "DeleteMessageBatch", "5/5 deleted"),
        (
            &["park", "my-dlq", "--parking", "orders", "--since", "30000d", "--journal-dir", &journals],
            "ReceiveMessage",
            "0/5 read",
        ),
    ] {
        let aws = failures();
        aws.state(|state| state.hanging.push(slow));
        let command = aws.ops(command);
        let shown = thread::scope(|scope| {
            let running = scope.spawn(|| at_terminal(&command, ""));
            aws.wait_until(slow, |state| state.calls.iter().any(|call| call == slow));
            thread::sleep(Duration::from_secs(3));
            aws.state(|state| state.hanging.clear());
            running.join().unwrap()
        });
        assert!(shown.contains(expected), "{slow}: {shown}");
    }
}

#[cfg(unix)]
#[test]
fn an_endpoint_that_does_not_answer_is_named() {
    let aws = failures();
    aws.state(|state| state.hanging.push("GetQueueUrl"));
    let mut peek = aws.ops(&["peek", "my-dlq"]);
    peek.env("AWS_MAX_ATTEMPTS", "1");
    let shown = at_terminal(&peek, "");
    assert!(shown.contains(&format!("waiting for an answer of {}", aws.url)), "{shown}");
    let (code, _, said) = run(&mut peek);
    assert_eq!((code, said.lines().count()), (Some(1), 1), "{said}");
    assert!(said.contains(&format!("{} does not answer", aws.url)), "{said}");
}

#[test]
fn the_endpoint_of_queues_is_named() {
    let aws = failures();
    aws.state(|state| state.hanging.push("GetQueueUrl"));
    let mut peek = aws.ops(&["peek", "my-dlq"]);
    peek.env_remove("AWS_ENDPOINT_URL").env("AWS_ENDPOINT_URL_SQS", &aws.url).env("AWS_MAX_ATTEMPTS", "1");
    let (code, _, said) = run(&mut peek);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains(&format!("({} or AWS in the region eu-west-1 does not answer", aws.url)), "{said}");
}
