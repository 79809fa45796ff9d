//! The queues of a run: numbered messages and their effects.

use std::collections::{BTreeMap, HashMap, HashSet};

use aws_sdk_sqs::Client;
use aws_sdk_sqs::primitives::Blob;
use aws_sdk_sqs::types::{
    DeleteMessageBatchRequestEntry, Message, MessageAttributeValue, QueueAttributeName, SendMessageBatchRequestEntry,
};
use serde_json::{Value, json};

/// The attribute in which a replay sends the key of a message.
const KEY: &str = "busline-replay-key";

/// A visibility timeout in seconds that is longer than any run.
const VISIBILITY_TIMEOUT: i32 = 600;

/// A queue that only this run uses.
#[derive(Clone, Debug)]
pub(crate) struct Queue {
    client: Client,
    pub(crate) name: String,
    url: String,
}

/// The effects at the target.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Effects {
    /// The number of deliveries.
    pub(crate) deliveries: u64,
    /// Messages with an effect at a consumer that claims their key.
    pub(crate) effective: u64,
    /// Messages without an effect.
    pub(crate) missing: u64,
    /// Messages with more than one effect.
    pub(crate) repeated: u64,
    /// Messages that were delivered with another text or other attributes.
    pub(crate) changed: u64,
}

impl Effects {
    /// Whether each of these messages had its effect once and was not changed.
    pub(crate) fn is_exact(&self, messages: u64) -> bool {
        self.effective == messages && self.missing + self.repeated + self.changed == 0
    }
}

impl Queue {
    pub(crate) async fn create(client: &Client, name: String) -> Self {
        let created = client.create_queue().queue_name(&name).send().await.expect("a queue");
        Self { client: client.clone(), name, url: created.queue_url.expect("a queue's URL") }
    }

    /// Sends messages with the numbers from 0, with attributes of every type.
    pub(crate) async fn fill(&self, count: u64) {
        self.fill_with(count, |number| (body(number), Some(attributes(number).into()))).await;
    }

    /// Sends messages of text and attributes.
    pub(crate) async fn fill_with(
        &self,
        count: u64,
        message: impl Fn(u64) -> (String, Option<HashMap<String, MessageAttributeValue>>),
    ) {
        for first in (0..count).step_by(10) {
            let numbers = first..count.min(first + 10);
            let entries = numbers.map(|number| {
                let entry = SendMessageBatchRequestEntry::builder().id(number.to_string());
                let (body, attributes) = message(number);
                entry.message_body(body).set_message_attributes(attributes).build().expect("an entry")
            });
            let sent = self.client.send_message_batch().queue_url(&self.url).set_entries(Some(entries.collect()));
            let answer = sent.send().await.expect("a queue that accepts messages");
            assert!(answer.failed.is_empty(), "a queue that accepts every message");
        }
    }

    /// The number of messages, visible or not.
    pub(crate) async fn depth(&self) -> u64 {
        let names = [
            QueueAttributeName::ApproximateNumberOfMessages,
            QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
        ];
        let request = self.client.get_queue_attributes().queue_url(&self.url).set_attribute_names(Some(names.to_vec()));
        let attributes = request.send().await.expect("the queue's attributes").attributes.unwrap_or_default();
        names.iter().map(|name| attributes[name].parse::<u64>().expect("a number")).sum()
    }

    /// Receives all messages, as a consumer that claims each message's key and has one effect for each key.
    pub(crate) async fn consume(&self, count: u64) -> Effects {
        let mut claimed = HashSet::new();
        let mut effects: BTreeMap<u64, u64> = (0..count).map(|number| (number, 0)).collect();
        let mut total = Effects::default();
        loop {
            let request = self.client.receive_message().queue_url(&self.url).max_number_of_messages(10);
            let request = request.visibility_timeout(VISIBILITY_TIMEOUT).message_attribute_names("All");
            let messages = request.send().await.expect("a queue that can be read").messages.unwrap_or_default();
            if messages.is_empty() {
                break;
            }
            for message in &messages {
                total.deliveries += 1;
                let number = number(message);
                total.changed += u64::from(!is_unchanged(message, number));
                let key = text(message, KEY).unwrap_or_else(|| message.message_id.clone().expect("an id"));
                if claimed.insert(key) {
                    *effects.get_mut(&number).expect("a message of this run") += 1;
                }
            }
            self.remove(&messages).await;
        }
        total.effective = effects.values().filter(|count| **count > 0).count() as u64;
        total.missing = effects.values().filter(|count| **count == 0).count() as u64;
        total.repeated = effects.values().filter(|count| **count > 1).count() as u64;
        total
    }

    async fn remove(&self, messages: &[Message]) {
        let entries = messages.iter().enumerate().map(|(index, message)| {
            let entry = DeleteMessageBatchRequestEntry::builder().id(index.to_string());
            entry.set_receipt_handle(message.receipt_handle.clone()).build().expect("an entry")
        });
        let deletion = self.client.delete_message_batch().queue_url(&self.url).set_entries(Some(entries.collect()));
        assert!(deletion.send().await.expect("messages that can be deleted").failed.is_empty(), "all are deleted");
    }

    pub(crate) async fn delete(self) {
        self.client.delete_queue().queue_url(&self.url).send().await.expect("a queue that can be deleted");
    }
}

fn body(number: u64) -> String {
    json!({"number": number, "text": "Grüße, 你好"}).to_string()
}

fn attributes(number: u64) -> [(String, MessageAttributeValue); 3] {
    let value = || MessageAttributeValue::builder();
    let bytes = Blob::new([0, 255, u8::try_from(number % 251).unwrap()]);
    [
        ("text".to_owned(), value().data_type("String.own").string_value("Grüße").build().unwrap()),
        ("number".to_owned(), value().data_type("Number").string_value(number.to_string()).build().unwrap()),
        ("bytes".to_owned(), value().data_type("Binary").binary_value(bytes).build().unwrap()),
    ]
}

fn number(message: &Message) -> u64 {
    let body: Value = serde_json::from_str(message.body().unwrap_or_default()).expect("a message in JSON");
    body["number"].as_u64().expect("a message of this run")
}

fn is_unchanged(message: &Message, number: u64) -> bool {
    let received = message.message_attributes.clone().unwrap_or_default();
    message.body() == Some(&body(number))
        && attributes(number)
            .iter()
            .all(|(name, value)| received.get(name).is_some_and(|received| is_same(received, value)))
}

fn is_same(one: &MessageAttributeValue, other: &MessageAttributeValue) -> bool {
    one.data_type == other.data_type
        && one.string_value == other.string_value
        && one.binary_value.as_ref().map(AsRef::as_ref) == other.binary_value.as_ref().map(AsRef::as_ref)
}

fn text(message: &Message, name: &str) -> Option<String> {
    message.message_attributes.as_ref()?.get(name)?.string_value.clone()
}
