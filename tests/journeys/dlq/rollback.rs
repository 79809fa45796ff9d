//! `ops dlq rollback` after an interrupted one, while a consumer holds messages that it needs: no message is duplicated.

use std::fs::{self, OpenOptions};
use std::io::Write;

use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tests::ops::Operator;
use tests::product::Product;
use tests::test_queue::{TestQueue, text};
use tests::wait::eventually;

const COUNT: u64 = 6;

/// A replay of [`COUNT`] messages to a queue, and the half of a rollback: all are in both queues.
struct Halved {
    ops: Operator,
    dead: TestQueue,
    orders: TestQueue,
    journal: String,
    ids: Vec<String>,
}

impl Halved {
    async fn make() -> Self {
        let product = Product::shared().await;
        let ops = Operator::with_endpoint(product.endpoint());
        let dead = TestQueue::create(product.sdk(), &TestQueue::unique_name("dlq")).await;
        let orders = TestQueue::create(product.sdk(), &TestQueue::unique_name("orders")).await;
        dead.send_all(&(0..COUNT).map(|number| number.to_string()).collect::<Vec<_>>()).await;
        let before = dead.contents().await;
        let replayed = ops.run_ok(&["replay", dead.name(), "--to-queue", orders.name()]).await.summary();
        let journal = replayed["journal"].as_str().expect("a journal").to_owned();
        for (id, message) in &before {
            let body = message.body.as_deref().expect("a text");
            dead.send(body, vec![("busline-replay-key", text("String", id))], None).await;
        }
        let ids: Vec<String> = before.into_keys().collect();
        let halved = Self { ops, dead, orders, journal, ids };
        halved.note(&json!({"entry": "rollingBack", "ids": halved.ids, "keys": halved.ids}));
        halved
    }

    /// Writes what the rollback that died wrote.
    fn note(&self, entry: &Value) {
        let lines = fs::read_to_string(&self.journal).expect("a journal");
        let digest = Sha256::digest(lines.lines().last().expect("a line").as_bytes());
        let previous = digest.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
        let mut line = json!({"n": lines.lines().count(), "at": Timestamp::now(), "previous": previous});
        line.as_object_mut().expect("an object").extend(entry.as_object().expect("an object").clone());
        let mut file = OpenOptions::new().append(true).open(&self.journal).expect("a journal");
        writeln!(file, "{line}").expect("a disk");
    }

    /// Rolls back once more until all are back, each once, and none is where it was.
    async fn is_whole_at_last(&self) {
        eventually("the rollback is done", async || {
            let ran = self.ops.run(&["rollback", &self.journal, "--hidden", "2s"]).await;
            (ran.code == Some(0)).then_some(())
        })
        .await;
        self.dead.wait_for_depth(COUNT).await;
        self.orders.wait_for_depth(0).await;
    }
}

#[tokio::test]
async fn a_rollback_does_not_duplicate_messages_that_another_consumer_holds() {
    let halved = Halved::make().await;
    let held = halved.dead.receive().await;
    let ran = halved.ops.run(&["rollback", &halved.journal, "--hidden", "2s"]).await;
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""), "{}", ran.stderr);
    assert!(ran.stderr.contains("run it again when none are in flight"), "{}", ran.stderr);
    assert_eq!(halved.dead.depth().await.0 + held.len() as u64, COUNT, "none was put back");
    halved.dead.release(&held).await;
    halved.is_whole_at_last().await;
}

#[tokio::test]
async fn a_rollback_deletes_held_originals_later() {
    let halved = Halved::make().await;
    halved.note(&json!({"entry": "rolledBack", "ids": halved.ids}));
    let held = halved.orders.receive().await;
    assert!(!held.is_empty(), "a consumer holds some");
    let ran = halved.ops.run(&["rollback", &halved.journal, "--hidden", "2s"]).await;
    assert_eq!((ran.code, &ran.summary()["remaining"]), (Some(2), &json!(held.len())), "{}", ran.stderr);
    halved.orders.release(&held).await;
    halved.is_whole_at_last().await;
}

#[tokio::test]
async fn messages_cannot_be_parked_in_their_own_queue() {
    let product = Product::shared().await;
    let ops = Operator::with_endpoint(product.endpoint());
    let dead = TestQueue::create(product.sdk(), &TestQueue::unique_name("dlq")).await;
    dead.send_all(&["one".to_owned()]).await;
    for command in ["park", "unpark", "replay"] {
        let ran = ops.run(&[command, dead.name(), "--parking", dead.name()]).await;
        assert_eq!(ran.code, Some(64), "{command}: {}", ran.stderr);
        assert!(ran.stderr.contains("the queue that they come from"), "{}", ran.stderr);
    }
    dead.wait_for_depth(1).await;
}
