//! A common kind of message mover: it receives ten messages, sends them, deletes them all, and ignores the result of each
//! entry.

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::{Credentials, SharedCredentialsProvider};
use aws_sdk_sqs::types::{DeleteMessageBatchRequestEntry, SendMessageBatchRequestEntry};

/// A visibility timeout in seconds that is often chosen.
const VISIBILITY_TIMEOUT: i32 = 2;

/// Settings for an endpoint, with the root keys of the local cloud.
pub(crate) fn settings(endpoint: &str) -> SdkConfig {
    let root = Credentials::new("test", "test", None, None, "busline-tests");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .credentials_provider(SharedCredentialsProvider::new(root))
        .endpoint_url(endpoint)
        .build()
}

/// Moves messages until none is received. A failed call is skipped.
pub(crate) async fn run(endpoint: &str, from: &str, to: &str) {
    let client = Client::new(&settings(endpoint));
    let (Some(from), Some(to)) = (url(&client, from).await, url(&client, to).await) else {
        return;
    };
    loop {
        let request =
            client.receive_message().queue_url(&from).max_number_of_messages(10).visibility_timeout(VISIBILITY_TIMEOUT);
        let Ok(answer) = request.message_attribute_names("All").send().await else {
            continue;
        };
        let messages = answer.messages.unwrap_or_default();
        if messages.is_empty() {
            return;
        }
        let (mut send, mut delete) = (Vec::new(), Vec::new());
        for (index, message) in messages.into_iter().enumerate() {
            let entry = SendMessageBatchRequestEntry::builder().id(index.to_string()).set_message_body(message.body);
            send.push(entry.set_message_attributes(message.message_attributes).build().expect("an entry"));
            let entry = DeleteMessageBatchRequestEntry::builder().id(index.to_string());
            delete.push(entry.set_receipt_handle(message.receipt_handle).build().expect("an entry"));
        }
        if client.send_message_batch().queue_url(&to).set_entries(Some(send)).send().await.is_err() {
            continue;
        }
        if let Err(error) = client.delete_message_batch().queue_url(&from).set_entries(Some(delete)).send().await {
            eprintln!("not deleted: {error}");
        }
    }
}

async fn url(client: &Client, name: &str) -> Option<String> {
    client.get_queue_url().queue_name(name).send().await.ok()?.queue_url
}
