//! Invalid arguments: exit code 64 and one line, without a call to AWS and without a panic.

use std::io::pipe;
use std::process::{Command, Output, Stdio};

/// Nothing listens there, so a command with valid arguments fails with 1.
const CLOSED_PORT: &str = "http://127.0.0.1:1";

fn ops(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ops"));
    command.arg("dlq").args(arguments).env("AWS_ENDPOINT_URL", CLOSED_PORT).env("AWS_REGION", "eu-west-1");
    command.env("AWS_ACCESS_KEY_ID", "test").env("AWS_SECRET_ACCESS_KEY", "test").env("AWS_MAX_ATTEMPTS", "1");
    command.stdin(Stdio::null());
    command
}

fn is_refused(output: &Output, expected: &str) {
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), text.trim_end().lines().count()), (Some(64), 1), "{text}");
    assert!(text.contains(expected) && output.stdout.is_empty(), "`{expected}` is expected: {text}");
}

#[test]
fn invalid_arguments_are_refused_in_one_line() {
    let replay: [(&[&str], &str); 29] = [
        (&["--rate", "0"], "a number of messages a second"),
        (&["--rate=-1"], "a number of messages a second"),
        (&["--rate", "nan"], "a number of messages a second"),
        (&["--rate", "1e400"], "a number of messages a second"),
        (&["--concurrency", "0"], "not in 1..=256"),
        (&["--concurrency", "99999999999999999999"], "number too large"),
        (&["--count", "0"], "is not in 1.."),
        (&["--max-replays", "4294967296"], "4294967296"),
        (&["--hidden", "0s"], "from 1s to 12h"),
        (&["--settle", "13h"], "from 1s to 12h"),
        (&["--deadline", "99999999999999999999d"], "give a duration"),
        (&["--deadline", "12h"], "at most 11h"),
        (&["--older-than", "-1h"], "unexpected argument"),
        (&["--error", "/(/"], "invalid regular expression"),
        (&["--error", "/(a{1000}){1000}/"], "exceeds size limit"),
        (&["--field", "$.a["], "give a JSONPath"),
        (&["--field", "$..a[99999999999999999999]"], "give a JSONPath"),
        (&["--since", "2026-13-45"], "give a time such as"),
        (&["--since", "2026-11-21", "--until", "2026-11-20"], "no message can have failed"),
        (&["--since", "1h", "--older-than", "2h"], "no message can have failed"),
        (&["--envelope", "mystery"], "is not an envelope"),
        (&["--order", "backwards"], "[possible values: any, subject]"),
        (&["--format", "xml"], "[possible values: table, json, ndjson]"),
        (&["--to", "not a url"], "give a URL"),
        (&["--to", ""], "give a URL"),
        (&["--invoke", ""], "--invoke"),
        (&["--nonsense"], "unexpected argument"),
        (&["--to-topic", ""], "--to-topic"),
        (&["--to-topic", "t", "--to-queue", "q"], "cannot be used with"),
    ];
    for (arguments, expected) in replay {
        is_refused(&ops(&[&["replay", "my-dlq"], arguments].concat()).output().unwrap(), expected);
    }
    let others: [(&[&str], &str); 5] = [
        (&["peek"], "<QUEUE>"),
        (&["peek", "my-dlq", "--env", ""], "--env"),
        (&["explain", ""], "<EVENT_ID>"),
        (&["resume", "019a", "--journal-dir", ""], "--journal-dir"),
        (&["import", "", "-"], "a queue needs a name"),
    ];
    for (arguments, expected) in others {
        is_refused(&ops(arguments).output().unwrap(), expected);
    }
}

#[test]
fn an_empty_filter_is_refused_because_it_would_select_every_message() {
    for filter in ["--message-id", "--error", "--error-type", "--function", "--rule", "--subject", "--event-id"] {
        is_refused(&ops(&["replay", "my-dlq", filter, ""]).output().unwrap(), filter);
    }
}

#[test]
fn an_invalid_endpoint_is_named() {
    for url in ["", "nonsense", "ftp://127.0.0.1:1"] {
        let output = ops(&["list"]).env("AWS_ENDPOINT_URL", url).output().unwrap();
        is_refused(&output, "AWS_ENDPOINT_URL is");
    }
}

#[test]
fn a_closed_output_does_not_change_the_exit_code() {
    for (arguments, code) in [(&["peek", "my-dlq"][..], 1), (&["peek", "--nonsense"], 64), (&["--help"], 0)] {
        let (reader, writer) = pipe().unwrap();
        drop(reader);
        let errors = writer.try_clone().unwrap();
        let ended = ops(arguments).stdout(writer).stderr(errors).status().unwrap();
        assert_eq!(ended.code(), Some(code), "{arguments:?}");
    }
}

#[cfg(unix)]
#[test]
fn arguments_that_are_not_unicode_are_refused() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    is_refused(&ops(&["peek"]).arg(OsStr::from_bytes(b"\xff")).output().unwrap(), "invalid UTF-8");
}
