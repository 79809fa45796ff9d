//! Publishing messages to SNS topics, ten at a time, with an outcome for each message.
//!
//! <https://docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html>

use std::collections::HashMap;

use anyhow::{Result, bail, ensure};
use aws_config::SdkConfig;
use aws_sdk_sns::Client;
use aws_sdk_sns::error::ProvideErrorMetadata;
use aws_sdk_sns::primitives::Blob;
use aws_sdk_sns::types::{MessageAttributeValue, PublishBatchRequestEntry};
use tokio::sync::Mutex;

use crate::dlq::batch_call::{self, EntryAnswer, Outcome, split_by_size};
use crate::dlq::envelope::Notification;
use crate::dlq::limits::BATCH_SIZE;
use crate::dlq::message::Message;
use crate::dlq::raw_message::{Attribute, AttributeValue};
use crate::dlq::replay_message::ReplayMessage;
use crate::dlq::replay_metadata::{Attributes, replay_attributes};
use crate::error::{UsageError, describe};
use crate::names;

/// A topic accepts messages of this size, attributes included, unless its `MaximumMessageSize` is larger. A batch has
/// the same limit. <https://docs.aws.amazon.com/general/latest/gr/sns.html>
const DEFAULT_MAX_BYTES: usize = 256 * 1024;

/// A message to publish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Publication {
    body: String,
    subject: Option<String>,
    attributes: Attributes,
    /// The message group that the message had, and the one for a FIFO topic if it had none.
    group: Option<String>,
    message_id: String,
}

impl Publication {
    /// A message as it was published: of a notification the text, subject and attributes inside, otherwise the message
    /// itself. SNS puts a new notification around it.
    pub(super) fn for_message(replayed: &ReplayMessage<'_>, max_bytes: usize) -> Self {
        let Some(notification) = Notification::parse(&replayed.message.body) else {
            return Self::for_body(replayed, max_bytes);
        };
        let attributes = notification.attributes().collect();
        let published = Message { body: notification.message, attributes, ..replayed.message.clone() };
        let publication = Self::for_body(&ReplayMessage { message: &published, ..*replayed }, max_bytes);
        Self { subject: notification.subject, ..publication }
    }

    /// The unchanged body of a message, with its attributes.
    pub(super) fn for_body(replayed: &ReplayMessage<'_>, max_bytes: usize) -> Self {
        let message = replayed.message;
        Self {
            body: message.body.clone(),
            subject: None,
            attributes: replay_attributes(message, replayed.replay_id, replayed.attempt, max_bytes),
            group: message.system_attributes.get("MessageGroupId").cloned(),
            message_id: message.message_id.clone(),
        }
    }

    fn bytes(&self) -> usize {
        self.body.len() + self.attributes.iter().map(|(name, attribute)| attribute.bytes(name)).sum::<usize>()
    }

    fn entry(&self, id: usize, is_fifo: bool) -> Result<PublishBatchRequestEntry> {
        let mut entry = PublishBatchRequestEntry::builder().id(id.to_string()).message(&self.body);
        for (name, attribute) in &self.attributes {
            entry = entry.message_attributes(name, attribute_value(attribute)?);
        }
        // The message id is new for each failure. SNS would drop a message that repeats the original deduplication id
        // within five minutes: https://docs.aws.amazon.com/sns/latest/dg/fifo-message-dedup.html
        let deduplication = is_fifo.then(|| self.message_id.clone());
        let entry = entry.set_subject(self.subject.clone()).set_message_group_id(self.group_for(is_fifo));
        Ok(entry.set_message_deduplication_id(deduplication).build()?)
    }

    /// A FIFO topic requires a group; a message without one is a group by itself.
    fn group_for(&self, is_fifo: bool) -> Option<String> {
        let own = || is_fifo.then(|| self.message_id.clone());
        self.group.clone().or_else(own)
    }
}

fn attribute_value(attribute: &Attribute) -> Result<MessageAttributeValue> {
    let value = MessageAttributeValue::builder().data_type(&attribute.data_type);
    let value = match &attribute.value {
        AttributeValue::Text(text) => value.string_value(text),
        AttributeValue::Binary(bytes) => value.binary_value(Blob::new(bytes.clone())),
    };
    Ok(value.build()?)
}

/// Topics, and the largest message that each accepts.
#[derive(Debug)]
pub(super) struct Topics {
    client: Client,
    max_bytes: Mutex<HashMap<String, usize>>,
}

impl Topics {
    pub(super) fn new(sdk: &SdkConfig) -> Self {
        Self { client: Client::new(sdk), max_bytes: Mutex::default() }
    }

    /// The ARNs of the topics that messages were made for.
    pub(super) async fn arns(&self) -> Vec<String> {
        self.max_bytes.lock().await.keys().cloned().collect()
    }

    /// The size of the largest message that a topic accepts. The default, if the topic's attributes cannot be read.
    pub(super) async fn max_bytes(&self, topic: &str) -> usize {
        let mut known = self.max_bytes.lock().await;
        if let Some(max_bytes) = known.get(topic) {
            return *max_bytes;
        }
        let answer = self.client.get_topic_attributes().topic_arn(topic).send().await;
        let attributes = answer.ok().and_then(|answer| answer.attributes).unwrap_or_default();
        let configured = attributes.get("MaximumMessageSize").and_then(|bytes| bytes.parse().ok());
        let max_bytes = configured.unwrap_or(DEFAULT_MAX_BYTES);
        known.insert(topic.to_owned(), max_bytes);
        max_bytes
    }

    /// Publishes messages; to a FIFO topic in the order of each group. The outcomes are in the order of the messages:
    /// SNS's message id, or the kind of error.
    ///
    /// # Errors
    /// When a message cannot be put into a request.
    pub(super) async fn publish(&self, topic: &str, publications: &[Publication]) -> Result<Vec<Outcome>> {
        let max_bytes = self.max_bytes(topic).await;
        if !is_fifo(topic) {
            return self.publish_unordered(topic, publications, max_bytes).await;
        }
        let groups: Vec<Option<String>> = publications.iter().map(|publication| publication.group_for(true)).collect();
        batch_call::in_group_order(&groups, |indices| async move {
            let part: Vec<Publication> = indices.iter().map(|index| publications[*index].clone()).collect();
            self.publish_unordered(topic, &part, max_bytes).await
        })
        .await
    }

    async fn publish_unordered(
        &self,
        topic: &str,
        publications: &[Publication],
        max_bytes: usize,
    ) -> Result<Vec<Outcome>> {
        let split = |waiting: &[usize]| {
            split_by_size(waiting, |index| publications[index].bytes(), BATCH_SIZE, DEFAULT_MAX_BYTES)
        };
        batch_call::with_retries(publications.len(), split, |part| async move {
            if let [index] = part.as_slice()
                && publications[*index].bytes() > max_bytes
            {
                let code =
                    format!("MessageTooLong: {} bytes, the topic accepts {max_bytes}", publications[*index].bytes());
                return Ok(Ok(vec![EntryAnswer::refused(index.to_string(), code, true)]));
            }
            let entry = |&index: &usize| publications[index].entry(index, is_fifo(topic));
            let entries = part.iter().map(entry).collect::<Result<Vec<_>>>()?;
            let request = self.client.publish_batch().topic_arn(topic).set_publish_batch_request_entries(Some(entries));
            Ok(match request.send().await {
                Ok(answer) => {
                    let published = answer.successful.unwrap_or_default().into_iter().map(|entry| {
                        EntryAnswer::accepted(entry.id.unwrap_or_default(), entry.message_id.unwrap_or_default())
                    });
                    let refused = answer.failed.unwrap_or_default().into_iter();
                    let refused = refused.map(|entry| EntryAnswer::refused(entry.id, entry.code, entry.sender_fault));
                    Ok(published.chain(refused).collect())
                }
                Err(error) => Err(error.code().unwrap_or("NoAnswer").to_owned()),
            })
        })
        .await
    }
}

/// Finds a topic by its ARN or its name.
///
/// # Errors
/// [`UsageError`] when there is no such topic, with those that exist; otherwise when SNS fails.
pub async fn resolve(sdk: &SdkConfig, given: &str) -> Result<String> {
    let client = Client::new(sdk);
    if given.starts_with("arn:") {
        let explanation = || UsageError(format!("there is no topic {given}; check its region and account"));
        ensure!(exists(&client, given).await?, explanation());
        return Ok(given.to_owned());
    }
    let mut names = Vec::new();
    let mut pages = client.list_topics().into_paginator().items().send();
    while let Some(topic) = pages.next().await {
        let arn = match topic {
            Ok(topic) => topic.topic_arn.unwrap_or_default(),
            Err(error) => bail!("cannot list topics: {}", describe(&error)),
        };
        if names::last_part(&arn) == given {
            return Ok(arn);
        }
        names.push(names::last_part(&arn).to_owned());
    }
    names.sort();
    let existing = if names.is_empty() { "no topic exists here".to_owned() } else { names.join(", ") };
    bail!(UsageError(format!("there is no topic `{given}`; existing topics: {existing}")))
}

/// Whether a topic exists.
///
/// # Errors
/// When SNS fails, or the credentials lack `sns:GetTopicAttributes`.
pub async fn topic_exists(sdk: &SdkConfig, arn: &str) -> Result<bool> {
    exists(&Client::new(sdk), arn).await
}

async fn exists(client: &Client, arn: &str) -> Result<bool> {
    match client.get_topic_attributes().topic_arn(arn).send().await {
        Ok(_) => Ok(true),
        Err(error) if matches!(error.code(), Some("NotFound" | "NotFoundException")) => Ok(false),
        Err(error) if error.code() == Some("InvalidParameter") => Ok(false),
        Err(error) => bail!("cannot read the attributes of the topic {arn}: {}", describe(&error)),
    }
}

/// SNS itself recognises FIFO topics by their names.
#[expect(clippy::case_sensitive_file_extension_comparisons, reason = "it is not a file, and always lower case")]
fn is_fifo(topic: &str) -> bool {
    topic.ends_with(".fifo")
}
