//! A queue, its metadata and its messages.

pub mod attributes;
mod clock;
mod received;

use std::collections::HashMap;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use aws_config::SdkConfig;
use aws_sdk_sqs::types::{ChangeMessageVisibilityBatchRequestEntry, MessageSystemAttributeName};
use futures_util::stream::{self, StreamExt, TryStreamExt};

use crate::connection::Connection;
use crate::deployment::{Deployment, Service};
use crate::dlq::envelope::{self, Object, Reading};
use crate::dlq::limits::{BATCH_SIZE, MAX_CONCURRENT_REQUESTS};
use crate::dlq::message::Message;
use crate::dlq::queue_lookup::{describe_existing, find_url, list_urls, name_in_url};
use crate::dlq::raw_message::RawMessage;
use crate::error::{UsageError, describe};

/// The largest object that is fetched as a failure record, in bytes: a batch of 6 MB, escaped twice, with a margin.
const MAX_OBJECT_BYTES: i64 = 32 * 1024 * 1024;

/// How often making a message visible is tried.
const MAX_ATTEMPTS: u32 = 3;

/// A queue, and the clients that read it.
#[derive(Clone, Debug)]
pub struct Queue {
    sqs: aws_sdk_sqs::Client,
    s3: aws_sdk_s3::Client,
    url: String,
    /// Decides which service a function, rule or queue belongs to.
    deployment: Deployment,
}

impl Queue {
    /// Finds a queue by its URL, its name (`busline-<env>-` may be left out), or a service of the environment.
    ///
    /// # Errors
    /// [`UsageError`] when there is no such queue, with those that exist; otherwise when SQS or SSM fails.
    pub async fn resolve(connection: &Connection, given: &str) -> Result<Self> {
        if given.starts_with("http://") || given.starts_with("https://") {
            let queue = Self::open(connection, given).await;
            queue.attributes().await?;
            return Ok(queue);
        }
        ensure!(
            !given.is_empty(),
            UsageError("a queue needs a name: give a service, a queue's name or its URL".into())
        );
        let known = connection.known_services().await;
        if let Some(url) = known.services().get(given).and_then(Service::dlq_url) {
            return Ok(Self::open(connection, url).await);
        }
        let sqs = aws_sdk_sqs::Client::new(&connection.sdk);
        let in_env = format!("busline-{}-{given}", connection.env);
        for name in [given, &in_env, &format!("{in_env}-dlq")] {
            if let Some(url) = find_url(&sqs, name).await? {
                return Ok(Self::open(connection, &url).await);
            }
        }
        if connection.is_busline {
            let deployment = connection.deployment().await?;
            if deployment.services().is_empty() {
                let UsageError(text) = deployment.unknown(given, &[]);
                bail!(UsageError(text + &connection.similar_environments().await));
            }
            let prefix = format!("busline-{}-", connection.env);
            // The names are only suggested.
            let urls = list_urls(&connection.sdk, Some(&prefix)).await.unwrap_or_default();
            bail!(deployment.unknown(given, &urls.iter().map(|url| name_in_url(url)).collect::<Vec<_>>()));
        }
        bail!(UsageError(format!("there is no queue `{given}`: {}", describe_existing(&sqs, given).await?)))
    }

    /// The queue at a URL, without a check that it exists. Messages are shown with the services of the environment.
    pub async fn open(connection: &Connection, url: &str) -> Self {
        Self { deployment: connection.known_services().await, ..Self::at(&connection.sdk, url) }
    }

    /// The queue at a URL, without a check that it exists.
    #[must_use]
    pub fn at(sdk: &SdkConfig, url: &str) -> Self {
        // Endpoints other than AWS's rarely serve a host name for each bucket.
        let s3 = aws_sdk_s3::config::Builder::from(sdk).force_path_style(sdk.endpoint_url().is_some()).build();
        let s3 = aws_sdk_s3::Client::from_conf(s3);
        Self { sqs: aws_sdk_sqs::Client::new(sdk), s3, url: url.to_owned(), deployment: Deployment::default() }
    }

    /// Another queue of the same account, which is reached over the same connections.
    #[must_use]
    pub fn beside(&self, url: &str) -> Self {
        Self { url: url.to_owned(), ..self.clone() }
    }

    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The queue's name, the last part of its URL.
    #[must_use]
    pub fn name(&self) -> &str {
        name_in_url(&self.url)
    }

    /// Whether its URL leads to this machine.
    #[must_use]
    pub fn is_local(&self) -> bool {
        let authority = self.url.split('/').nth(2).unwrap_or_default();
        let host = authority.split(':').next().unwrap_or_default();
        host.starts_with("127.") || host.rsplit('.').next() == Some("localhost") || authority.starts_with("[::1]")
    }

    /// Checks that messages can be moved from the other queue to this one.
    ///
    /// # Errors
    /// [`UsageError`] when both are the same queue, also under different URLs; otherwise when SQS fails.
    pub async fn require_other_than(&self, source: &Self) -> Result<()> {
        let is_same = self.url == source.url || self.attributes().await?.is_of_same_queue(&source.attributes().await?);
        ensure!(!is_same, UsageError("messages cannot go to the queue that they come from".to_owned()));
        Ok(())
    }

    /// The service that owns the queue.
    #[must_use]
    pub fn service(&self) -> Option<String> {
        self.deployment.service_of(self.name())
    }

    /// A FIFO queue returns no more messages of a group while messages of that group are in flight.
    #[must_use]
    pub fn is_fifo(&self) -> bool {
        self.name().strip_suffix(".fifo").is_some()
    }

    /// The client that reads the queue.
    #[must_use]
    pub fn sqs(&self) -> &aws_sdk_sqs::Client {
        &self.sqs
    }

    /// Receives up to [`BATCH_SIZE`] messages and hides them from other consumers for `visibility_timeout`. Waits up to
    /// `wait` (at most 20 s, as SQS does) when there are none.
    ///
    /// # Errors
    /// When SQS fails.
    pub async fn receive(&self, visibility_timeout: Duration, wait: Duration) -> Result<Vec<RawMessage>> {
        let request = self
            .sqs
            .receive_message()
            .queue_url(&self.url)
            .max_number_of_messages(10)
            .visibility_timeout(seconds(visibility_timeout))
            .wait_time_seconds(seconds(wait))
            .message_attribute_names("All")
            .message_system_attribute_names(MessageSystemAttributeName::All);
        let answer = match request.send().await {
            Ok(answer) => answer,
            Err(error) => bail!("cannot receive from {}: {}", self.url, describe(&error)),
        };
        Ok(answer.messages.unwrap_or_default().into_iter().map(RawMessage::from).collect())
    }

    /// Decodes messages, one after the other.
    pub async fn read_all(&self, raw: Vec<RawMessage>) -> Vec<Message> {
        let mut messages = Vec::with_capacity(raw.len());
        for raw in raw {
            messages.push(self.read(raw).await);
        }
        messages
    }

    /// Decodes a message, and fetches the S3 object that it names. When that fails, the message's `problem` has the reason.
    pub async fn read(&self, raw: RawMessage) -> Message {
        let decoded = match envelope::read(&raw) {
            Reading::Whole(decoded) => *decoded,
            // A message can name any object, so only keys that Lambda gives to failure records are fetched.
            Reading::Elsewhere(pointer) if !pointer.object.key.starts_with("aws/lambda/") => {
                pointer.unfetched("it is not a failure record of Lambda: its keys begin with aws/lambda/")
            }
            Reading::Elsewhere(pointer) => match self.fetch(&pointer.object).await {
                Ok(text) => pointer.open(&text),
                Err(reason) => pointer.unfetched(&format!("{reason:#}")),
            },
        };
        let mut message = Message::new(raw, decoded);
        let resources = [message.function.as_deref(), message.rule.as_deref(), Some(self.name())];
        message.service = resources.into_iter().flatten().find_map(|name| self.deployment.service_of(name));
        message
    }

    async fn fetch(&self, object: &Object) -> Result<String> {
        let request = self.s3.get_object().bucket(&object.bucket).key(&object.key);
        let answer = match request.send().await {
            Ok(answer) => answer,
            Err(error) => bail!("{}", describe(&error)),
        };
        let size = answer.content_length.unwrap_or(0);
        ensure!(size <= MAX_OBJECT_BYTES, "it has {size} bytes; a failure record has at most {MAX_OBJECT_BYTES}");
        let bytes = answer.body.collect().await.context("the connection was closed")?.into_bytes();
        String::from_utf8(bytes.into()).context("it is not text")
    }

    /// Makes messages visible to all consumers again. A message that is already visible is not an error.
    ///
    /// # Errors
    /// When SQS fails for some of them; the others are visible again.
    pub async fn make_visible(&self, receipts: &[String]) -> Result<()> {
        let mut hidden = receipts.to_vec();
        let mut reason = String::new();
        for _ in 0..MAX_ATTEMPTS {
            let mut failed = self.change_visibility(&hidden, Duration::ZERO).await?;
            failed.retain(|_, code| !is_visible(code));
            reason = failed.values().next().cloned().unwrap_or_default();
            hidden = failed.into_keys().map(|index| hidden[index].clone()).collect();
            if hidden.is_empty() {
                return Ok(());
            }
        }
        bail!("{} messages stay hidden until their visibility timeout ends: {reason}", hidden.len())
    }

    /// Hides messages for `visibility_timeout` from now on. Returns the indices of those for which that failed, with the
    /// kind of error or the text of the failure.
    ///
    /// # Errors
    /// When a receipt handle cannot be put into a request.
    pub async fn change_visibility(
        &self,
        receipts: &[String],
        visibility_timeout: Duration,
    ) -> Result<HashMap<usize, String>> {
        let calls: Vec<_> =
            receipts.chunks(BATCH_SIZE).map(|batch| self.change_batch(batch, visibility_timeout)).collect();
        let batches: Vec<Vec<_>> = stream::iter(calls).buffered(MAX_CONCURRENT_REQUESTS).try_collect().await?;
        let failed = batches.into_iter().enumerate().flat_map(|(number, failed)| {
            failed.into_iter().map(move |(index, code)| (number * BATCH_SIZE + index, code))
        });
        Ok(failed.collect())
    }

    async fn change_batch(&self, receipts: &[String], visibility_timeout: Duration) -> Result<Vec<(usize, String)>> {
        let mut entries = Vec::with_capacity(receipts.len());
        for (index, receipt) in receipts.iter().enumerate() {
            let entry = ChangeMessageVisibilityBatchRequestEntry::builder().id(index.to_string());
            entries.push(entry.receipt_handle(receipt).visibility_timeout(seconds(visibility_timeout)).build()?);
        }
        let request = self.sqs.change_message_visibility_batch().queue_url(&self.url).set_entries(Some(entries));
        Ok(match request.send().await {
            Ok(answer) => {
                answer.failed.into_iter().filter_map(|entry| Some((entry.id.parse().ok()?, entry.code))).collect()
            }
            Err(error) => (0..receipts.len()).map(|index| (index, describe(&error))).collect(),
        })
    }
}

/// The receipt handle is outdated or the visibility timeout is over: this program no longer hides the message.
pub(super) fn is_visible(code: &str) -> bool {
    code.ends_with("MessageNotInflight") || code == "ReceiptHandleIsInvalid"
}

fn seconds(time: Duration) -> i32 {
    i32::try_from(time.as_secs()).unwrap_or(i32::MAX)
}
