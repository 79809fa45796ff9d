//! A queue: which one is meant, what it says of itself, and its messages, which stay in it.

pub mod attributes;
mod clock;
mod lookup;
mod received;

use std::error::Error;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use aws_config::SdkConfig;
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sqs::types::{ChangeMessageVisibilityBatchRequestEntry, MessageSystemAttributeName};
use tokio::task::JoinSet;

use crate::dlq::envelope::{self, Object, Reading};
use crate::dlq::message::{Message, Raw};
use crate::dlq::names;
use crate::dlq::queue::lookup::{existing, url_of};

/// SQS hands out and takes back at most this many messages a call.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-batch-api-actions.html>
pub const BATCH: usize = 10;

/// Requests at a time when much is to be done.
pub(crate) const AT_ONCE: usize = 8;

/// The largest object that is fetched as a failure record, in bytes: a batch of 6 MB, twice escaped, and room.
const LARGEST_OBJECT: i64 = 32 * 1024 * 1024;

/// Somebody asked for what there is not; the text says what there is.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct WrongUse(pub String);

/// A queue.
#[derive(Clone, Debug)]
pub struct Queue {
    sqs: aws_sdk_sqs::Client,
    s3: aws_sdk_s3::Client,
    url: String,
}

impl Queue {
    /// The queue that `given` means: its URL, its name (`busline-<env>-` may be left out), or a service of the environment.
    ///
    /// # Errors
    /// [`WrongUse`] when there is no such queue, with those that there are; else when SQS fails.
    pub async fn resolve(sdk: &SdkConfig, env: &str, given: &str) -> Result<Self> {
        let sqs = aws_sdk_sqs::Client::new(sdk);
        if given.starts_with("http://") || given.starts_with("https://") {
            let queue = Self::at(sdk, given);
            queue.attributes().await?;
            return Ok(queue);
        }
        ensure!(!given.is_empty(), WrongUse("a queue needs a name: give a service, a queue's name or its URL".into()));
        let (service_queue, of_env) = (names::queue(env, given), format!("busline-{env}-{given}"));
        let is_service = names::SERVICES.contains(&given);
        let candidates: &[&str] = if is_service { &[&service_queue] } else { &[given, &of_env, &service_queue] };
        for name in candidates {
            if let Some(url) = url_of(&sqs, name).await? {
                return Ok(Self::at(sdk, &url));
            }
        }
        bail!(WrongUse(format!("there is no queue `{}`: {}", candidates[0], existing(&sqs).await?)))
    }

    /// The queue at a URL, which is not looked up.
    #[must_use]
    pub fn at(sdk: &SdkConfig, url: &str) -> Self {
        // An endpoint other than AWS's seldom serves a host name a bucket.
        let s3 = aws_sdk_s3::config::Builder::from(sdk).force_path_style(sdk.endpoint_url().is_some()).build();
        let s3 = aws_sdk_s3::Client::from_conf(s3);
        Self { sqs: aws_sdk_sqs::Client::new(sdk), s3, url: url.to_owned() }
    }

    /// Its URL.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its name, the last part of its URL.
    #[must_use]
    pub fn name(&self) -> &str {
        self.url.trim_end_matches('/').rsplit('/').next().unwrap_or(&self.url)
    }

    /// Whether messages can be moved from the other queue to this one.
    ///
    /// # Errors
    /// [`WrongUse`] when both are the same queue.
    pub fn differs_from(&self, other: &Self) -> Result<()> {
        ensure!(self.url != other.url, WrongUse("messages cannot go to the queue that they come from".to_owned()));
        Ok(())
    }

    /// A FIFO queue gives out no more of a group while messages of that group are held.
    #[must_use]
    pub fn is_fifo(&self) -> bool {
        self.name().strip_suffix(".fifo").is_some()
    }

    /// The client that the queue is read with.
    #[must_use]
    pub fn sqs(&self) -> &aws_sdk_sqs::Client {
        &self.sqs
    }

    /// Up to [`BATCH`] messages, read, which nobody else sees for the time `hidden`. Waits up to `wait` (20 s at the
    /// most, as SQS does) when there are none.
    ///
    /// # Errors
    /// When SQS fails. A record in S3 that cannot be fetched is no error but the message's `problem`.
    pub async fn receive(&self, hidden: Duration, wait: Duration) -> Result<Vec<Message>> {
        let request = self
            .sqs
            .receive_message()
            .queue_url(&self.url)
            .max_number_of_messages(10)
            .visibility_timeout(seconds(hidden))
            .wait_time_seconds(seconds(wait))
            .message_attribute_names("All")
            .message_system_attribute_names(MessageSystemAttributeName::All);
        let answer = match request.send().await {
            Ok(answer) => answer,
            Err(error) => bail!("cannot receive from {}: {}", self.url, short(&error)),
        };
        let mut messages = Vec::new();
        for received in answer.messages.unwrap_or_default() {
            messages.push(self.read(Raw::from(received)).await);
        }
        Ok(messages)
    }

    /// Reads a message, and the object that it names.
    pub async fn read(&self, raw: Raw) -> Message {
        let decoded = match envelope::read(&raw) {
            Reading::Whole(decoded) => *decoded,
            // Anybody can name any object; Lambda's records have these keys.
            Reading::Elsewhere(pointer) if !pointer.object.key.starts_with("aws/lambda/") => {
                pointer.unfetched("it is none of Lambda's failure records, whose keys begin with aws/lambda/")
            }
            Reading::Elsewhere(pointer) => match self.fetch(&pointer.object).await {
                Ok(text) => pointer.open(&text),
                Err(reason) => pointer.unfetched(&format!("{reason:#}")),
            },
        };
        let mut message = Message::new(raw, decoded);
        message.service = message.service.or_else(|| names::service(self.name()));
        message
    }

    async fn fetch(&self, object: &Object) -> Result<String> {
        let request = self.s3.get_object().bucket(&object.bucket).key(&object.key);
        let answer = match request.send().await {
            Ok(answer) => answer,
            Err(error) => bail!("{}", short(&error)),
        };
        let size = answer.content_length.unwrap_or(0);
        ensure!(size <= LARGEST_OBJECT, "it has {size} bytes, a failure record has at most {LARGEST_OBJECT}");
        let bytes = answer.body.collect().await.context("the connection broke off")?.into_bytes();
        String::from_utf8(bytes.into()).context("it is not text")
    }

    /// Shows messages to everybody again. One that is shown already is no failure.
    ///
    /// # Errors
    /// When SQS fails for some; the others are given back.
    pub async fn give_back(&self, receipts: &[String]) -> Result<()> {
        let mut batches = receipts.chunks(BATCH);
        let mut calls = JoinSet::new();
        let (mut left, mut reason) = (0, String::new());
        loop {
            while calls.len() < AT_ONCE
                && let Some(batch) = batches.next()
            {
                let (queue, batch) = (self.clone(), batch.to_vec());
                calls.spawn(async move { queue.give_back_batch(&batch).await });
            }
            let Some(call) = calls.join_next().await else { break };
            if let Some((count, why)) = call?? {
                left += count;
                reason = why;
            }
        }
        ensure!(left == 0, "{left} messages stay hidden until their visibility timeout ends: {reason}");
        Ok(())
    }

    /// How many of a batch could not be given back, and why.
    async fn give_back_batch(&self, receipts: &[String]) -> Result<Option<(usize, String)>> {
        let mut entries = Vec::with_capacity(receipts.len());
        for (index, receipt) in receipts.iter().enumerate() {
            let entry = ChangeMessageVisibilityBatchRequestEntry::builder().id(index.to_string());
            entries.push(entry.receipt_handle(receipt).visibility_timeout(0).build()?);
        }
        let request = self.sqs.change_message_visibility_batch().queue_url(&self.url).set_entries(Some(entries));
        let answer = match request.send().await {
            Ok(answer) => answer,
            Err(error) => return Ok(Some((receipts.len(), short(&error)))),
        };
        let failed: Vec<String> =
            answer.failed.into_iter().map(|entry| entry.code).filter(|code| !is_shown(code)).collect();
        Ok(failed.last().map(|code| (failed.len(), code.clone())))
    }
}

/// The URLs of all queues, or of those whose name begins with `prefix`.
///
/// # Errors
/// When SQS fails.
pub async fn urls(sdk: &SdkConfig, prefix: Option<&str>) -> Result<Vec<String>> {
    every_url(&aws_sdk_sqs::Client::new(sdk), prefix).await
}

async fn every_url(sqs: &aws_sdk_sqs::Client, prefix: Option<&str>) -> Result<Vec<String>> {
    let mut urls = Vec::new();
    let request = sqs.list_queues().set_queue_name_prefix(prefix.map(str::to_owned)).max_results(1000);
    let mut pages = request.into_paginator().send();
    while let Some(page) = pages.next().await {
        match page {
            Ok(page) => urls.extend(page.queue_urls.unwrap_or_default()),
            Err(error) => bail!("cannot list queues: {}", short(&error)),
        }
    }
    Ok(urls)
}

/// Its receipt is of an earlier look, or its time is over: either way it is not hidden by us.
fn is_shown(code: &str) -> bool {
    code.ends_with("MessageNotInflight") || code == "ReceiptHandleIsInvalid"
}

/// What failed, in one line: what AWS said, else what went wrong on the way and what to look at.
pub fn short<E, R>(error: &SdkError<E, R>) -> String
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug,
{
    match (error.code(), error.message()) {
        (Some(code), Some(message)) => return format!("{code}: {message}"),
        (Some(code), None) => return code.to_owned(),
        _ => {}
    }
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    match error {
        SdkError::DispatchFailure(failure) if failure.is_io() => {
            format!("{text} (does anything listen there? AWS_ENDPOINT_URL and the region say where)")
        }
        SdkError::DispatchFailure(_) if text.contains("credential") => {
            format!("{text} (set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY)")
        }
        _ => text,
    }
}

fn seconds(time: Duration) -> i32 {
    i32::try_from(time.as_secs()).unwrap_or(i32::MAX)
}
