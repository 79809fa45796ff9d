//! Failure records: messages in queues, and batches of a stream in a bucket that messages point to.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use aws_sdk_s3::operation::get_object::GetObjectError;
use aws_sdk_sqs::types::{ChangeMessageVisibilityBatchRequestEntry, Message, QueueAttributeName};
use lambda_runtime::Error;

use crate::erasure::Eraser;
use crate::erasure::records::{Rest, Wanted};

/// How long a search hides what it has seen, in seconds; it gives everything back when it ends.
const HIDDEN: i32 = 300;
/// `ReceiveMessage` and the batch calls of SQS take 10 messages.
const MESSAGES: i32 = 10;
/// Somebody who holds messages, such as a replay, is waited for this long.
const PATIENCE: Duration = Duration::from_mins(4);
const PAUSE: Duration = Duration::from_secs(2);

/// Why failure records of a user may be left.
#[derive(Debug, thiserror::Error)]
pub enum FailuresError {
    /// A call failed.
    #[error("the call to {to} failed")]
    Call {
        /// The service of AWS.
        to: &'static str,
        /// What the SDK says.
        source: Error,
    },
    /// Messages cannot be looked at.
    #[error("others hold {0} messages of a queue; once they give them back or delete them, run this again")]
    Held(u64),
    /// A message cannot be given back.
    #[error("SQS did not take back {0} messages; they are hidden for {HIDDEN} seconds")]
    NotGivenBack(usize),
}

fn s3(error: impl Into<Error>) -> FailuresError {
    FailuresError::Call { to: "S3", source: error.into() }
}

fn sqs(error: impl Into<Error>) -> FailuresError {
    FailuresError::Call { to: "SQS", source: error.into() }
}

pub(super) async fn sweep(eraser: &Eraser, wanted: &Wanted) -> Result<(), FailuresError> {
    let rewritten = sweep_bucket(eraser, wanted).await?;
    let since = Instant::now();
    for queue in &eraser.places.queues {
        loop {
            let mut search =
                Search { eraser, queue, wanted, rewritten: &rewritten, seen: HashSet::new(), back: Vec::new() };
            let searched = search.run().await;
            search.give_back().await?;
            searched?;
            match held_by_others(eraser, queue).await? {
                0 => break,
                held if since.elapsed() > PATIENCE => return Err(FailuresError::Held(held)),
                _ => tokio::time::sleep(PAUSE).await,
            }
        }
    }
    Ok(())
}

/// A batch that was touched. The messages that point to what it was are to go, and no others: what is left of it
/// announces itself anew, maybe while they are searched for, and another user's erasure may touch it at the same time.
struct Rewritten {
    /// The last part of its key: a notification writes the key as a form does, and this random end is the same in both.
    name: String,
    /// The entity tag of what it was; none when nothing is left of it.
    before: Option<String>,
}

impl Rewritten {
    fn was_announced_by(&self, message: &str) -> bool {
        message.contains(&self.name) && self.before.as_ref().is_none_or(|tag| message.contains(tag))
    }
}

/// Takes the user's records out of every batch that failed.
async fn sweep_bucket(eraser: &Eraser, wanted: &Wanted) -> Result<Vec<Rewritten>, FailuresError> {
    let bucket = &eraser.places.failures_bucket;
    let mut rewritten = Vec::new();
    let mut pages = eraser.s3.list_objects_v2().bucket(bucket).into_paginator().send();
    while let Some(page) = pages.next().await {
        for key in page.map_err(s3)?.contents().iter().filter_map(|object| object.key()) {
            let object = match eraser.s3.get_object().bucket(bucket).key(key).send().await {
                Ok(object) => object,
                // Gone meanwhile: expired, or taken out by a replay.
                Err(error) if error.as_service_error().is_some_and(GetObjectError::is_no_such_key) => continue,
                Err(error) => return Err(s3(error)),
            };
            // The tag is a string with quotes in an answer, and without them in a notification.
            let tag = object.e_tag.map(|tag| tag.trim_matches('"').to_owned());
            let bytes = object.body.collect().await.map_err(s3)?.into_bytes();
            let before = match wanted.take_out_of(&String::from_utf8_lossy(&bytes)) {
                Rest::Untouched => continue,
                Rest::Nothing => {
                    eraser.s3.delete_object().bucket(bucket).key(key).send().await.map_err(s3)?;
                    None
                }
                Rest::Batch(batch) => {
                    let put = eraser.s3.put_object().bucket(bucket).key(key);
                    put.body(batch.into_bytes().into()).send().await.map_err(s3)?;
                    tag
                }
            };
            rewritten.push(Rewritten { name: key.rsplit('/').next().unwrap_or(key).to_owned(), before });
        }
    }
    Ok(rewritten)
}

/// One look at every message of a queue.
struct Search<'a> {
    eraser: &'a Eraser,
    queue: &'a str,
    wanted: &'a Wanted,
    /// The batches whose messages go.
    rewritten: &'a [Rewritten],
    /// The ids of the messages that were looked at.
    seen: HashSet<String>,
    /// The receipts of the messages that stay.
    back: Vec<String>,
}

impl Search<'_> {
    async fn run(&mut self) -> Result<(), FailuresError> {
        loop {
            let request = self.eraser.sqs.receive_message().queue_url(self.queue).max_number_of_messages(MESSAGES);
            // Waiting a second asks all of the queue's servers, so that nothing means nothing.
            let answer = request.visibility_timeout(HIDDEN).wait_time_seconds(1).send().await.map_err(sqs)?;
            let messages = answer.messages.unwrap_or_default();
            if messages.is_empty() {
                return Ok(());
            }
            let mut is_new = false;
            for message in messages {
                is_new |= self.seen.insert(message.message_id().unwrap_or_default().to_owned());
                self.look_at(message).await?;
            }
            if !is_new {
                return Ok(());
            }
        }
    }

    async fn look_at(&mut self, message: Message) -> Result<(), FailuresError> {
        let (body, receipt) = (message.body.unwrap_or_default(), message.receipt_handle.unwrap_or_default());
        if self.wanted.is_named_in(&body) || self.rewritten.iter().any(|batch| batch.was_announced_by(&body)) {
            let request = self.eraser.sqs.delete_message().queue_url(self.queue);
            request.receipt_handle(receipt).send().await.map_err(sqs)?;
        } else {
            self.back.push(receipt);
        }
        Ok(())
    }

    async fn give_back(&self) -> Result<(), FailuresError> {
        let mut failed = 0;
        for receipts in self.back.chunks(MESSAGES.unsigned_abs() as usize) {
            let entries = receipts.iter().zip(0_usize..).map(|(receipt, number)| {
                let entry = ChangeMessageVisibilityBatchRequestEntry::builder().id(number.to_string());
                entry.receipt_handle(receipt).visibility_timeout(0).build().map_err(sqs)
            });
            let request = self.eraser.sqs.change_message_visibility_batch().queue_url(self.queue);
            let entries = entries.collect::<Result<_, _>>()?;
            failed += request.set_entries(Some(entries)).send().await.map_err(sqs)?.failed.len();
        }
        if failed == 0 { Ok(()) } else { Err(FailuresError::NotGivenBack(failed)) }
    }
}

async fn held_by_others(eraser: &Eraser, queue: &str) -> Result<u64, FailuresError> {
    let held = QueueAttributeName::ApproximateNumberOfMessagesNotVisible;
    let request = eraser.sqs.get_queue_attributes().queue_url(queue).attribute_names(held.clone());
    let attributes = request.send().await.map_err(sqs)?.attributes.unwrap_or_default();
    Ok(attributes.get(&held).and_then(|number| number.parse().ok()).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEFORE: &str = r#"{"object":{"key":"aws/lambda/f/2026-11-21T09.00.00%2Fx-1f3a","eTag":"0a1b"}}"#;
    const ANEW: &str = r#"{"Message":"{\"object\":{\"key\":\"aws/lambda/f/x-1f3a\",\"eTag\":\"9c8d\"}}"}"#;

    #[test]
    fn what_is_left_of_a_batch_keeps_its_own_announcement() {
        let rewritten = Rewritten { name: "x-1f3a".to_owned(), before: Some("0a1b".to_owned()) };
        assert!(rewritten.was_announced_by(BEFORE));
        assert!(!rewritten.was_announced_by(ANEW));
        assert!(!rewritten.was_announced_by(&BEFORE.replace("1f3a", "2f3a")));
        let deleted = Rewritten { before: None, ..rewritten };
        assert!(deleted.was_announced_by(BEFORE) && deleted.was_announced_by(ANEW));
    }
}
