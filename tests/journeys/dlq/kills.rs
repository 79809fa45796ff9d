//! A replay that is killed again and again while its messages are consumed: none is lost, and only those are doubled that
//! were being sent at a kill.
#![cfg(unix)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::Value;
use tests::cloud::EmptyCloud;
use tests::killed_command::{Continuation, KilledCommand, journals};
use tests::ops::{Operator, program};
use tests::rng::SeededRng;
use tests::test_queue::TestQueue;
use uuid::Uuid;

use super::numbered;

const COUNT: usize = 1000;
const KILLS: u32 = 25;

/// Messages a second, for a run of half a minute.
const RATE: &str = "40";

/// The kills are spread over so many messages, which leaves time for late ones on a slow machine.
const KILLED_MESSAGES: u64 = 430;

/// The number of messages that one process sends at a time: eight concurrent calls, each with ten messages.
const MAX_SENDING: usize = 80;

/// The approximate size of a message in the journal, in bytes.
const MESSAGE_BYTES: u64 = 450;

/// The run is repeated with `SEED`.
fn seed() -> u64 {
    let given = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok());
    given.unwrap_or_else(|| u64::from(Uuid::new_v4().as_fields().0))
}

#[tokio::test]
async fn twenty_five_kills_lose_nothing_and_double_only_what_was_being_sent() {
    let seed = seed();
    println!("SEED={seed}");
    let (cloud, rng) = (EmptyCloud::start().await, SeededRng::new(seed, 0));
    let ops = Operator::with_endpoint(&cloud.endpoint);
    let dead = TestQueue::create(&cloud.sdk(), &TestQueue::unique_name("dlq")).await;
    let orders = Arc::new(TestQueue::create(&cloud.sdk(), &TestQueue::unique_name("orders")).await);
    dead.send_all(&numbered(COUNT)).await;
    let ids: BTreeMap<String, String> =
        dead.contents().await.into_iter().map(|(id, message)| (message.body.expect("a body"), id)).collect();
    assert_eq!(ids.len(), COUNT, "all messages are different");

    let folder = PathBuf::from(ops.file("journals"));
    let is_over = Arc::new(AtomicBool::new(false));
    let consumer = tokio::spawn(consume(Arc::clone(&orders), Arc::clone(&is_over)));
    let replay = ["replay", dead.name(), "--to-queue", orders.name(), "--rate", RATE, "--hidden", "2s"];
    let killed = KilledCommand {
        ops: program(),
        endpoint: &cloud.endpoint,
        folder: &folder,
        command: replay.map(str::to_owned).to_vec(),
        continuation: Continuation::Resume,
        journal_bytes: KILLED_MESSAGES * MESSAGE_BYTES,
    };
    let (kills, _) = killed.run(KILLS, &rng).await;
    is_over.store(true, Ordering::Relaxed);
    let received = consumer.await.expect("an independent consumer");
    assert_eq!((kills, dead.depth().await), (KILLS, (0, 0)), "seed {seed}");

    let mut deliveries: BTreeMap<&str, u32> = BTreeMap::new();
    for body in &received {
        *deliveries.entry(body).or_default() += 1;
    }
    let lost: Vec<&String> = ids.keys().filter(|body| !deliveries.contains_key(body.as_str())).collect();
    assert!(lost.is_empty(), "seed {seed}: lost {lost:?}");
    let at_kills: Vec<_> = journals(&folder).iter().flat_map(|journal| in_doubt_at_kills(journal)).collect();
    for (number, sending) in at_kills.iter().enumerate() {
        assert!(sending.len() <= MAX_SENDING, "seed {seed}: {} messages are in doubt at kill {number}", sending.len());
    }
    let in_doubt: BTreeSet<String> = at_kills.into_iter().flatten().collect();
    let doubled: Vec<&str> = deliveries.iter().filter(|(_, count)| **count > 1).map(|(body, _)| *body).collect();
    println!("{kills} kills, {} messages in doubt, {} delivered twice", in_doubt.len(), doubled.len());
    let unexplained: Vec<_> = doubled.iter().filter(|body| !in_doubt.contains(&ids[**body])).collect();
    assert!(unexplained.is_empty(), "seed {seed}: doubled, but not in doubt at a kill: {unexplained:?}");
}

/// Receives messages and deletes them until `is_over` is set and none is left; their bodies.
async fn consume(orders: Arc<TestQueue>, is_over: Arc<AtomicBool>) -> Vec<String> {
    let mut received = Vec::new();
    loop {
        let was_over = is_over.load(Ordering::Relaxed);
        let messages = orders.receive().await;
        if messages.is_empty() {
            if was_over {
                return received;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        orders.delete(&messages).await;
        received.extend(messages.into_iter().filter_map(|message| message.body));
    }
}

/// The messages that were being sent at each kill: they have an intent without an outcome.
fn in_doubt_at_kills(journal: &Path) -> Vec<BTreeSet<String>> {
    let (mut sending, mut at_kills) = (BTreeSet::new(), Vec::new());
    for line in fs::read_to_string(journal).expect("a journal").lines() {
        let line: Value = serde_json::from_str(line).expect("JSON");
        let messages = line["messages"].as_array().into_iter().flatten();
        let ids = messages.filter_map(|message| message["id"].as_str().map(str::to_owned));
        match line["entry"].as_str() {
            Some("intent") => sending.extend(ids),
            Some("sent" | "failed") => sending.retain({
                let ended: BTreeSet<String> = ids.collect();
                move |id| !ended.contains(id)
            }),
            Some("resumed") => at_kills.push(std::mem::take(&mut sending)),
            _ => {}
        }
    }
    at_kills.push(sending);
    at_kills
}
