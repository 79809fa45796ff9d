//! Queues that belong to one test, on any endpoint that speaks SQS.

use std::collections::BTreeMap;

use aws_config::SdkConfig;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::primitives::Blob;
use aws_sdk_sqs::types::{
    DeleteMessageBatchRequestEntry, Message, MessageAttributeValue, MessageSystemAttributeName, QueueAttributeName,
    SendMessageBatchRequestEntry,
};
use serde_json::json;
use uuid::Uuid;

use crate::cleanup::run_in_drop;
use crate::dead_letters::{MAX_HIDDEN, browse, release};
use crate::wait::eventually;

/// On no machine does a receipt expire before its message is deleted or released. No test needs a message to become visible
/// again by itself.
const HIDDEN: i32 = MAX_HIDDEN;

/// A queue that is deleted after the test.
#[derive(Debug)]
pub struct TestQueue {
    sdk: SdkConfig,
    client: Client,
    pub url: String,
    pub arn: String,
}

/// A message's attributes with their names.
pub type Attributes = Vec<(&'static str, MessageAttributeValue)>;

impl TestQueue {
    /// A name that no other queue has, with this ending: `dlq`, `orders.fifo`.
    pub fn unique_name(ending: &str) -> String {
        format!("e2e-{}-{ending}", Uuid::new_v4().simple())
    }

    /// Creates an empty queue; a FIFO queue if the name ends with `.fifo`.
    pub async fn create(sdk: &SdkConfig, name: &str) -> Self {
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

    /// The queue's name, which commands take.
    pub fn name(&self) -> &str {
        self.url.rsplit('/').next().expect("a name")
    }

    /// Makes `other` the dead-letter queue of this one, for messages that were received once.
    ///
    /// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html>
    pub async fn redrive_to(&self, other: &Self) {
        let policy = json!({"deadLetterTargetArn": other.arn, "maxReceiveCount": "1"});
        let request = self.client.set_queue_attributes().queue_url(&self.url);
        let request = request.attributes(QueueAttributeName::RedrivePolicy, policy.to_string());
        request.send().await.expect("a queue that accepts a redrive policy");
    }

    /// Allows an AWS service to send messages for a topic or a rule, given by its ARN.
    pub async fn allow_sender(&self, service: &str, source_arn: &str) {
        let policy = json!({
            "Version": "2012-10-17",
            "Statement": [{
                "Effect": "Allow",
                "Principal": {"Service": service},
                "Action": "sqs:SendMessage",
                "Resource": self.arn,
                "Condition": {"ArnEquals": {"aws:SourceArn": source_arn}},
            }],
        });
        let request = self.client.set_queue_attributes().queue_url(&self.url);
        let request = request.attributes(QueueAttributeName::Policy, policy.to_string());
        request.send().await.expect("a queue that accepts a policy");
    }

    /// Sends a message; in a FIFO queue, in a group.
    pub async fn send(&self, body: &str, attributes: Attributes, group: Option<&str>) {
        let mut request = self.client.send_message().queue_url(&self.url).message_body(body);
        for (name, attribute) in attributes {
            request = request.message_attributes(name, attribute);
        }
        if let Some(group) = group {
            request = request.message_group_id(group).message_deduplication_id(Uuid::new_v4());
        }
        request.send().await.expect("a queue that accepts a message");
    }

    /// Sends many small messages.
    pub async fn send_all(&self, bodies: &[String]) {
        for bodies in bodies.chunks(10) {
            let entry = |(index, body): (usize, &String)| {
                let entry = SendMessageBatchRequestEntry::builder().id(index.to_string()).message_body(body);
                entry.build().expect("an entry")
            };
            let entries = bodies.iter().enumerate().map(entry).collect();
            let request = self.client.send_message_batch().queue_url(&self.url).set_entries(Some(entries));
            let answer = request.send().await.expect("a queue that accepts messages");
            assert!(answer.failed.is_empty(), "every message is accepted");
        }
    }

    /// Receives up to ten messages and holds them until they are deleted or released.
    pub async fn receive(&self) -> Vec<Message> {
        self.receive_hidden(HIDDEN).await
    }

    /// Receives up to ten messages and does not hold them, as a consumer that fails.
    pub async fn receive_and_fail(&self) {
        self.receive_hidden(0).await;
    }

    async fn receive_hidden(&self, seconds: i32) -> Vec<Message> {
        let request = self.client.receive_message().queue_url(&self.url).max_number_of_messages(10);
        let request = request.visibility_timeout(seconds).message_attribute_names("All");
        let request = request.message_system_attribute_names(MessageSystemAttributeName::All);
        request.send().await.expect("a queue that can be read").messages.unwrap_or_default()
    }

    /// Makes messages that this test holds visible again.
    pub async fn release(&self, messages: &[Message]) {
        release(&self.client, &self.url, messages).await;
    }

    /// Deletes messages that this test holds.
    pub async fn delete(&self, messages: &[Message]) {
        for messages in messages.chunks(10) {
            let entry = |(index, message): (usize, &Message)| {
                let entry = DeleteMessageBatchRequestEntry::builder().id(index.to_string());
                entry.set_receipt_handle(message.receipt_handle.clone()).build().expect("an entry")
            };
            let entries = messages.iter().enumerate().map(entry).collect();
            let request = self.client.delete_message_batch().queue_url(&self.url).set_entries(Some(entries));
            let failed = request.send().await.expect("messages that can be deleted").failed;
            // Nobody else receives from this queue: an unknown receipt is that of a message which an earlier request has
            // deleted; its answer was lost.
            assert!(failed.iter().all(|entry| entry.code == "ReceiptHandleIsInvalid"), "not deleted: {failed:?}");
        }
    }

    /// Receives and deletes all messages, in the order in which the queue returns them.
    pub async fn drain(&self) -> Vec<Message> {
        let mut all = Vec::new();
        loop {
            let messages = self.receive().await;
            if messages.is_empty() {
                return all;
            }
            // The next messages of a FIFO group are returned after these are deleted.
            self.delete(&messages).await;
            all.extend(messages);
        }
    }

    /// Every message by its id. The messages stay in the queue. Of a FIFO group there are at most ten.
    pub async fn contents(&self) -> BTreeMap<String, Message> {
        let messages = browse(&self.client, &self.url, HIDDEN).await.into_iter();
        messages.map(|message| (message.message_id.clone().expect("an id"), message)).collect()
    }

    /// How many messages are visible, and how many a consumer holds.
    pub async fn depth(&self) -> (u64, u64) {
        let number = async |name| self.attribute(name).await.parse::<u64>().expect("a number");
        let visible = number(QueueAttributeName::ApproximateNumberOfMessages).await;
        (visible, number(QueueAttributeName::ApproximateNumberOfMessagesNotVisible).await)
    }

    /// Waits until the queue has this many messages and no consumer holds one.
    pub async fn wait_for_depth(&self, count: u64) {
        let what = format!("{count} messages in {}, all of them visible", self.name());
        eventually(&what, async || (self.depth().await == (count, 0)).then_some(())).await;
    }

    async fn attribute(&self, name: QueueAttributeName) -> String {
        let request = self.client.get_queue_attributes().queue_url(&self.url).attribute_names(name.clone());
        let attributes = request.send().await.expect("the queue's attributes").attributes.unwrap_or_default();
        attributes.get(&name).cloned().unwrap_or_else(|| panic!("the queue has no {name}"))
    }
}

impl Drop for TestQueue {
    fn drop(&mut self) {
        let (sdk, url) = (self.sdk.clone(), self.url.clone());
        run_in_drop(async move {
            Client::new(&sdk).delete_queue().queue_url(url).send().await.expect("a queue that can be deleted");
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
