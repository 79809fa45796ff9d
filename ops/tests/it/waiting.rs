//! What happens to a replay when its targets are busy or gone.

use serde_json::{Value, json};

use crate::fake_aws::FakeAws;

fn failures() -> FakeAws {
    FakeAws::with_messages((0..5).map(|number| {
        let arn = "arn:aws:lambda:eu-west-1:000000000000:function:bill";
        let context = json!({"functionArn": arn, "condition": "RetriesExhausted"});
        json!({"timestamp": "2026-11-21T09:00:00.000Z", "requestContext": context, "requestPayload": {"n": number}})
            .to_string()
    }))
}

#[test]
fn invocations_that_are_throttled_for_long_are_tried_again_and_do_not_fail() {
    let aws = failures();
    // Each is tried six times before its error is returned.
    aws.state(|state| state.throttled = 5 * 6 + 3);
    let output = aws.ops(&["replay", "my-dlq", "--wait"]).env("AWS_MAX_ATTEMPTS", "1").output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let summary: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&summary["replayed"], &summary["failed"]), (&json!(5), &json!(0)), "{said}");
    assert_eq!((output.status.code(), &summary["wait"]["end"]), (Some(0), &json!("consumed")), "{said}");
}

#[test]
fn a_target_that_is_deleted_while_it_is_waited_for_is_a_result() {
    let aws = failures();
    aws.state(|state| state.hanging.push("DeleteMessageBatch"));
    let replay = aws.ops(&["replay", "my-dlq", "--to-queue", "orders", "--wait"]).spawn().unwrap();
    let is_sent = |state: &crate::fake_aws::State| state.calls.iter().any(|call| call == "DeleteMessageBatch");
    aws.wait_until("the messages are sent", is_sent);
    aws.state(|state| {
        state.queues.remove("orders");
        state.hanging.clear();
    });
    let output = replay.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let summary: Value = serde_json::from_slice(&output.stdout).unwrap();
    let seen = json!({
        "end": "notKnown", "waiting": 0, "cameBack": 0, "notKnown": ["the messages in orders, which was deleted,"],
    });
    assert_eq!((output.status.code(), &summary["wait"]), (Some(2), &seen), "{said}");
    assert!(!said.contains("ops dlq resume"), "{said}");
}

#[cfg(unix)]
#[test]
fn a_second_interrupt_of_a_wait_tells_what_is_true() {
    let aws = failures();
    // The messages of this endpoint are those of every queue.
    aws.state(|state| state.hanging.push("DeleteMessageBatch"));
    let replay = aws.ops(&["replay", "my-dlq", "--to-queue", "orders", "--wait"]).spawn().unwrap();
    let deletions = |state: &crate::fake_aws::State| state.calls.iter().any(|call| call == "DeleteMessageBatch");
    aws.wait_until("the messages are sent", deletions);
    aws.state(|state| {
        state.queues.insert("orders".to_owned(), json!({"ApproximateNumberOfMessages": "5"}));
        state.calls.clear();
        state.hanging.clear();
    });
    // A replay that goes on calls it a few times at most.
    aws.wait_until("it waits", |state| state.calls.iter().filter(|call| *call == "GetQueueAttributes").count() > 12);
    aws.state(|state| state.hanging.push("GetQueueAttributes"));
    let interrupt = || std::process::Command::new("kill").args(["-INT", &replay.id().to_string()]).status().unwrap();
    assert!(interrupt().success());
    // Two signals at the same time are one. After 5 s the first has ended the command.
    std::thread::sleep(std::time::Duration::from_millis(500));
    interrupt();
    let output = replay.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(matches!(output.status.code(), Some(130 | 2)), "{said}");
    assert!(said.contains("goes on waiting") && !said.contains("is not complete"), "{said}");
    assert!(!said.contains("stay hidden"), "{said}");
}
