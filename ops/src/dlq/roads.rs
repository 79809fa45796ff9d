//! The ways back: where a message goes when it is replayed, and sending it there.

pub mod choice;
pub mod invoke;
pub mod rule;
pub mod stream;

use std::collections::HashMap;

use anyhow::Result;
use aws_config::SdkConfig;
use aws_sdk_lambda::error::ProvideErrorMetadata;
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use crate::dlq::batches::{self, Outcome, Outgoing};
use crate::dlq::envelope::{self, Envelope};
use crate::dlq::marks::{self, Marking};
use crate::dlq::message::{Attribute, Message};
use crate::dlq::roads::choice::{Choice, NoWay, Way};
use crate::dlq::roads::invoke::{Accepted, invoke, timeouts};

/// Where a message goes.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Destination {
    /// The function gets this event, and acknowledges it in this way.
    Function { arn: String, event: String, accepted: Accepted },
    /// The queue at this URL.
    Queue { url: String, message: Outgoing },
}

/// A message to send, with the replay and the attempt that it is part of.
#[derive(Clone, Copy, Debug)]
pub struct Parcel<'a> {
    /// The message.
    pub message: &'a Message,
    /// The replay.
    pub replay_id: &'a str,
    /// The how-manieth replay of the message it is, from 1.
    pub attempt: u32,
}

impl Parcel<'_> {
    fn outgoing(&self, url: &str, body: &str, marking: Marking) -> Outgoing {
        let attributes = match marking {
            Marking::Count => marks::attributes(self.message, self.replay_id, self.attempt),
            marking => marks::kept(self.message, marking),
        };
        outgoing(self.message, url, body, attributes)
    }
}

/// A message for the queue at `url`.
///
/// In a FIFO queue it keeps its group. Its deduplication id is its message id: its own one is what SQS would take for a
/// repetition, and drop, when the message was sent within the last five minutes.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/using-messagededuplicationid-property.html>
#[must_use]
pub fn outgoing(message: &Message, url: &str, body: &str, attributes: Vec<(String, Attribute)>) -> Outgoing {
    let group = message.system_attributes.get("MessageGroupId").cloned();
    let is_fifo = is_fifo(url);
    Outgoing {
        body: body.to_owned(),
        attributes,
        group: if is_fifo { group.or_else(|| Some(message.message_id.clone())) } else { group },
        deduplication: is_fifo.then(|| message.message_id.clone()),
        trace: message.system_attributes.get("AWSTraceHeader").cloned(),
    }
}

/// Sends messages their way.
#[derive(Debug)]
pub struct Roads {
    choice: Choice,
    accepted: Accepted,
    sqs: aws_sdk_sqs::Client,
    lambda: aws_sdk_lambda::Client,
    rules: rule::Rules,
    streams: stream::Streams,
    /// The URLs of queues by their ARN.
    queues: Mutex<HashMap<String, String>>,
}

impl Roads {
    /// The roads of an account.
    #[must_use]
    pub fn new(sdk: &SdkConfig, choice: Choice, accepted: Accepted) -> Self {
        Self {
            choice,
            accepted,
            sqs: aws_sdk_sqs::Client::new(sdk),
            lambda: aws_sdk_lambda::Client::from_conf(
                aws_sdk_lambda::config::Builder::from(sdk).timeout_config(timeouts()).build(),
            ),
            rules: rule::Rules::new(sdk),
            streams: stream::Streams::new(sdk),
            queues: Mutex::default(),
        }
    }

    /// Sends messages, each of which gets its own outcome, in the same order: the receiver's id of it, or the kind of
    /// error.
    ///
    /// # Errors
    /// When a message cannot be put into a request.
    pub async fn send(&self, parcels: &[Parcel<'_>]) -> Result<Vec<Outcome>> {
        let mut outcomes: Vec<Outcome> = vec![Err("NoAnswer".to_owned()); parcels.len()];
        let mut by_queue: HashMap<String, (Vec<usize>, Vec<Outgoing>)> = HashMap::new();
        let mut invocations = JoinSet::new();
        for (index, parcel) in parcels.iter().enumerate() {
            match self.destination(parcel).await {
                Ok(Destination::Queue { url, message }) => {
                    let (indices, messages) = by_queue.entry(url).or_default();
                    indices.push(index);
                    messages.push(message);
                }
                Ok(Destination::Function { arn, event, accepted }) => {
                    let client = self.lambda.clone();
                    invocations.spawn(async move { (index, invoke(&client, &arn, &event, accepted).await) });
                }
                Err(NoWay(reason)) => outcomes[index] = Err(reason),
            }
        }
        for (url, (indices, messages)) in by_queue {
            let sent = self.send_to(&url, &messages).await?;
            for (index, outcome) in indices.into_iter().zip(sent) {
                outcomes[index] = outcome;
            }
        }
        while let Some(done) = invocations.join_next().await {
            let (index, outcome) = done?;
            outcomes[index] = outcome;
        }
        Ok(outcomes)
    }

    /// Sends messages to the queue where those are kept that failed too often, as they are.
    ///
    /// # Errors
    /// When a message cannot be put into a request.
    pub async fn park(&self, parking: &str, parcels: &[Parcel<'_>]) -> Result<Vec<Outcome>> {
        let messages: Vec<Outgoing> =
            parcels.iter().map(|parcel| parcel.outgoing(parking, &parcel.message.body, Marking::Keep)).collect();
        self.send_to(parking, &messages).await
    }

    async fn send_to(&self, url: &str, messages: &[Outgoing]) -> Result<Vec<Outcome>> {
        if is_fifo(url) {
            batches::send_in_order(&self.sqs, url, messages).await
        } else {
            batches::send(&self.sqs, url, messages).await
        }
    }

    /// The URLs of the queues that messages went to so far.
    pub async fn queues_sent_to(&self) -> Vec<String> {
        let chosen = match &self.choice.way {
            Way::Queue(url) => Some(url.clone()),
            Way::Back => None,
        };
        self.queues.lock().await.values().cloned().chain(chosen).collect()
    }

    async fn destination(&self, parcel: &Parcel<'_>) -> Result<Destination, NoWay> {
        let message = parcel.message;
        if let Way::Queue(url) = &self.choice.way {
            return Ok(Destination::Queue {
                url: url.clone(),
                message: parcel.outgoing(url, &message.body, self.choice.marking),
            });
        }
        self.choice.outline(message)?;
        let origin = &message.origin;
        let original = || origin.original.clone().unwrap_or_else(|| message.body.clone());
        let missing = || NoWay("it does not say where it came from".to_owned());
        match self.choice.envelope(message) {
            Envelope::LambdaDestination | Envelope::LambdaDlq => {
                let arn = self.choice.function_of(message).ok_or_else(missing)?;
                Ok(self.function(arn, &original(), parcel))
            }
            Envelope::RuleDlq => {
                let reachable = origin.target_arn.as_deref().filter(|arn| choice::target(arn).is_ok());
                let Some(given) = reachable else {
                    let arn = self.choice.function.clone().ok_or_else(missing)?;
                    return Ok(self.function(arn, &original(), parcel));
                };
                let arn = self.rules.target(origin.rule_arn.as_deref(), given).await?;
                self.target(arn, &original(), parcel).await
            }
            Envelope::SqsRedrive => {
                let arn = origin.source_queue_arn.as_deref().ok_or_else(missing)?;
                let url = self.queue_at(arn).await?;
                Ok(Destination::Queue { message: parcel.outgoing(&url, &message.body, Marking::Count), url })
            }
            Envelope::StreamPayload => {
                let arn = self.choice.function_of(message).ok_or_else(missing)?;
                Ok(Destination::Function { arn, event: original(), accepted: Accepted::WhenDone })
            }
            Envelope::StreamMetadata => {
                let arn = self.choice.function_of(message).ok_or_else(missing)?;
                let batch = origin.batch.as_ref().ok_or_else(missing)?;
                let event = self.streams.batch(batch, &arn, &envelope::text(&message.to_raw())).await?;
                Ok(Destination::Function { arn, event, accepted: Accepted::WhenDone })
            }
            Envelope::Unknown => Err(NoWay("its shape is unknown".to_owned())),
        }
    }

    /// What a rule could not deliver goes to the rule's target itself: put on the bus again, it would come to every
    /// other rule that matches it, too.
    async fn target(&self, arn: String, event: &str, parcel: &Parcel<'_>) -> Result<Destination, NoWay> {
        match arn.split(':').nth(2) {
            Some("lambda") => Ok(self.function(arn, event, parcel)),
            Some("sqs") => {
                let url = self.queue_at(&arn).await?;
                let event = marks::event(event, parcel.replay_id, parcel.attempt);
                // The attributes are those of the failure, not of the event.
                let attributes = std::collections::BTreeMap::new();
                let bare = Message { attributes, body: event, ..parcel.message.clone() };
                let message = Parcel { message: &bare, ..*parcel }.outgoing(&url, &bare.body, Marking::Count);
                Ok(Destination::Queue { url, message })
            }
            _ => {
                Err(choice::target(&arn).err().unwrap_or_else(|| NoWay(format!("its target {arn} cannot be reached"))))
            }
        }
    }

    fn function(&self, arn: String, original: &str, parcel: &Parcel<'_>) -> Destination {
        let event = marks::event(original, parcel.replay_id, parcel.attempt);
        Destination::Function { arn, event, accepted: self.accepted }
    }

    async fn queue_at(&self, arn: &str) -> Result<String, NoWay> {
        let mut queues = self.queues.lock().await;
        if let Some(url) = queues.get(arn) {
            return Ok(url.clone());
        }
        let mut parts = arn.split(':').skip(4);
        let (account, name) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let request = self.sqs.get_queue_url().queue_name(name);
        let request = if account.is_empty() { request } else { request.queue_owner_aws_account_id(account) };
        let answer = request.send().await.map_err(|error| {
            NoWay(format!("its queue {name} cannot be reached: {}", error.code().unwrap_or("no answer")))
        })?;
        let url = answer.queue_url.ok_or_else(|| NoWay(format!("its queue {name} has no URL")))?;
        queues.insert(arn.to_owned(), url.clone());
        Ok(url)
    }
}

/// SQS itself tells FIFO queues by their names.
#[expect(clippy::case_sensitive_file_extension_comparisons, reason = "it is no file, and in this case alone")]
fn is_fifo(url: &str) -> bool {
    url.ends_with(".fifo")
}
