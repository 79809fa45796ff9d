//! Deletes a user's failure records: messages in queues, and the failed stream batches in a bucket that messages point to.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use aws_sdk_s3::operation::get_object::GetObjectError;
use aws_sdk_sqs::types::{ChangeMessageVisibilityBatchRequestEntry, Message, QueueAttributeName};
use lambda_runtime::Error;
use tracing::warn;

use crate::personal_data::failure_records::{Attribution, RecordFilter, Remaining};

/// How long a search hides messages from other readers, in seconds. It makes them visible again when it ends.
const VISIBILITY_TIMEOUT: i32 = 300;
/// `ReceiveMessage` and the batch calls of SQS take 10 messages.
const BATCH: i32 = 10;
/// How long to wait for another process that holds messages, such as a replay.
const MAX_WAIT: Duration = Duration::from_mins(4);
const PAUSE: Duration = Duration::from_secs(2);

/// Where a service's failure records are.
#[derive(Clone, Debug)]
pub(super) struct FailureStores {
    pub(super) sqs: aws_sdk_sqs::Client,
    pub(super) s3: aws_sdk_s3::Client,
    /// The URLs of the dead-letter queue and the parking queue.
    pub(super) queues: [String; 2],
    pub(super) bucket: String,
}

/// Why failure records of a user may not all be deleted.
#[derive(Debug, thiserror::Error)]
pub enum FailuresError {
    /// A call to AWS failed.
    #[error("the call to {to} failed")]
    Call {
        /// The AWS service, `S3` or `SQS`.
        to: &'static str,
        /// What the SDK reports, with the service's answer.
        source: Error,
    },
    /// Another process, such as a replay, holds messages of a queue.
    #[error("another process holds {0} messages of a queue; run this again after it has released or deleted them")]
    Held(u64),
    /// Messages that this search has read could not be released.
    #[error("SQS did not release {0} messages; they stay invisible for {VISIBILITY_TIMEOUT} seconds")]
    NotReleased(usize),
}

fn s3(error: impl Into<Error>) -> FailuresError {
    FailuresError::Call { to: "S3", source: error.into() }
}

fn sqs(error: impl Into<Error>) -> FailuresError {
    FailuresError::Call { to: "SQS", source: error.into() }
}

/// Deletes every record that is the user's. What names the user and cannot be attributed is kept and reported: it may be
/// another user's, and expires with its queue or bucket.
pub(super) async fn sweep(stores: &FailureStores, filter: &RecordFilter) -> Result<(), FailuresError> {
    let BucketSweep { rewritten, mut unattributed } = delete_from_bucket(stores, filter).await?;
    let started = Instant::now();
    for queue in &stores.queues {
        loop {
            let mut search = Search::new(stores, queue, filter, &rewritten);
            let result = search.run().await;
            search.release().await?;
            result?;
            match count_held(stores, queue).await? {
                0 => {
                    unattributed += search.unattributed.len();
                    break;
                }
                held if started.elapsed() > MAX_WAIT => return Err(FailuresError::Held(held)),
                _ => tokio::time::sleep(PAUSE).await,
            }
        }
    }
    if unattributed > 0 {
        warn!(records.unattributed = unattributed, "kept failure records that name the user and may be another user's");
    }
    Ok(())
}

/// What the search of the bucket has found.
#[derive(Default)]
struct BucketSweep {
    rewritten: Vec<Rewritten>,
    /// How many records name the user and were kept, because they cannot be attributed.
    unattributed: usize,
}

/// A failed batch that was changed or deleted. The messages about its old content are deleted, and no others: S3 announces
/// the new content by a new message, maybe during the search, and another user's erasure may change the batch at the same
/// time.
struct Rewritten {
    /// The last part of the object's key. Notifications encode the key like a form, which leaves this random part as it is.
    name: String,
    /// The entity tag of the old content; `None` if the object was deleted.
    old_tag: Option<String>,
}

impl Rewritten {
    fn is_announced_by(&self, message: &str) -> bool {
        message.contains(&self.name) && self.old_tag.as_ref().is_none_or(|tag| message.contains(tag))
    }
}

/// Removes the user's records from every failed batch.
async fn delete_from_bucket(stores: &FailureStores, filter: &RecordFilter) -> Result<BucketSweep, FailuresError> {
    let bucket = &stores.bucket;
    let mut sweep = BucketSweep::default();
    let mut pages = stores.s3.list_objects_v2().bucket(bucket).into_paginator().send();
    while let Some(page) = pages.next().await {
        for key in page.map_err(s3)?.contents().iter().filter_map(|object| object.key()) {
            let object = match stores.s3.get_object().bucket(bucket).key(key).send().await {
                Ok(object) => object,
                // It has expired, or a replay has deleted it.
                Err(error) if error.as_service_error().is_some_and(GetObjectError::is_no_such_key) => continue,
                Err(error) => return Err(s3(error)),
            };
            // The tag is a string with quotes in an answer, and without them in a notification.
            let tag = object.e_tag.map(|tag| tag.trim_matches('"').to_owned());
            let bytes = object.body.collect().await.map_err(s3)?.into_bytes();
            let removal = filter.remove_from(&String::from_utf8_lossy(&bytes));
            sweep.unattributed += removal.unattributed;
            let old_tag = match removal.remaining {
                Remaining::Unchanged => continue,
                Remaining::Empty => {
                    stores.s3.delete_object().bucket(bucket).key(key).send().await.map_err(s3)?;
                    None
                }
                Remaining::Batch(batch) => {
                    let put = stores.s3.put_object().bucket(bucket).key(key);
                    put.body(batch.into_bytes().into()).send().await.map_err(s3)?;
                    tag
                }
            };
            sweep.rewritten.push(Rewritten { name: key.rsplit('/').next().unwrap_or(key).to_owned(), old_tag });
        }
    }
    Ok(sweep)
}

/// A search of all messages of a queue.
struct Search<'a> {
    stores: &'a FailureStores,
    queue: &'a str,
    filter: &'a RecordFilter,
    /// The batches that were rewritten; their messages are deleted.
    rewritten: &'a [Rewritten],
    /// The ids of the messages that were read.
    seen: HashSet<String>,
    /// The receipts of the messages that are kept.
    to_release: Vec<String>,
    /// The ids of the kept messages that name the user and cannot be attributed.
    unattributed: HashSet<String>,
}

impl<'a> Search<'a> {
    fn new(stores: &'a FailureStores, queue: &'a str, filter: &'a RecordFilter, rewritten: &'a [Rewritten]) -> Self {
        let (seen, unattributed) = (HashSet::new(), HashSet::new());
        Self { stores, queue, filter, rewritten, seen, to_release: Vec::new(), unattributed }
    }

    async fn run(&mut self) -> Result<(), FailuresError> {
        loop {
            let request = self.stores.sqs.receive_message().queue_url(self.queue).max_number_of_messages(BATCH);
            // Long polling asks all of the queue's servers, so that an empty response means an empty queue.
            let answer =
                request.visibility_timeout(VISIBILITY_TIMEOUT).wait_time_seconds(1).send().await.map_err(sqs)?;
            let messages = answer.messages.unwrap_or_default();
            if messages.is_empty() {
                return Ok(());
            }
            let mut is_new = false;
            for message in messages {
                is_new |= self.seen.insert(message.message_id().unwrap_or_default().to_owned());
                self.inspect(message).await?;
            }
            if !is_new {
                return Ok(());
            }
        }
    }

    async fn inspect(&mut self, message: Message) -> Result<(), FailuresError> {
        let (body, receipt) = (message.body.unwrap_or_default(), message.receipt_handle.unwrap_or_default());
        let attribution = self.filter.attribute(&body);
        if attribution == Attribution::Unknown {
            self.unattributed.insert(message.message_id.unwrap_or_default());
        }
        if attribution == Attribution::User || self.rewritten.iter().any(|batch| batch.is_announced_by(&body)) {
            let request = self.stores.sqs.delete_message().queue_url(self.queue);
            request.receipt_handle(receipt).send().await.map_err(sqs)?;
        } else {
            self.to_release.push(receipt);
        }
        Ok(())
    }

    async fn release(&self) -> Result<(), FailuresError> {
        let mut failed = 0;
        for receipts in self.to_release.chunks(BATCH.unsigned_abs() as usize) {
            let entries = receipts.iter().zip(0_usize..).map(|(receipt, number)| {
                let entry = ChangeMessageVisibilityBatchRequestEntry::builder().id(number.to_string());
                entry.receipt_handle(receipt).visibility_timeout(0).build().map_err(sqs)
            });
            let request = self.stores.sqs.change_message_visibility_batch().queue_url(self.queue);
            let entries = entries.collect::<Result<_, _>>()?;
            failed += request.set_entries(Some(entries)).send().await.map_err(sqs)?.failed.len();
        }
        if failed == 0 { Ok(()) } else { Err(FailuresError::NotReleased(failed)) }
    }
}

async fn count_held(stores: &FailureStores, queue: &str) -> Result<u64, FailuresError> {
    let held = QueueAttributeName::ApproximateNumberOfMessagesNotVisible;
    let request = stores.sqs.get_queue_attributes().queue_url(queue).attribute_names(held.clone());
    let attributes = request.send().await.map_err(sqs)?.attributes.unwrap_or_default();
    Ok(attributes.get(&held).and_then(|number| number.parse().ok()).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD_MESSAGE: &str = r#"{"object":{"key":"aws/lambda/f/2026-11-21T09.00.00%2Fx-1f3a","eTag":"0a1b"}}"#;
    const NEW_MESSAGE: &str = r#"{"Message":"{\"object\":{\"key\":\"aws/lambda/f/x-1f3a\",\"eTag\":\"9c8d\"}}"}"#;

    #[test]
    fn the_message_about_the_rest_of_a_batch_is_kept() {
        let rewritten = Rewritten { name: "x-1f3a".to_owned(), old_tag: Some("0a1b".to_owned()) };
        assert!(rewritten.is_announced_by(OLD_MESSAGE));
        assert!(!rewritten.is_announced_by(NEW_MESSAGE));
        assert!(!rewritten.is_announced_by(&OLD_MESSAGE.replace("1f3a", "2f3a")));
        let deleted = Rewritten { old_tag: None, ..rewritten };
        assert!(deleted.is_announced_by(OLD_MESSAGE) && deleted.is_announced_by(NEW_MESSAGE));
    }
}
