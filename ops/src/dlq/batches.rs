//! Sending messages to SQS and deleting them, ten at a time, with an outcome for each message.

use std::collections::HashMap;

use anyhow::Result;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::ProvideErrorMetadata;
use aws_sdk_sqs::primitives::Blob;
use aws_sdk_sqs::types::{
    BatchResultErrorEntry, DeleteMessageBatchRequestEntry, MessageAttributeValue, MessageSystemAttributeNameForSends,
    MessageSystemAttributeValue, SendMessageBatchRequestEntry,
};

use crate::dlq::batch_call::{self, EntryAnswer, Outcome, split_by_size};
use crate::dlq::limits::{BATCH_SIZE, MAX_MESSAGE_BYTES};
use crate::dlq::message::Message;
use crate::dlq::raw_message::{Attribute, AttributeValue};

/// A message to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutgoingMessage {
    pub body: String,
    /// At most ten attributes.
    pub attributes: Vec<(String, Attribute)>,
    /// The message group, for a FIFO queue.
    pub group: Option<String>,
    /// The deduplication id, for a FIFO queue.
    pub deduplication: Option<String>,
    /// The X-Ray trace header, `AWSTraceHeader`. It does not count towards a message's size.
    pub trace: Option<String>,
}

impl OutgoingMessage {
    /// A message for the queue at `url` that carries on the group and the trace of `source`.
    ///
    /// In a FIFO queue the deduplication id is the message id of `source`: SQS would take the original deduplication id
    /// for a repetition and drop the message, if it was sent within the last five minutes.
    /// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/using-messagededuplicationid-property.html>
    #[must_use]
    pub fn new(source: &Message, url: &str, body: &str, attributes: Vec<(String, Attribute)>) -> Self {
        let group = source.system_attributes.get("MessageGroupId").cloned();
        let is_fifo = is_fifo(url);
        Self {
            body: body.to_owned(),
            attributes,
            group: if is_fifo { group.or_else(|| Some(source.message_id.clone())) } else { group },
            deduplication: is_fifo.then(|| source.message_id.clone()),
            trace: source.system_attributes.get("AWSTraceHeader").cloned(),
        }
    }

    fn bytes(&self) -> usize {
        let attributes = self.attributes.iter().map(|(name, attribute)| attribute.bytes(name));
        self.body.len() + attributes.sum::<usize>()
    }

    fn entry(&self, id: usize) -> Result<SendMessageBatchRequestEntry> {
        let mut entry = SendMessageBatchRequestEntry::builder().id(id.to_string()).message_body(&self.body);
        for (name, attribute) in &self.attributes {
            let value = MessageAttributeValue::builder().data_type(&attribute.data_type);
            let value = match &attribute.value {
                AttributeValue::Text(text) => value.string_value(text),
                AttributeValue::Binary(bytes) => value.binary_value(Blob::new(bytes.clone())),
            };
            entry = entry.message_attributes(name, value.build()?);
        }
        if let Some(trace) = &self.trace {
            let value = MessageSystemAttributeValue::builder().data_type("String").string_value(trace).build()?;
            entry = entry.message_system_attributes(MessageSystemAttributeNameForSends::AwsTraceHeader, value);
        }
        let entry = entry.set_message_group_id(self.group.clone());
        Ok(entry.set_message_deduplication_id(self.deduplication.clone()).build()?)
    }
}

/// Sends messages to a queue; to a FIFO queue in the order of each group. The outcomes are in the order of the
/// messages.
///
/// # Errors
/// When a message cannot be put into a request.
pub async fn send(client: &Client, queue: &str, messages: &[OutgoingMessage]) -> Result<Vec<Outcome>> {
    if !is_fifo(queue) {
        return send_unordered(client, queue, messages).await;
    }
    let groups: Vec<Option<String>> = messages.iter().map(|message| message.group.clone()).collect();
    batch_call::in_group_order(&groups, |indices| async move {
        let part: Vec<OutgoingMessage> = indices.iter().map(|index| messages[*index].clone()).collect();
        send_unordered(client, queue, &part).await
    })
    .await
}

async fn send_unordered(client: &Client, queue: &str, messages: &[OutgoingMessage]) -> Result<Vec<Outcome>> {
    batch_call::with_retries(
        messages.len(),
        |waiting| split(waiting, messages),
        |part| async move {
            let entries = part.iter().map(|&index| messages[index].entry(index)).collect::<Result<Vec<_>>>()?;
            let request = client.send_message_batch().queue_url(queue).set_entries(Some(entries));
            Ok(match request.send().await {
                Ok(answer) => {
                    let sent =
                        answer.successful.into_iter().map(|entry| EntryAnswer::accepted(entry.id, entry.message_id));
                    Ok(sent.chain(answer.failed.into_iter().map(refused)).collect())
                }
                Err(error) => Err(error.code().unwrap_or("NoAnswer").to_owned()),
            })
        },
    )
    .await
}

/// Deletes messages by their receipt handles. Returns the indices of those that could not be deleted, with the kind of
/// error.
///
/// # Errors
/// When a receipt handle cannot be put into a request.
pub async fn delete(client: &Client, queue: &str, receipts: &[String]) -> Result<HashMap<usize, String>> {
    let split = |waiting: &[usize]| waiting.chunks(BATCH_SIZE).map(<[usize]>::to_vec).collect();
    let outcomes = batch_call::with_retries(receipts.len(), split, |part| async move {
        let entry = |&index: &usize| {
            let entry = DeleteMessageBatchRequestEntry::builder().id(index.to_string());
            Ok(entry.receipt_handle(&receipts[index]).build()?)
        };
        let entries = part.iter().map(entry).collect::<Result<Vec<_>>>()?;
        let request = client.delete_message_batch().queue_url(queue).set_entries(Some(entries));
        Ok(match request.send().await {
            Ok(answer) => {
                let deleted = answer.successful.into_iter().map(|entry| EntryAnswer::accepted(entry.id, String::new()));
                Ok(deleted.chain(answer.failed.into_iter().map(refused)).collect())
            }
            Err(error) => Err(error.code().unwrap_or("NoAnswer").to_owned()),
        })
    })
    .await?;
    Ok(outcomes.into_iter().enumerate().filter_map(|(index, outcome)| Some((index, outcome.err()?))).collect())
}

fn refused(entry: BatchResultErrorEntry) -> EntryAnswer {
    EntryAnswer::refused(entry.id, entry.code, entry.sender_fault)
}

fn split(waiting: &[usize], messages: &[OutgoingMessage]) -> Vec<Vec<usize>> {
    split_by_size(waiting, |index| messages[index].bytes(), BATCH_SIZE, MAX_MESSAGE_BYTES)
}

/// SQS itself recognises FIFO queues by their names.
#[expect(clippy::case_sensitive_file_extension_comparisons, reason = "it is not a file, and always lower case")]
fn is_fifo(url: &str) -> bool {
    url.ends_with(".fifo")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outgoing(bytes: usize) -> OutgoingMessage {
        OutgoingMessage {
            body: "x".repeat(bytes),
            attributes: Vec::new(),
            group: None,
            deduplication: None,
            trace: None,
        }
    }

    #[test]
    fn a_call_carries_at_most_ten_entries() {
        let messages = vec![outgoing(1); 23];
        let parts = split(&(0..23).collect::<Vec<_>>(), &messages);
        assert_eq!(parts.iter().map(Vec::len).collect::<Vec<_>>(), [10, 10, 3]);
    }

    #[test]
    fn a_call_carries_at_most_one_mebibyte_including_attributes() {
        let mut messages = vec![outgoing(400 * 1024); 5];
        let name = "n".to_owned();
        messages[2].attributes.push((name, Attribute::text("x".repeat(300 * 1024))));
        let parts = split(&[0, 1, 2, 3, 4], &messages);
        assert_eq!(parts, [vec![0, 1], vec![2], vec![3, 4]]);
    }

    #[test]
    fn a_message_keeps_its_trace_header() {
        let trace = "Root=1-5759e988-bd862e3fe1be46a994272793".to_owned();
        let entry = OutgoingMessage { trace: Some(trace.clone()), ..outgoing(1) }.entry(0).unwrap();
        let carried = &entry.message_system_attributes.unwrap()[&MessageSystemAttributeNameForSends::AwsTraceHeader];
        assert_eq!(carried.string_value.as_deref(), Some(trace.as_str()));
    }

    #[test]
    fn a_message_of_the_maximum_size_is_sent_alone() {
        let messages = vec![outgoing(1024 * 1024), outgoing(1)];
        assert_eq!(split(&[0, 1], &messages), [vec![0], vec![1]]);
    }
}
