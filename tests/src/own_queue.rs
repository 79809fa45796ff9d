//! Queues of a test's own, on any endpoint that speaks SQS.

use std::collections::BTreeMap;

use aws_config::SdkConfig;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::primitives::Blob;
use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry, Message, MessageAttributeValue,
    MessageSystemAttributeName, QueueAttributeName, SendMessageBatchRequestEntry,
};
use serde_json::json;
use uuid::Uuid;

use crate::disruption::finish;
use crate::wait::eventually;

/// Longer than a look at a whole queue takes, in seconds.
const HIDDEN: i32 = 120;

/// A queue, gone with the test.
#[derive(Debug)]
pub struct OwnQueue {
    sdk: SdkConfig,
    client: Client,
    /// Its URL.
    pub url: String,
    /// Its ARN.
    pub arn: String,
}

/// A message's attributes by their names.
pub type Attributes = Vec<(&'static str, MessageAttributeValue)>;

impl OwnQueue {
    /// A name that nobody else has, with this ending: `dlq`, `orders.fifo`.
    pub fn name(ending: &str) -> String {
        format!("e2e-{}-{ending}", Uuid::new_v4().simple())
    }

    /// An empty queue; a FIFO queue if its name ends so.
    pub async fn make(sdk: &SdkConfig, name: &str) -> Self {
        let client = Client::new(sdk);
        let mut request = client.create_queue().queue_name(name);
        if name.rsplit('.').next() == Some("fifo") {
            request = request.attributes(QueueAttributeName::FifoQueue, "true");
        }
        let url = request.send().await.expect("a queue").queue_url.expect("a queue's URL");
        let mut queue = Self { sdk: sdk.clone(), client, url, arn: String::new() };
        queue.arn = queue.attribute(QueueAttributeName::QueueArn).await;
        queue
    }

    /// Its name, by which commands know it.
    pub fn own_name(&self) -> &str {
        self.url.rsplit('/').next().expect("a name")
    }

    /// Lets it give up what was received once to another queue.
    ///
    /// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html>
    pub async fn gives_up_to(&self, other: &Self) {
        let policy = json!({"deadLetterTargetArn": other.arn, "maxReceiveCount": "1"});
        let request = self.client.set_queue_attributes().queue_url(&self.url);
        let request = request.attributes(QueueAttributeName::RedrivePolicy, policy.to_string());
        request.send().await.expect("a queue that takes a redrive policy");
    }

    /// Lets a service of AWS send for a topic or a rule.
    pub async fn admit(&self, service: &str, source: &str) {
        let policy = json!({
            "Version": "2012-10-17",
            "Statement": [{
                "Effect": "Allow",
                "Principal": {"Service": service},
                "Action": "sqs:SendMessage",
                "Resource": self.arn,
                "Condition": {"ArnEquals": {"aws:SourceArn": source}},
            }],
        });
        let request = self.client.set_queue_attributes().queue_url(&self.url);
        let request = request.attributes(QueueAttributeName::Policy, policy.to_string());
        request.send().await.expect("a queue that takes a policy");
    }

    /// Sends a message; in a FIFO queue, of a group.
    pub async fn send(&self, body: &str, attributes: Attributes, group: Option<&str>) {
        let mut request = self.client.send_message().queue_url(&self.url).message_body(body);
        for (name, attribute) in attributes {
            request = request.message_attributes(name, attribute);
        }
        if let Some(group) = group {
            request = request.message_group_id(group).message_deduplication_id(Uuid::new_v4());
        }
        request.send().await.expect("a queue that takes a message");
    }

    /// Sends many messages, small ones.
    pub async fn send_all(&self, bodies: &[String]) {
        for bodies in bodies.chunks(10) {
            let entry = |(index, body): (usize, &String)| {
                let entry = SendMessageBatchRequestEntry::builder().id(index.to_string()).message_body(body);
                entry.build().expect("an entry")
            };
            let entries = bodies.iter().enumerate().map(entry).collect();
            let request = self.client.send_message_batch().queue_url(&self.url).set_entries(Some(entries));
            let answer = request.send().await.expect("a queue that takes messages");
            assert!(answer.failed.is_empty(), "a queue that takes every message");
        }
    }

    /// Receives up to ten messages and hides them for so many seconds.
    pub async fn receive(&self, hidden: i32) -> Vec<Message> {
        let request = self.client.receive_message().queue_url(&self.url).max_number_of_messages(10);
        let request = request.visibility_timeout(hidden).message_attribute_names("All");
        let request = request.message_system_attribute_names(MessageSystemAttributeName::All);
        request.send().await.expect("a queue that can be read").messages.unwrap_or_default()
    }

    /// Takes messages out for good.
    pub async fn delete(&self, messages: &[Message]) {
        for messages in messages.chunks(10) {
            let entry = |(index, message): (usize, &Message)| {
                let entry = DeleteMessageBatchRequestEntry::builder().id(index.to_string());
                entry.set_receipt_handle(message.receipt_handle.clone()).build().expect("an entry")
            };
            let entries = messages.iter().enumerate().map(entry).collect();
            let request = self.client.delete_message_batch().queue_url(&self.url).set_entries(Some(entries));
            assert!(request.send().await.expect("messages that can be deleted").failed.is_empty(), "all are deleted");
        }
    }

    /// Takes everything out, in the order in which it comes.
    pub async fn drain(&self) -> Vec<Message> {
        let mut all = Vec::new();
        loop {
            let messages = self.receive(HIDDEN).await;
            if messages.is_empty() {
                return all;
            }
            // Of a FIFO group the next come when these are gone.
            self.delete(&messages).await;
            all.extend(messages);
        }
    }

    /// Every message by its id; all are shown again at the end. Of a FIFO group, ten.
    pub async fn contents(&self) -> BTreeMap<String, Message> {
        let mut found = BTreeMap::new();
        loop {
            let messages = self.receive(HIDDEN).await;
            if messages.is_empty() {
                break;
            }
            found.extend(messages.into_iter().map(|message| (message.message_id.clone().expect("an id"), message)));
        }
        let all: Vec<&Message> = found.values().collect();
        for messages in all.chunks(10) {
            let entry = |(index, message): (usize, &&Message)| {
                let entry = ChangeMessageVisibilityBatchRequestEntry::builder().id(index.to_string());
                let entry = entry.set_receipt_handle(message.receipt_handle.clone()).visibility_timeout(0);
                entry.build().expect("an entry")
            };
            let entries = messages.iter().enumerate().map(entry).collect();
            let request = self.client.change_message_visibility_batch().queue_url(&self.url).set_entries(Some(entries));
            assert!(request.send().await.expect("messages that are shown again").failed.is_empty(), "all are shown");
        }
        found
    }

    /// How many messages wait, and how many somebody holds.
    pub async fn depth(&self) -> (u64, u64) {
        let number = async |name| self.attribute(name).await.parse::<u64>().expect("a number");
        let waiting = number(QueueAttributeName::ApproximateNumberOfMessages).await;
        (waiting, number(QueueAttributeName::ApproximateNumberOfMessagesNotVisible).await)
    }

    /// Waits until so many messages wait and nobody holds one.
    pub async fn has(&self, count: u64) {
        let what = format!("{count} messages in {}, all of them shown", self.own_name());
        eventually(&what, async || (self.depth().await == (count, 0)).then_some(())).await;
    }

    async fn attribute(&self, name: QueueAttributeName) -> String {
        let request = self.client.get_queue_attributes().queue_url(&self.url).attribute_names(name.clone());
        let attributes = request.send().await.expect("the queue's attributes").attributes.unwrap_or_default();
        attributes.get(&name).cloned().unwrap_or_else(|| panic!("a queue with {name}"))
    }
}

impl Drop for OwnQueue {
    fn drop(&mut self) {
        let (sdk, url) = (self.sdk.clone(), self.url.clone());
        finish(async move {
            Client::new(&sdk).delete_queue().queue_url(url).send().await.expect("no queue left");
        });
    }
}

/// An attribute that is text or a number.
pub fn text(data_type: &str, value: &str) -> MessageAttributeValue {
    MessageAttributeValue::builder().data_type(data_type).string_value(value).build().expect("an attribute")
}

/// An attribute that is bytes.
pub fn bytes(data_type: &str, value: &[u8]) -> MessageAttributeValue {
    MessageAttributeValue::builder().data_type(data_type).binary_value(Blob::new(value)).build().expect("an attribute")
}
