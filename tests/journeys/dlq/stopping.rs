//! Stop means stop: after an interrupt nothing more is sent, and everything that was begun can be continued.
#![cfg(unix)]

use std::collections::BTreeSet;
use std::fs;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tests::ops::CommandOutput;
use tests::wait::eventually;

use super::{Queues, signal};

fn bodies(messages: Vec<aws_sdk_sqs::types::Message>) -> BTreeSet<String> {
    let count = messages.len();
    let bodies: BTreeSet<String> = messages.into_iter().filter_map(|message| message.body).collect();
    assert_eq!(bodies.len(), count, "no message is there twice");
    bodies
}

#[tokio::test]
async fn an_interrupted_replay_sends_nothing_more_however_low_its_rate() {
    for rate in ["15", "0.05"] {
        let queues = Queues::with(300).await;
        let replay = queues.replay(&["--rate", rate]);
        queues.wait_until_sent(1).await;
        signal(&replay, "INT").await;
        let (interrupted, sent) = (Instant::now(), queues.orders.depth().await.0);
        let ran = CommandOutput::at_end_of(replay).await;
        // Less than the pause between two messages at the lower rate.
        assert!(interrupted.elapsed() < Duration::from_secs(15), "it ends: {:?}", interrupted.elapsed());
        let summary = ran.summary();
        // A batch of at most ten messages may have been in work.
        assert!(queues.orders.depth().await.0 <= sent + 10, "{sent} when it was interrupted: {summary}");
        assert_eq!((ran.code, &summary["replayed"]), (Some(2), &json!(queues.orders.depth().await.0)), "{summary}");
        let id = fs::canonicalize(summary["journal"].as_str().expect("a journal")).expect("a journal");
        let id = id.file_stem().expect("a name").to_str().expect("text");
        assert!(ran.stderr.contains(id) && ran.stderr.contains("`ops dlq resume "), "{}", ran.stderr);
    }
}

#[tokio::test]
async fn messages_that_a_plan_did_not_see_remain_after_a_resume_that_received_them() {
    const COUNT: usize = 60;
    let queues = Queues::with(COUNT).await;
    let held = queues.dead.receive().await;
    let replay = queues.replay(&["--count", "1000", "--rate", "10"]);
    queues.wait_until_sent(1).await;
    signal(&replay, "INT").await;
    let journal = CommandOutput::at_end_of(replay).await.summary()["journal"].as_str().expect("a journal").to_owned();
    queues.dead.release(&held).await;
    let ran = queues.ops.run(&["resume", &journal]).await;
    let summary = ran.summary();
    assert_eq!((ran.code, &summary["remaining"]), (Some(2), &json!(held.len())), "{summary}");
    queues.ops.run_ok(&["replay", queues.dead.name(), "--to-queue", queues.orders.name(), "--count", "1000"]).await;
    assert_eq!((queues.dead.depth().await, queues.orders.depth().await.0), ((0, 0), COUNT as u64));
}

#[tokio::test]
async fn a_process_that_slept_longer_than_its_lease_sends_nothing_that_others_have_taken() {
    const COUNT: usize = 200;
    let queues = Queues::with(COUNT).await;
    // Five messages a second: on a slow machine too they are deleted before many more are sent.
    let replay = queues.replay(&["--rate", "5", "--hidden", "4s"]);
    queues.wait_until_sent(10).await;
    signal(&replay, "STOP").await;
    eventually("its leases are over", async || (queues.dead.depth().await.1 == 0).then_some(())).await;
    let mut taken = Vec::new();
    while queues.dead.depth().await.0 > 0 {
        taken.extend(queues.dead.receive().await);
    }
    queues.dead.delete(&taken).await;
    signal(&replay, "CONT").await;
    let ran = CommandOutput::at_end_of(replay).await;
    let (taken, replayed) = (bodies(taken), bodies(queues.orders.drain().await));
    let doubled: Vec<_> = taken.intersection(&replayed).collect();
    // The messages that were being sent when it was stopped were sent in time, but not deleted.
    let in_work = ran.summary()["replayed"].as_u64().expect("a number");
    assert!(doubled.len() <= 10 && replayed.len() as u64 == in_work, "doubled {doubled:?}: {}", ran.summary());
    assert_eq!(taken.union(&replayed).count(), COUNT, "nothing is lost");
}

#[tokio::test]
async fn a_replay_that_was_killed_while_its_plan_was_written_is_no_dead_end() {
    let queues = Queues::with(20).await;
    let command = ["replay", queues.dead.name(), "--to-queue", queues.orders.name(), "--since", "1d"];
    let journal = queues.ops.run_ok(&command).await.summary()["journal"].as_str().expect("a journal").to_owned();
    let text = fs::read_to_string(&journal).expect("a journal");
    fs::write(&journal, format!("{}\n", text.lines().next().expect("the plan"))).expect("a file");
    let resumed = queues.ops.run(&["resume", &journal]).await;
    assert_eq!((resumed.code, &resumed.summary()["replayed"]), (Some(2), &json!(0)), "{}", resumed.stderr);
    assert!(resumed.stderr.contains("run `replay` again"), "{}", resumed.stderr);
}

#[tokio::test]
async fn an_import_that_ended_early_continues_where_it_was() {
    let queues = Queues::with(30).await;
    let file = queues.ops.file("all.ndjson");
    queues.ops.run_ok(&["export", queues.dead.name(), "--out", &file]).await;
    let import = ["import", queues.orders.name(), &file];
    let whole = queues.ops.run_ok(&import).await.summary();
    assert_eq!((&whole["imported"], queues.orders.drain().await.len()), (&json!(30), 30));
    let journal = whole["journal"].as_str().expect("a journal").to_owned();

    // As a kill after the first ten leaves it.
    let text = fs::read_to_string(&journal).expect("a journal");
    let is_sent = |line: &str| serde_json::from_str::<Value>(line).expect("JSON")["entry"] == "sent";
    let end = text.lines().position(is_sent).expect("messages that were sent");
    let begun: Vec<&str> = text.lines().take(end + 1).collect();
    fs::write(&journal, begun.join("\n") + "\n").expect("a file");
    let resumed = queues.ops.run_ok(&[&import[..], &["--resume", &journal]].concat()).await.summary();
    assert_eq!((&resumed["imported"], &resumed["alreadyImported"]), (&json!(20), &json!(10)), "{resumed}");
    assert_eq!(bodies(queues.orders.drain().await).len(), 20);
}

#[tokio::test]
async fn a_queue_is_not_replayed_into_itself_under_another_url() {
    let queues = Queues::with(5).await;
    let (from, to) =
        if queues.dead.url.contains("127.0.0.1") { ("127.0.0.1", "localhost") } else { ("localhost", "127.0.0.1") };
    let other_url = queues.dead.url.replace(from, to);
    assert_ne!(other_url, queues.dead.url);
    let ran = queues.ops.run(&["replay", queues.dead.name(), "--to-queue", &other_url]).await;
    assert_eq!(ran.code, Some(64), "{}{}", ran.stderr, queues.cloud.endpoint);
    assert!(ran.stderr.contains("the queue that they come from"), "{}", ran.stderr);
    queues.dead.wait_for_depth(5).await;
}

#[tokio::test]
async fn the_plan_prints_no_control_character_of_a_message() {
    let queues = Queues::with(0).await;
    let arn = "arn:aws:lambda:eu-west-1:1:function:\u{1b}[31m\u{202e}f";
    let record = json!({
        "requestContext": {"functionArn": arn, "condition": "RetriesExhausted"},
        "requestPayload": {"n": 1}, "responsePayload": {"errorType": "E", "errorMessage": "e"},
    });
    queues.dead.send_all(&[record.to_string()]).await;
    let plan = queues.ops.run_ok(&["replay", queues.dead.name(), "--dry-run"]).await;
    assert!(plan.stderr.contains("\\u{1b}[31m"), "{}", plan.stderr);
    assert!(!plan.stderr.contains(['\u{1b}', '\u{202e}']), "{:?}", plan.stderr);
}
