//! Reading dead-letter queues. No terminal code here.

use std::collections::{BTreeMap, HashSet};

use anyhow::{Context, Result};
use aws_config::SdkConfig;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::operation::get_queue_url::GetQueueUrlError;
use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, Message, MessageSystemAttributeName, QueueAttributeName,
};
use serde::Serialize;

/// The services that have a dead-letter queue, `busline-<env>-<service>-dlq`.
const SERVICES: [&str; 3] = ["users", "todos", "notifications"];

/// SQS hands out at most this many messages a call.
const BATCH: i32 = 10;

/// How long a message that is being looked at is hidden, in seconds, if this program dies before it gives it back.
const LOOK_SECONDS: i32 = 30;

/// A dead-letter queue.
#[derive(Debug, Serialize)]
pub(crate) struct Queue {
    pub(crate) service: String,
    /// `null` when the service is not deployed.
    pub(crate) url: Option<String>,
    /// Messages that wait.
    pub(crate) depth: u64,
    /// Messages that somebody is looking at or replaying.
    pub(crate) in_flight: u64,
    /// How long a message is kept, in seconds.
    pub(crate) retention: u64,
}

/// A message as it is in the queue.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Waiting {
    pub(crate) message_id: String,
    /// When it came, in milliseconds since 1970.
    pub(crate) sent_at: Option<i64>,
    /// How often it was received, this time included.
    pub(crate) receive_count: Option<u64>,
    /// Its message attributes that are text.
    pub(crate) attributes: BTreeMap<String, String>,
    pub(crate) body: String,
}

/// The dead-letter queue of every service of an environment.
///
/// # Errors
/// When SQS fails.
pub(crate) async fn list(sdk: &SdkConfig, env: &str) -> Result<Vec<Queue>> {
    let client = Client::new(sdk);
    let mut queues = Vec::new();
    for service in SERVICES {
        queues.push(queue(&client, env, service).await?);
    }
    Ok(queues)
}

async fn queue(client: &Client, env: &str, service: &str) -> Result<Queue> {
    let Some(url) = url_of(client, &format!("busline-{env}-{service}-dlq")).await? else {
        return Ok(Queue { service: service.to_owned(), url: None, depth: 0, in_flight: 0, retention: 0 });
    };
    let names = [
        QueueAttributeName::ApproximateNumberOfMessages,
        QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
        QueueAttributeName::MessageRetentionPeriod,
    ];
    let answer = client.get_queue_attributes().queue_url(&url).set_attribute_names(Some(names.to_vec())).send().await?;
    let number = |name| {
        let value = answer.attributes().and_then(|attributes| attributes.get(&name));
        value.and_then(|text| text.parse().ok()).unwrap_or(0)
    };
    let [depth, in_flight, retention] = names.map(number);
    Ok(Queue { service: service.to_owned(), url: Some(url), depth, in_flight, retention })
}

async fn url_of(client: &Client, name: &str) -> Result<Option<String>> {
    match client.get_queue_url().queue_name(name).send().await {
        Ok(answer) => Ok(answer.queue_url),
        Err(error) if error.as_service_error().is_some_and(GetQueueUrlError::is_queue_does_not_exist) => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot look up the queue {name}")),
    }
}

/// Up to `count` messages of a queue, which all stay in it: each is given back as soon as it was read.
///
/// # Errors
/// When there is no such queue, or SQS fails.
pub(crate) async fn peek(sdk: &SdkConfig, env: &str, queue: &str, count: usize) -> Result<Vec<Waiting>> {
    let client = Client::new(sdk);
    let url = resolve(&client, env, queue).await?;
    let mut held = Vec::new();
    let looked = look(&client, &url, count, &mut held).await;
    give_back(&client, &url, &held).await?;
    looked?;
    held.truncate(count);
    Ok(held.into_iter().map(Waiting::from).collect())
}

async fn resolve(client: &Client, env: &str, queue: &str) -> Result<String> {
    if queue.starts_with("http://") || queue.starts_with("https://") {
        return Ok(queue.to_owned());
    }
    let name = if SERVICES.contains(&queue) { format!("busline-{env}-{queue}-dlq") } else { queue.to_owned() };
    let known = SERVICES.join(", ");
    url_of(client, &name)
        .await?
        .with_context(|| format!("there is no queue {name}: give a service ({known}), a queue's name, or its URL"))
}

/// Receives until `count` messages are held or the queue gives no new one.
async fn look(client: &Client, url: &str, count: usize, held: &mut Vec<Message>) -> Result<()> {
    let mut seen = HashSet::new();
    while held.len() < count {
        let answer = client
            .receive_message()
            .queue_url(url)
            .max_number_of_messages(BATCH)
            .visibility_timeout(LOOK_SECONDS)
            .wait_time_seconds(1)
            .message_attribute_names("All")
            .message_system_attribute_names(MessageSystemAttributeName::All)
            .send()
            .await
            .with_context(|| format!("cannot receive from {url}"))?;
        let messages = answer.messages.unwrap_or_default();
        let known = held.len();
        held.extend(messages.into_iter().filter(|message| seen.insert(message.message_id.clone())));
        if held.len() == known {
            break;
        }
    }
    Ok(())
}

async fn give_back(client: &Client, url: &str, held: &[Message]) -> Result<()> {
    for messages in held.chunks(10) {
        let mut entries = Vec::with_capacity(messages.len());
        for (index, message) in messages.iter().enumerate() {
            let entry = ChangeMessageVisibilityBatchRequestEntry::builder()
                .id(index.to_string())
                .set_receipt_handle(message.receipt_handle.clone())
                .visibility_timeout(0);
            entries.push(entry.build()?);
        }
        let answer = client.change_message_visibility_batch().queue_url(url).set_entries(Some(entries)).send().await;
        let answer = answer.with_context(|| format!("messages stay hidden for {LOOK_SECONDS} s"))?;
        anyhow::ensure!(
            answer.failed().is_empty(),
            "{} messages stay hidden for {LOOK_SECONDS} s: SQS would not give them back",
            answer.failed().len()
        );
    }
    Ok(())
}

impl From<Message> for Waiting {
    fn from(message: Message) -> Self {
        let system = |name| message.attributes.as_ref().and_then(|attributes| attributes.get(&name)).cloned();
        let sent_at = system(MessageSystemAttributeName::SentTimestamp).and_then(|text| text.parse().ok());
        let receives = system(MessageSystemAttributeName::ApproximateReceiveCount).and_then(|text| text.parse().ok());
        let texts = message.message_attributes.unwrap_or_default().into_iter();
        Self {
            message_id: message.message_id.unwrap_or_default(),
            sent_at,
            receive_count: receives,
            attributes: texts.filter_map(|(name, value)| Some((name, value.string_value?))).collect(),
            body: message.body.unwrap_or_default(),
        }
    }
}
