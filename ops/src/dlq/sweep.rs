//! Taking some messages out of a queue, and leaving the others as they are.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;
use uuid::Uuid;

use crate::dlq::batches;
use crate::dlq::journal::state::short_id;
use crate::dlq::message::Message;
use crate::dlq::queue::Queue;

/// How long a message is hidden when this program dies, if nothing else is said; while it lives the time begins anew again
/// and again.
pub const HIDDEN: Duration = Duration::from_mins(1);

/// How long SQS looks for messages.
const WAIT: Duration = Duration::from_secs(1);

/// So many calls in a row bring nothing new when there is nothing new.
const FRUITLESS: u32 = 3;

/// Gives `take` the messages that are `wanted`, ten at the most at a time, and deletes those that it answers with. Ends
/// when `expected` were found, nothing new comes, or `stopped` is set. Which were deleted.
///
/// Messages that somebody else holds are waited for as long as a sweep that has died holds them.
///
/// # Errors
/// When SQS fails, or `take` does; what was held is given back first.
pub async fn sweep(
    queue: &Queue,
    (expected, stopped): (usize, &AtomicBool),
    wanted: impl Fn(&Message) -> bool,
    take: impl AsyncFnMut(Vec<Message>) -> Result<Vec<Message>>,
) -> Result<Vec<Uuid>> {
    sweep_hiding(queue, HIDDEN, (expected, stopped), wanted, take).await
}

/// The same, where messages are `hidden` for so long when this program dies.
///
/// # Errors
/// As [`sweep`].
pub async fn sweep_hiding(
    queue: &Queue,
    hidden: Duration,
    (expected, stopped): (usize, &AtomicBool),
    wanted: impl Fn(&Message) -> bool,
    take: impl AsyncFnMut(Vec<Message>) -> Result<Vec<Message>>,
) -> Result<Vec<Uuid>> {
    let mut held = HashMap::new();
    let swept = run((queue, hidden), (expected, stopped), wanted, take, &mut held).await;
    let receipts: Vec<String> = held.into_values().collect();
    let given_back = queue.give_back(&receipts).await;
    let swept = swept?;
    given_back?;
    Ok(swept)
}

async fn run(
    (queue, hide_for): (&Queue, Duration),
    (expected, stopped): (usize, &AtomicBool),
    wanted: impl Fn(&Message) -> bool,
    mut take: impl AsyncFnMut(Vec<Message>) -> Result<Vec<Message>>,
    held: &mut HashMap<Uuid, String>,
) -> Result<Vec<Uuid>> {
    let (mut seen, mut deleted) = (HashSet::new(), Vec::new());
    let (mut found, mut fruitless) = (0, 0);
    let (mut hidden, mut last_new) = (Instant::now(), Instant::now());
    while found < expected && !stopped.load(Ordering::Relaxed) {
        if fruitless >= FRUITLESS {
            let in_flight = queue.attributes().await?.in_flight;
            if in_flight <= held.len() as u64 || last_new.elapsed() > hide_for + WAIT {
                break;
            }
            fruitless = 0;
        }
        if hidden.elapsed() >= hide_for / 3 {
            let receipts: Vec<String> = held.values().cloned().collect();
            batches::hide(queue.sqs(), queue.url(), &receipts, hide_for).await?;
            hidden = Instant::now();
        }
        let mut fresh = Vec::new();
        let mut is_fruitless = true;
        for message in queue.receive(hide_for, WAIT).await? {
            let id = short_id(&message.message_id);
            held.insert(id, message.receipt_handle.clone());
            if seen.insert(id) {
                is_fruitless = false;
                if wanted(&message) {
                    fresh.push(message);
                }
            }
        }
        if is_fruitless {
            fruitless += 1;
        } else {
            (fruitless, last_new) = (0, Instant::now());
        }
        if fresh.is_empty() {
            continue;
        }
        found += fresh.len();
        let done = take(fresh).await?;
        let receipts: Vec<String> = done.iter().map(|message| message.receipt_handle.clone()).collect();
        let failed = batches::delete(queue.sqs(), queue.url(), &receipts).await?;
        for (index, message) in done.iter().enumerate() {
            if !failed.contains_key(&index) {
                let id = short_id(&message.message_id);
                held.remove(&id);
                deleted.push(id);
            }
        }
    }
    Ok(deleted)
}
