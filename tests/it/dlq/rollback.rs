//! `ops dlq rollback` after one that died, while somebody holds what it must find again: nothing is there twice.

use std::fs::{self, OpenOptions};
use std::io::Write;

use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tests::ops::Operator;
use tests::own_queue::{OwnQueue, text};
use tests::product::Product;
use tests::wait::eventually;

const COUNT: u64 = 6;

/// A replay of [`COUNT`] messages to a queue, and the half of a rollback: all are in both queues.
struct Halved {
    ops: Operator,
    dead: OwnQueue,
    orders: OwnQueue,
    journal: String,
    ids: Vec<String>,
}

impl Halved {
    async fn make() -> Self {
        let product = Product::shared().await;
        let ops = Operator::stranger(product.endpoint());
        let dead = OwnQueue::make(product.sdk(), &OwnQueue::name("dlq")).await;
        let orders = OwnQueue::make(product.sdk(), &OwnQueue::name("orders")).await;
        dead.send_all(&(0..COUNT).map(|number| number.to_string()).collect::<Vec<_>>()).await;
        let before = dead.contents().await;
        let replayed = ops.done(&["replay", dead.own_name(), "--to-queue", orders.own_name()]).await.summary();
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
        self.dead.has(COUNT).await;
        self.orders.has(0).await;
    }
}

#[tokio::test]
async fn what_may_have_been_put_back_and_is_held_is_not_put_back_again() {
    let halved = Halved::make().await;
    let held = halved.dead.receive(20).await;
    let ran = halved.ops.run(&["rollback", &halved.journal, "--hidden", "2s"]).await;
    assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""), "{}", ran.said);
    assert!(ran.said.contains("run it again when nobody does"), "{}", ran.said);
    assert_eq!(halved.dead.depth().await.0 + held.len() as u64, COUNT, "none was put back");
    halved.is_whole_at_last().await;
}

#[tokio::test]
async fn what_was_put_back_and_is_held_where_it_was_is_deleted_later() {
    let halved = Halved::make().await;
    halved.note(&json!({"entry": "rolledBack", "ids": halved.ids}));
    let held = halved.orders.receive(20).await.len() as u64;
    assert!(held > 0, "somebody holds some");
    let ran = halved.ops.run(&["rollback", &halved.journal, "--hidden", "2s"]).await;
    assert_eq!((ran.code, &ran.summary()["remaining"]), (Some(2), &json!(held)), "{}", ran.said);
    halved.is_whole_at_last().await;
}

#[tokio::test]
async fn messages_cannot_be_parked_where_they_are() {
    let product = Product::shared().await;
    let ops = Operator::stranger(product.endpoint());
    let dead = OwnQueue::make(product.sdk(), &OwnQueue::name("dlq")).await;
    dead.send_all(&["one".to_owned()]).await;
    for command in ["park", "unpark", "replay"] {
        let ran = ops.run(&[command, dead.own_name(), "--parking", dead.own_name()]).await;
        assert_eq!(ran.code, Some(64), "{command}: {}", ran.said);
        assert!(ran.said.contains("the queue that they come from"), "{}", ran.said);
    }
    dead.has(1).await;
}
