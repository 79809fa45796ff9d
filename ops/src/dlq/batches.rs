//! Sending, deleting and hiding messages ten at a time, with an answer for each message.
//!
//! SQS answers a batch with success although it refused some of its entries:
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html>

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use anyhow::Result;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::ProvideErrorMetadata;
use aws_sdk_sqs::primitives::Blob;
use aws_sdk_sqs::types::{
    BatchResultErrorEntry, ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry,
    MessageAttributeValue, MessageSystemAttributeNameForSends, MessageSystemAttributeValue,
    SendMessageBatchRequestEntry,
};

use crate::dlq::message::{Attribute, AttributeValue};
use crate::dlq::queue::BATCH;

/// A batch carries at most this many bytes, bodies and attributes together.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html>
pub(crate) const MOST_BYTES: usize = 1024 * 1024;

/// How often an entry that was refused for no fault of its own is tried.
const ATTEMPTS: u32 = 6;

/// The first pause between two attempts; each next one is twice as long.
const PAUSE: Duration = Duration::from_millis(100);

/// A message to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// Its text.
    pub body: String,
    /// Its attributes, at most ten.
    pub attributes: Vec<(String, Attribute)>,
    /// Its group, for a FIFO queue.
    pub group: Option<String>,
    /// Its deduplication id, for a FIFO queue.
    pub deduplication: Option<String>,
    /// The X-Ray trace that it belongs to, `AWSTraceHeader`. It does not count towards a message's size.
    pub trace: Option<String>,
}

impl Outgoing {
    fn bytes(&self) -> usize {
        let of = |(name, attribute): &(String, Attribute)| attribute.bytes(name);
        self.body.len() + self.attributes.iter().map(of).sum::<usize>()
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

/// What became of one entry: the new message's id, or the kind of error.
pub type Outcome = Result<String, String>;

/// Sends messages, each of which gets its own outcome, in the same order.
///
/// An entry that was refused for no fault of its own is tried again; the others are not sent again.
///
/// # Errors
/// When a message cannot be put into a request.
pub async fn send(client: &Client, queue: &str, messages: &[Outgoing]) -> Result<Vec<Outcome>> {
    let mut outcomes: Vec<Option<Outcome>> = vec![None; messages.len()];
    let mut waiting: Vec<usize> = (0..messages.len()).collect();
    for attempt in 0..ATTEMPTS {
        pause(attempt).await;
        let mut again = Vec::new();
        for part in parts(&waiting, messages) {
            let entries = part.iter().map(|&index| messages[index].entry(index)).collect::<Result<Vec<_>>>()?;
            let request = client.send_message_batch().queue_url(queue).set_entries(Some(entries));
            match request.send().await {
                Ok(answer) => {
                    for sent in answer.successful {
                        set(&mut outcomes, &sent.id, Ok(sent.message_id));
                    }
                    again.extend(refused(&answer.failed, &mut outcomes));
                }
                Err(error) => {
                    let code = error.code().unwrap_or("NoAnswer").to_owned();
                    let is_final = is_callers_fault(&code);
                    for &index in &part {
                        outcomes[index] = Some(Err(code.clone()));
                    }
                    again.extend(part.into_iter().filter(|_| !is_final));
                }
            }
        }
        waiting = again;
        if waiting.is_empty() {
            break;
        }
    }
    Ok(outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(|| Err("NoAnswer".to_owned()))).collect())
}

/// Sends messages to a FIFO queue: at most one message of a group at a time, and none after one of its group that was
/// refused, because SQS may refuse one entry of a batch and take the next.
///
/// # Errors
/// When a message cannot be put into a request.
pub async fn send_in_order(client: &Client, queue: &str, messages: &[Outgoing]) -> Result<Vec<Outcome>> {
    let mut outcomes: Vec<Outcome> = vec![Err("one before it in its group has failed".to_owned()); messages.len()];
    let mut waiting: Vec<usize> = (0..messages.len()).collect();
    let mut blocked = HashSet::new();
    while !waiting.is_empty() {
        let mut groups = HashSet::new();
        let (now, later): (Vec<usize>, Vec<usize>) =
            waiting.into_iter().partition(|index| groups.insert(messages[*index].group.clone()));
        let sent: Vec<Outgoing> = now.iter().map(|index| messages[*index].clone()).collect();
        for (index, outcome) in now.into_iter().zip(send(client, queue, &sent).await?) {
            if outcome.is_err() {
                blocked.insert(messages[index].group.clone());
            }
            outcomes[index] = outcome;
        }
        waiting = later.into_iter().filter(|index| !blocked.contains(&messages[*index].group)).collect();
    }
    Ok(outcomes)
}

/// Deletes messages by their receipts; the indices of those that could not be deleted, with the kind of error.
///
/// # Errors
/// When a receipt cannot be put into a request.
pub async fn delete(client: &Client, queue: &str, receipts: &[String]) -> Result<HashMap<usize, String>> {
    let mut outcomes: Vec<Option<Outcome>> = vec![None; receipts.len()];
    let mut waiting: Vec<usize> = (0..receipts.len()).collect();
    for attempt in 0..ATTEMPTS {
        pause(attempt).await;
        let mut again = Vec::new();
        for part in waiting.chunks(BATCH) {
            let entry = |&index: &usize| {
                let entry = DeleteMessageBatchRequestEntry::builder().id(index.to_string());
                Ok(entry.receipt_handle(&receipts[index]).build()?)
            };
            let entries = part.iter().map(entry).collect::<Result<Vec<_>>>()?;
            let request = client.delete_message_batch().queue_url(queue).set_entries(Some(entries));
            match request.send().await {
                Ok(answer) => {
                    for deleted in answer.successful {
                        set(&mut outcomes, &deleted.id, Ok(String::new()));
                    }
                    again.extend(refused(&answer.failed, &mut outcomes));
                }
                Err(error) => {
                    let code = error.code().unwrap_or("NoAnswer").to_owned();
                    let is_final = is_callers_fault(&code);
                    for &index in part {
                        outcomes[index] = Some(Err(code.clone()));
                    }
                    again.extend(part.iter().copied().filter(|_| !is_final));
                }
            }
        }
        waiting = again;
        if waiting.is_empty() {
            break;
        }
    }
    let failed = outcomes.into_iter().enumerate();
    Ok(failed.filter_map(|(index, outcome)| Some((index, outcome?.err()?))).collect())
}

/// Hides messages for the time `hidden` from now on. One whose time is over already comes to somebody again, which is
/// no failure.
///
/// # Errors
/// When SQS does not answer.
pub async fn hide(client: &Client, queue: &str, receipts: &[String], hidden: Duration) -> Result<()> {
    let seconds = i32::try_from(hidden.as_secs()).unwrap_or(i32::MAX);
    for part in receipts.chunks(BATCH) {
        let mut entries = Vec::with_capacity(part.len());
        for (index, receipt) in part.iter().enumerate() {
            let entry = ChangeMessageVisibilityBatchRequestEntry::builder().id(index.to_string());
            entries.push(entry.receipt_handle(receipt).visibility_timeout(seconds).build()?);
        }
        client.change_message_visibility_batch().queue_url(queue).set_entries(Some(entries)).send().await?;
    }
    Ok(())
}

async fn pause(attempt: u32) {
    if attempt > 0 {
        tokio::time::sleep(PAUSE * 2_u32.pow(attempt - 1)).await;
    }
}

/// Parts that a call can carry.
fn parts(waiting: &[usize], messages: &[Outgoing]) -> Vec<Vec<usize>> {
    let mut parts: Vec<Vec<usize>> = Vec::new();
    let mut bytes = 0;
    for &index in waiting {
        let size = messages[index].bytes();
        match parts.last_mut() {
            Some(part) if part.len() < BATCH && bytes + size <= MOST_BYTES => {
                part.push(index);
                bytes += size;
            }
            _ => {
                parts.push(vec![index]);
                bytes = size;
            }
        }
    }
    parts
}

/// Notes what was refused; those that can be tried again.
fn refused(failed: &[BatchResultErrorEntry], outcomes: &mut [Option<Outcome>]) -> Vec<usize> {
    let mut again = Vec::new();
    for entry in failed {
        set(outcomes, &entry.id, Err(entry.code.clone()));
        again.extend(entry.id.parse::<usize>().ok().filter(|_| !entry.sender_fault));
    }
    again
}

fn set(outcomes: &mut [Option<Outcome>], id: &str, outcome: Outcome) {
    if let Some(place) = id.parse::<usize>().ok().and_then(|index| outcomes.get_mut(index)) {
        *place = Some(outcome);
    }
}

/// Trying again would bring the same answer.
fn is_callers_fault(code: &str) -> bool {
    [
        "AccessDenied",
        "NonExistentQueue",
        "QueueDoesNotExist",
        "InvalidParameter",
        "InvalidMessageContents",
        "Unsupported",
    ]
    .iter()
    .any(|fault| code.contains(fault))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outgoing(bytes: usize) -> Outgoing {
        Outgoing { body: "x".repeat(bytes), attributes: Vec::new(), group: None, deduplication: None, trace: None }
    }

    #[test]
    fn a_call_carries_ten_entries_at_the_most() {
        let messages = vec![outgoing(1); 23];
        let parts = parts(&(0..23).collect::<Vec<_>>(), &messages);
        assert_eq!(parts.iter().map(Vec::len).collect::<Vec<_>>(), [10, 10, 3]);
    }

    #[test]
    fn a_call_carries_one_mebibyte_at_the_most_with_attributes() {
        let mut messages = vec![outgoing(400 * 1024); 5];
        let name = "n".to_owned();
        messages[2].attributes.push((name, Attribute::text("x".repeat(300 * 1024))));
        let parts = parts(&[0, 1, 2, 3, 4], &messages);
        assert_eq!(parts, [vec![0, 1], vec![2], vec![3, 4]]);
    }

    #[test]
    fn a_message_keeps_its_trace() {
        let trace = "Root=1-5759e988-bd862e3fe1be46a994272793".to_owned();
        let entry = Outgoing { trace: Some(trace.clone()), ..outgoing(1) }.entry(0).unwrap();
        let carried = &entry.message_system_attributes.unwrap()[&MessageSystemAttributeNameForSends::AwsTraceHeader];
        assert_eq!(carried.string_value.as_deref(), Some(trace.as_str()));
    }

    #[test]
    fn a_message_of_the_largest_size_goes_alone() {
        let messages = vec![outgoing(1024 * 1024), outgoing(1)];
        assert_eq!(parts(&[0, 1], &messages), [vec![0], vec![1]]);
    }
}
