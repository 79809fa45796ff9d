//! Taking some messages out of a queue, and leaving the others as they are.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use anyhow::Result;
use uuid::Uuid;

use crate::dlq::batches;
use crate::dlq::journal::state::short_id;
use crate::dlq::message::Message;
use crate::dlq::queue::Queue;

/// How long a message is hidden while others are looked for.
const HIDDEN: Duration = Duration::from_mins(2);

/// How long SQS looks for messages.
const WAIT: Duration = Duration::from_secs(1);

/// So many calls in a row bring nothing new when there is nothing new.
const FRUITLESS: u32 = 3;

/// Gives `take` the messages that are `wanted`, ten at the most at a time, and deletes those that it answers with. Ends
/// when `expected` were found or nothing new comes. How many were deleted.
///
/// # Errors
/// When SQS fails, or `take` does; what was held is given back first.
pub async fn sweep(
    queue: &Queue,
    expected: usize,
    wanted: impl Fn(&Message) -> bool,
    take: impl AsyncFnMut(Vec<Message>) -> Result<Vec<Message>>,
) -> Result<usize> {
    let mut held = HashMap::new();
    let swept = run(queue, expected, wanted, take, &mut held).await;
    let receipts: Vec<String> = held.into_values().collect();
    let given_back = queue.give_back(&receipts).await;
    let swept = swept?;
    given_back?;
    Ok(swept)
}

async fn run(
    queue: &Queue,
    expected: usize,
    wanted: impl Fn(&Message) -> bool,
    mut take: impl AsyncFnMut(Vec<Message>) -> Result<Vec<Message>>,
    held: &mut HashMap<Uuid, String>,
) -> Result<usize> {
    let mut seen = HashSet::new();
    let (mut found, mut deleted, mut fruitless) = (0, 0, 0);
    while found < expected && fruitless < FRUITLESS {
        let mut fresh = Vec::new();
        let mut is_fruitless = true;
        for message in queue.receive(HIDDEN, WAIT).await? {
            let id = short_id(&message.message_id);
            held.insert(id, message.receipt_handle.clone());
            if seen.insert(id) {
                is_fruitless = false;
                if wanted(&message) {
                    fresh.push(message);
                }
            }
        }
        fruitless = if is_fruitless { fruitless + 1 } else { 0 };
        if fresh.is_empty() {
            continue;
        }
        found += fresh.len();
        let done = take(fresh).await?;
        let receipts: Vec<String> = done.iter().map(|message| message.receipt_handle.clone()).collect();
        let failed = batches::delete(queue.sqs(), queue.url(), &receipts).await?;
        for (index, message) in done.iter().enumerate() {
            if !failed.contains_key(&index) {
                held.remove(&short_id(&message.message_id));
                deleted += 1;
            }
        }
    }
    Ok(deleted)
}
