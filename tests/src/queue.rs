//! Queues: looking into a service's dead-letter queue, and taking out what a test put there.

use std::collections::HashMap;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::SdkError;
use aws_sdk_sqs::operation::delete_message::DeleteMessageError;
use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::Value;

use crate::product::{Product, Service};
use crate::wait::eventually;

/// How long a look into a queue hides what it saw, in seconds: longer than one look takes.
const HIDDEN: i32 = 3;

/// A message that waits in a dead-letter queue.
#[derive(Clone, Debug)]
pub struct DeadLetter {
    /// The failure record, or what a rule could not deliver.
    pub body: Value,
    /// The message's attributes, such as `ERROR_CODE` of a rule's.
    pub attributes: HashMap<String, String>,
    id: String,
    text: String,
    receipt: String,
}

/// A service's dead-letter queue.
#[derive(Clone, Debug)]
pub struct DeadLetters {
    client: Client,
    url: String,
}

impl Product {
    /// The dead-letter queue of a service.
    pub fn dead_letters(&self, service: Service) -> DeadLetters {
        DeadLetters { client: Client::new(self.sdk()), url: self.dead_letter_queue(service).to_owned() }
    }
}

impl DeadLetters {
    /// The messages that wait and whose text holds `part`; they stay where they are.
    pub async fn with(&self, part: &str) -> Vec<DeadLetter> {
        let mut found: HashMap<String, DeadLetter> = HashMap::new();
        let mut seen = Vec::new();
        loop {
            let request = self.client.receive_message().queue_url(&self.url).max_number_of_messages(10);
            let request = request.visibility_timeout(HIDDEN).wait_time_seconds(0).message_attribute_names("All");
            let answer = request.send().await.expect("a queue that can be read");
            let messages = answer.messages.unwrap_or_default();
            if messages.is_empty() {
                break;
            }
            for message in messages {
                let receipt = message.receipt_handle.clone().expect("a message with a receipt");
                seen.push(receipt.clone());
                let text = message.body.as_deref().unwrap_or_default();
                if text.contains(part) {
                    let body = serde_json::from_str(text).expect("a dead letter in JSON");
                    let attributes = message.message_attributes.unwrap_or_default().into_iter();
                    let attributes = attributes.map(|(name, value)| (name, value.string_value.unwrap_or_default()));
                    let id = message.message_id.expect("a message with an id");
                    let (attributes, text) = (attributes.collect(), text.to_owned());
                    let letter = DeadLetter { body, attributes, id: id.clone(), text, receipt };
                    found.insert(id, letter);
                }
            }
        }
        for receipt in seen {
            let request = self.client.change_message_visibility().queue_url(&self.url).receipt_handle(receipt);
            request.visibility_timeout(0).send().await.expect("a message that is shown again");
        }
        found.into_values().collect()
    }

    /// Takes a message out for good. Whoever looks at it meanwhile, such as an erasure that is under way, gets another
    /// receipt, and the one from before counts no more.
    pub async fn remove(&self, letter: &DeadLetter) {
        let mut receipt = letter.receipt.clone();
        eventually("a message that can be deleted", async || {
            let request = self.client.delete_message().queue_url(&self.url).receipt_handle(&receipt);
            match request.send().await {
                Ok(_) => return Some(()),
                Err(error) if is_outdated(&error) => {}
                Err(error) => panic!("a message that can be deleted: {error:?}"),
            }
            if let Some(found) = self.with(&letter.text).await.into_iter().find(|found| found.id == letter.id) {
                receipt = found.receipt;
            }
            None
        })
        .await;
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

fn is_outdated(error: &SdkError<DeleteMessageError>) -> bool {
    error.as_service_error().is_some_and(DeleteMessageError::is_receipt_handle_is_invalid)
}
