//! `replay --wait` ends when the consumers are done, and tells what it cannot know.

use aws_sdk_sqs::types::Message;
use serde_json::{Value, json};
use tests::ops::CommandOutput;
use tests::test_queue::TestQueue;
use tests::wait::eventually;
use tokio::process::Child;

use super::{Queues, numbered, signal};

const COUNT: usize = 25;

impl Queues {
    async fn start() -> Self {
        Self::with(COUNT).await
    }

    fn replay_and_wait(&self, options: &[&str]) -> Child {
        self.replay(&[&["--wait"], options].concat())
    }

    async fn wait_until_all_are_sent(&self, count: u64) {
        self.wait_until_sent(count).await;
        self.dead.wait_for_depth(0).await;
    }

    /// Receives messages and deletes them, as a consumer that succeeds.
    async fn consume(&self, count: usize) {
        let mut done = 0;
        while done < count {
            let received = self.orders.receive().await;
            self.orders.delete(&received).await;
            done += received.len();
        }
    }

    /// The three messages that are left are held.
    async fn consume_all_but_three(&self, count: usize) -> Vec<Message> {
        let mut held = self.orders.receive().await;
        self.consume(count - held.len()).await;
        let others = held.split_off(3);
        self.orders.delete(&others).await;
        held
    }
}

fn wait_of(ran: &CommandOutput) -> Value {
    ran.summary()["wait"].clone()
}

#[tokio::test]
async fn a_replay_that_waits_ends_when_the_messages_are_consumed() {
    let queues = Queues::start().await;
    queues.orders.send_all(&numbered(3)).await;
    let mut replay = queues.replay_and_wait(&[]);
    queues.wait_until_all_are_sent(COUNT as u64 + 3).await;
    let left = queues.consume_all_but_three(COUNT + 3).await;
    // They may be replayed ones.
    assert!(replay.try_wait().expect("a process").is_none(), "some messages are not consumed");
    queues.orders.delete(&left).await;
    let ran = CommandOutput::at_end_of(replay).await;
    let seen = wait_of(&ran);
    assert_eq!(seen, json!({"end": "consumed", "waiting": 0, "cameBack": 0, "notKnown": []}), "{}", ran.stderr);
    assert_eq!((ran.code, &ran.summary()["replayed"]), (Some(0), &json!(COUNT)), "{}", ran.stderr);
}

#[tokio::test]
async fn messages_that_nobody_consumes_are_not_waited_for_without_an_end() {
    let queues = Queues::start().await;
    let ran = CommandOutput::at_end_of(queues.replay_and_wait(&["--wait-timeout", "1s"])).await;
    let seen = wait_of(&ran);
    assert_eq!((ran.code, &seen["end"], &seen["waiting"]), (Some(2), &json!("timedOut"), &json!(COUNT)), "{seen}");
    assert!(ran.stderr.contains("25 messages were not consumed in time"), "{}", ran.stderr);
    assert_eq!(ran.summary()["remaining"], 0, "the replay itself is complete");
    let journal = ran.summary()["journal"].as_str().expect("a journal").to_owned();
    assert!(ran.stderr.contains(&format!("`ops dlq resume {journal} --wait` goes on waiting")), "{}", ran.stderr);
    assert!(!ran.stderr.contains("is not complete"), "{}", ran.stderr);

    let again =
        CommandOutput::at_end_of(queues.ops.start(&["resume", &journal, "--wait", "--wait-timeout", "1s"])).await;
    assert_eq!((again.code, wait_of(&again)), (Some(2), seen), "{}", again.stderr);
    let again = queues.ops.start(&["resume", &journal, "--wait"]);
    queues.consume(COUNT).await;
    let again = CommandOutput::at_end_of(again).await;
    let seen = wait_of(&again);
    assert_eq!(seen, json!({"end": "consumed", "waiting": 0, "cameBack": 0, "notKnown": []}), "{}", again.stderr);
    assert_eq!((again.code, &again.summary()["replayed"]), (Some(0), &json!(COUNT)), "{}", again.stderr);
}

#[cfg(unix)]
#[tokio::test]
async fn the_last_messages_of_a_queue_that_had_some_before_are_not_known() {
    let queues = Queues::start().await;
    queues.orders.send_all(&numbered(3)).await;
    let replay = queues.replay_and_wait(&[]);
    queues.wait_until_all_are_sent(COUNT as u64 + 3).await;
    queues.consume_all_but_three(COUNT + 3).await;
    signal(&replay, "INT").await;
    let ran = CommandOutput::at_end_of(replay).await;
    let seen = wait_of(&ran);
    let left = format!("the replayed ones among the last 3 messages in {}", queues.orders.name());
    assert_eq!(seen, json!({"end": "interrupted", "waiting": 0, "cameBack": 0, "notKnown": [left]}), "{}", ran.stderr);
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
}

#[tokio::test]
async fn what_another_dead_letter_queue_may_have_is_not_known() {
    let queues = Queues::start().await;
    let other = TestQueue::create(&queues.cloud.sdk(), &TestQueue::unique_name("other-dlq")).await;
    queues.orders.redrive_to(&other).await;
    let replay = queues.replay_and_wait(&[]);
    queues.wait_until_all_are_sent(COUNT as u64).await;
    queues.consume(COUNT).await;
    let ran = CommandOutput::at_end_of(replay).await;
    let seen = wait_of(&ran);
    assert_eq!((ran.code, &seen["end"], &seen["waiting"]), (Some(2), &json!("notKnown"), &json!(0)), "{seen}");
    assert!(seen["notKnown"].to_string().contains(other.name()), "{seen}");
}

#[tokio::test]
async fn messages_that_come_back_while_it_waits_are_reported() {
    let queues = Queues::start().await;
    let replay = queues.replay_and_wait(&[]);
    queues.wait_until_all_are_sent(COUNT as u64).await;
    queues.consume(COUNT - 10).await;
    queues.orders.redrive_to(&queues.dead).await;
    let is_back = async || {
        // SQS gives a message up when it would be received a second time.
        queues.orders.receive_and_fail().await;
        (queues.dead.depth().await.0 > 0 && queues.orders.depth().await == (0, 0)).then_some(())
    };
    eventually("the failed messages are back", is_back).await;
    let ran = CommandOutput::at_end_of(replay).await;
    let seen = wait_of(&ran);
    let back = queues.dead.depth().await.0;
    assert_eq!((ran.code, &seen["end"], &seen["cameBack"]), (Some(2), &json!("consumed"), &json!(back)), "{seen}");
    assert!(ran.stderr.contains("messages came to the dead-letter queue meanwhile"), "{}", ran.stderr);
}

#[cfg(unix)]
#[tokio::test]
async fn an_interrupt_ends_the_wait_and_a_resumed_replay_waits_for_all() {
    let queues = Queues::start().await;
    let replay = queues.replay_and_wait(&["--rate", "5"]);
    let is_begun = async || (queues.orders.depth().await.0 > 0).then_some(());
    eventually("the first messages are replayed", is_begun).await;
    signal(&replay, "INT").await;
    let stopped = CommandOutput::at_end_of(replay).await;
    let summary = stopped.summary();
    assert_eq!((stopped.code, &summary["wait"]["end"]), (Some(2), &json!("interrupted")), "{summary}");

    let journal = summary["journal"].as_str().expect("a journal").to_owned();
    let resumed = queues.ops.start(&["resume", &journal, "--wait"]);
    queues.wait_until_all_are_sent(COUNT as u64).await;
    let held = queues.orders.receive().await.len();
    queues.consume(COUNT - held).await;
    signal(&resumed, "TERM").await;
    let resumed = CommandOutput::at_end_of(resumed).await;
    let seen = wait_of(&resumed);
    assert_eq!(
        (resumed.code, &seen["end"], &seen["waiting"]),
        (Some(2), &json!("interrupted"), &json!(held)),
        "{seen}"
    );
    assert!(resumed.stderr.contains("messages were not consumed yet"), "{}", resumed.stderr);
}
