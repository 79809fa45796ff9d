//! The queues of a run: messages with a number each, and what came of them.

use std::collections::{BTreeMap, HashMap, HashSet};

use aws_sdk_sqs::Client;
use aws_sdk_sqs::primitives::Blob;
use aws_sdk_sqs::types::{
    DeleteMessageBatchRequestEntry, Message, MessageAttributeValue, QueueAttributeName, SendMessageBatchRequestEntry,
};
use serde_json::{Value, json};

/// The attribute by which a replay names what it sends.
const KEY: &str = "busline-replay-key";

/// Longer than any run.
const HIDDEN: i32 = 600;

/// A queue of the run's own.
#[derive(Clone, Debug)]
pub(crate) struct Queue {
    client: Client,
    pub(crate) name: String,
    url: String,
}

/// What came to the other side.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Effects {
    /// How many messages were delivered.
    pub(crate) deliveries: u64,
    /// How many messages had an effect at a consumer that claims their key.
    pub(crate) effective: u64,
    /// How many messages had none.
    pub(crate) missing: u64,
    /// How many messages had more than one effect.
    pub(crate) doubled: u64,
    /// How many messages came with other text or other attributes than they were sent with.
    pub(crate) changed: u64,
}

impl Effects {
    /// Each of so many messages had its effect once, and came as it was sent.
    pub(crate) fn is_exact(&self, messages: u64) -> bool {
        self.effective == messages && self.missing + self.doubled + self.changed == 0
    }
}

impl Queue {
    pub(crate) async fn create(client: &Client, name: String) -> Self {
        let made = client.create_queue().queue_name(&name).send().await.expect("a queue");
        Self { client: client.clone(), name, url: made.queue_url.expect("a queue's URL") }
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
            let answer = sent.send().await.expect("a queue that takes messages");
            assert!(answer.failed.is_empty(), "a queue that takes every message");
        }
    }

    /// How many messages it has, shown and hidden.
    pub(crate) async fn depth(&self) -> u64 {
        let names = [
            QueueAttributeName::ApproximateNumberOfMessages,
            QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
        ];
        let asked = self.client.get_queue_attributes().queue_url(&self.url).set_attribute_names(Some(names.to_vec()));
        let attributes = asked.send().await.expect("the queue's attributes").attributes.unwrap_or_default();
        names.iter().map(|name| attributes[name].parse::<u64>().expect("a number")).sum()
    }

    /// Takes everything out, as a consumer does that claims each message's key and has an effect once a key.
    pub(crate) async fn consume(&self, count: u64) -> Effects {
        let mut claimed = HashSet::new();
        let mut effects: BTreeMap<u64, u64> = (0..count).map(|number| (number, 0)).collect();
        let mut seen = Effects::default();
        loop {
            let asked = self.client.receive_message().queue_url(&self.url).max_number_of_messages(10);
            let asked = asked.visibility_timeout(HIDDEN).message_attribute_names("All");
            let messages = asked.send().await.expect("a queue that can be read").messages.unwrap_or_default();
            if messages.is_empty() {
                break;
            }
            for message in &messages {
                seen.deliveries += 1;
                let number = number(message);
                seen.changed += u64::from(!is_as_sent(message, number));
                let key = text(message, KEY).unwrap_or_else(|| message.message_id.clone().expect("an id"));
                if claimed.insert(key) {
                    *effects.get_mut(&number).expect("a message of this run") += 1;
                }
            }
            self.remove(&messages).await;
        }
        seen.effective = effects.values().filter(|count| **count > 0).count() as u64;
        seen.missing = effects.values().filter(|count| **count == 0).count() as u64;
        seen.doubled = effects.values().filter(|count| **count > 1).count() as u64;
        seen
    }

    async fn remove(&self, messages: &[Message]) {
        let entries = messages.iter().enumerate().map(|(index, message)| {
            let entry = DeleteMessageBatchRequestEntry::builder().id(index.to_string());
            entry.set_receipt_handle(message.receipt_handle.clone()).build().expect("an entry")
        });
        let done = self.client.delete_message_batch().queue_url(&self.url).set_entries(Some(entries.collect()));
        assert!(done.send().await.expect("messages that can be deleted").failed.is_empty(), "all are deleted");
    }

    pub(crate) async fn delete(self) {
        self.client.delete_queue().queue_url(&self.url).send().await.expect("no queue left");
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

fn is_as_sent(message: &Message, number: u64) -> bool {
    let came = message.message_attributes.clone().unwrap_or_default();
    message.body() == Some(&body(number))
        && attributes(number).iter().all(|(name, value)| came.get(name).is_some_and(|came| is_same(came, value)))
}

fn is_same(one: &MessageAttributeValue, other: &MessageAttributeValue) -> bool {
    one.data_type == other.data_type
        && one.string_value == other.string_value
        && one.binary_value.as_ref().map(AsRef::as_ref) == other.binary_value.as_ref().map(AsRef::as_ref)
}

fn text(message: &Message, name: &str) -> Option<String> {
    message.message_attributes.as_ref()?.get(name)?.string_value.clone()
}
