//! A service's dead-letter queue: its messages, and the deletion of those that a test caused.

use std::collections::HashMap;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::SdkError;
use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, Message, MessageSystemAttributeName, QueueAttributeName,
};
use serde_json::Value;

use crate::product::Product;
use crate::wait::eventually;

/// How long reading a queue hides its messages from others, in seconds: longer than it takes on a busy machine. They are
/// visible again as soon as the reading ends.
const HIDDEN: i32 = 60;

/// The longest visibility timeout that SQS allows, in seconds.
pub const MAX_HIDDEN: i32 = 12 * 60 * 60;

/// A message that waits in a dead-letter queue.
#[derive(Clone, Debug)]
pub struct DeadLetterMessage {
    /// The failure record, or the event that a rule could not deliver.
    pub body: Value,
    /// The message's attributes, such as a rule's `ERROR_CODE`.
    pub attributes: HashMap<String, String>,
    id: String,
    text: String,
    receipt: String,
}

/// A service's dead-letter queue.
#[derive(Clone, Debug)]
pub struct DeadLetterQueue {
    client: Client,
    url: String,
}

impl Product {
    /// The dead-letter queue of a service.
    pub fn dead_letter_queue(&self, service: &str) -> DeadLetterQueue {
        DeadLetterQueue { client: Client::new(self.sdk()), url: self.dead_letter_queue_url(service).to_owned() }
    }
}

impl DeadLetterQueue {
    /// The messages with `part` in their body. They stay in the queue.
    pub async fn containing(&self, part: &str) -> Vec<DeadLetterMessage> {
        let messages = browse(&self.client, &self.url, HIDDEN).await;
        messages.into_iter().filter(|message| message.body().unwrap_or_default().contains(part)).map(parse).collect()
    }

    /// Waits for a message with `part` in its body. It stays in the queue, and others may read it at the same time.
    pub async fn wait_for(&self, part: &str) -> DeadLetterMessage {
        let what = format!("a dead-letter message with {part}");
        eventually(&what, async || self.containing(part).await.pop()).await
    }

    /// Deletes a message. If another consumer has received it meanwhile, its receipt is outdated: it is received again.
    /// It is gone already when a lost answer made the client repeat the request.
    pub async fn delete(&self, message: &DeadLetterMessage) {
        let mut receipt = message.receipt.clone();
        eventually("a deleted message", async || {
            let request = self.client.delete_message().queue_url(&self.url).receipt_handle(&receipt);
            match request.send().await {
                Ok(_) => return Some(()),
                Err(SdkError::ServiceError(_)) => {}
                Err(error) => panic!("the queue does not answer: {error:?}"),
            }
            // Before the queue is read, which hides its messages for others.
            let is_held_by_another = self.hidden().await > 0;
            let current = self.containing(&message.text).await.into_iter().find(|found| found.id == message.id);
            match current {
                Some(current) => receipt = current.receipt,
                None => return (!is_held_by_another).then_some(()),
            }
            None
        })
        .await;
    }

    /// How many messages consumers hold.
    async fn hidden(&self) -> u64 {
        let name = QueueAttributeName::ApproximateNumberOfMessagesNotVisible;
        let request = self.client.get_queue_attributes().queue_url(&self.url).attribute_names(name.clone());
        let attributes = request.send().await.expect("the queue's attributes").attributes.unwrap_or_default();
        attributes.get(&name).and_then(|number| number.parse().ok()).expect("a number of messages")
    }

    /// The queue's access policy.
    pub async fn policy(&self) -> Value {
        let request = self.client.get_queue_attributes().queue_url(&self.url);
        let answer = request.attribute_names(QueueAttributeName::Policy).send().await.expect("the queue's attributes");
        let attributes = answer.attributes.unwrap_or_default();
        let policy = attributes.get(&QueueAttributeName::Policy).expect("a queue with a policy");
        serde_json::from_str(policy).expect("a policy in JSON")
    }
}

fn parse(message: Message) -> DeadLetterMessage {
    let text = message.body.unwrap_or_default();
    let attributes = message.message_attributes.unwrap_or_default().into_iter();
    DeadLetterMessage {
        body: serde_json::from_str(&text).expect("a message in JSON"),
        attributes: attributes.map(|(name, value)| (name, value.string_value.unwrap_or_default())).collect(),
        id: message.message_id.expect("a message's id"),
        receipt: message.receipt_handle.expect("a message's receipt"),
        text,
    }
}

/// Reads every message of a queue, and makes all of them visible again. Of a FIFO group SQS returns at most ten.
///
/// On a slow machine messages may become visible before the end of the queue is reached. They are received again, with a
/// new receipt; the reading ends when a batch holds nothing new.
pub async fn browse(client: &Client, url: &str, hidden_seconds: i32) -> Vec<Message> {
    let mut found: HashMap<String, Message> = HashMap::new();
    loop {
        let request = client.receive_message().queue_url(url).max_number_of_messages(10).wait_time_seconds(0);
        let request = request.visibility_timeout(hidden_seconds).message_attribute_names("All");
        let request = request.message_system_attribute_names(MessageSystemAttributeName::All);
        let messages = request.send().await.expect("a queue that can be read").messages.unwrap_or_default();
        let known = found.len();
        let keyed = messages.into_iter().map(|message| (message.message_id.clone().expect("an id"), message));
        found.extend(keyed);
        if found.len() == known {
            break;
        }
    }
    let messages: Vec<Message> = found.into_values().collect();
    release(client, url, &messages).await;
    messages
}

/// Makes messages visible again. One with an expired receipt is visible already, or is held by another consumer.
pub(crate) async fn release(client: &Client, url: &str, messages: &[Message]) {
    for messages in messages.chunks(10) {
        let entry = |(index, message): (usize, &Message)| {
            let entry = ChangeMessageVisibilityBatchRequestEntry::builder().id(index.to_string());
            let entry = entry.set_receipt_handle(message.receipt_handle.clone()).visibility_timeout(0);
            entry.build().expect("an entry")
        };
        let entries = messages.iter().enumerate().map(entry).collect();
        let request = client.change_message_visibility_batch().queue_url(url).set_entries(Some(entries));
        request.send().await.expect("a queue that answers");
    }
}
