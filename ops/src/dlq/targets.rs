//! Where a message is sent when it is replayed, and sending it there.

pub mod invoke;
pub mod rule;
pub mod selection;
pub mod stream;
pub mod topic;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use anyhow::Result;
use aws_config::SdkConfig;
use aws_sdk_lambda::error::ProvideErrorMetadata;
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use crate::dlq::batch_call::Outcome;
use crate::dlq::batches::{self, OutgoingMessage};
use crate::dlq::envelope::{self, Envelope};
use crate::dlq::message::Message;
use crate::dlq::queue::Queue;
use crate::dlq::replay_message::ReplayMessage;
use crate::dlq::replay_metadata::MetadataPolicy;
use crate::dlq::targets::invoke::{Acknowledgement, invoke, timeouts};
use crate::dlq::targets::selection::{NotReplayable, ReplayTarget, TargetSelection};
use crate::dlq::targets::topic::{Publication, Topics};

/// Where one message goes.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Destination {
    /// The function is invoked with this event.
    Function { arn: String, event: String, acknowledgement: Acknowledgement },
    /// The message is sent to the queue at this URL.
    Queue { url: String, message: OutgoingMessage },
    /// The message is published to the topic.
    Topic { arn: String, publication: Publication },
}

/// Sends messages to their replay targets.
#[derive(Debug)]
pub struct ReplaySender {
    selection: TargetSelection,
    acknowledgement: Acknowledgement,
    sqs: aws_sdk_sqs::Client,
    lambda: aws_sdk_lambda::Client,
    rules: rule::Rules,
    streams: stream::Streams,
    topics: Topics,
    sdk: SdkConfig,
    /// The URLs of queues by their ARN.
    queue_urls: Mutex<HashMap<String, String>>,
    /// The number of messages in queues that messages name, by URL, when the first one named it.
    totals_before: Mutex<HashMap<String, u64>>,
    /// The URLs of queues that accepted a message.
    accepting: Mutex<BTreeSet<String>>,
}

impl ReplaySender {
    /// A sender for the targets of an account. Functions are invoked with the given acknowledgement.
    #[must_use]
    pub fn new(sdk: &SdkConfig, selection: TargetSelection, acknowledgement: Acknowledgement) -> Self {
        Self {
            selection,
            acknowledgement,
            sqs: aws_sdk_sqs::Client::new(sdk),
            lambda: aws_sdk_lambda::Client::from_conf(
                aws_sdk_lambda::config::Builder::from(sdk).timeout_config(timeouts()).build(),
            ),
            rules: rule::Rules::new(sdk),
            streams: stream::Streams::new(sdk),
            topics: Topics::new(sdk),
            sdk: sdk.clone(),
            queue_urls: Mutex::default(),
            totals_before: Mutex::default(),
            accepting: Mutex::default(),
        }
    }

    /// Sends messages. The outcomes are in the order of the messages: the receiver's id, or the kind of error.
    ///
    /// # Errors
    /// When a message cannot be put into a request.
    pub async fn send(&self, messages: &[ReplayMessage<'_>]) -> Result<Vec<Outcome>> {
        let mut outcomes: Vec<Outcome> = vec![Err("NoAnswer".to_owned()); messages.len()];
        let mut by_queue: HashMap<String, (Vec<usize>, Vec<OutgoingMessage>)> = HashMap::new();
        let mut by_topic: HashMap<String, (Vec<usize>, Vec<Publication>)> = HashMap::new();
        let mut invocations = JoinSet::new();
        for (index, message) in messages.iter().enumerate() {
            match self.destination(message).await {
                Ok(Destination::Queue { url, message }) => {
                    let (indices, messages) = by_queue.entry(url).or_default();
                    indices.push(index);
                    messages.push(message);
                }
                Ok(Destination::Topic { arn, publication }) => {
                    let (indices, publications) = by_topic.entry(arn).or_default();
                    indices.push(index);
                    publications.push(publication);
                }
                Ok(Destination::Function { arn, event, acknowledgement }) => {
                    let client = self.lambda.clone();
                    invocations.spawn(async move { (index, invoke(&client, &arn, &event, acknowledgement).await) });
                }
                Err(NotReplayable(reason)) => outcomes[index] = Err(reason),
            }
        }
        for (url, (indices, messages)) in by_queue {
            let sent = batches::send(&self.sqs, &url, &messages).await?;
            if sent.iter().any(Result::is_ok) {
                self.accepting.lock().await.insert(url);
            }
            assign(&mut outcomes, indices, sent);
        }
        for (arn, (indices, publications)) in by_topic {
            assign(&mut outcomes, indices, self.topics.publish(&arn, &publications).await?);
        }
        while let Some(done) = invocations.join_next().await {
            let (index, outcome) = done?;
            outcomes[index] = outcome;
        }
        Ok(outcomes)
    }

    /// Sends messages unchanged to the parking queue.
    ///
    /// # Errors
    /// When a message cannot be put into a request.
    pub async fn park(&self, parking: &str, messages: &[ReplayMessage<'_>]) -> Result<Vec<Outcome>> {
        let outgoing =
            |message: &ReplayMessage<'_>| message.outgoing(parking, &message.message.body, MetadataPolicy::Keep);
        let messages: Vec<OutgoingMessage> = messages.iter().map(outgoing).collect();
        batches::send(&self.sqs, parking, &messages).await
    }

    /// The URLs of the queues that accepted a message, each with the number of its messages before, unless the operator
    /// chose it.
    pub async fn queues_that_accepted(&self) -> Vec<(String, Option<u64>)> {
        let totals = self.totals_before.lock().await;
        self.accepting.lock().await.iter().map(|url| (url.clone(), totals.get(url).copied())).collect()
    }

    /// The URLs of the queues that messages were sent to so far.
    pub async fn queues_sent_to(&self) -> Vec<String> {
        let chosen = match &self.selection.target {
            ReplayTarget::Queue(url) => Some(url.clone()),
            ReplayTarget::Origin | ReplayTarget::Topic(_) => None,
        };
        self.queue_urls.lock().await.values().cloned().chain(chosen).collect()
    }

    /// The ARNs of the topics that messages were published to so far.
    pub async fn topics_sent_to(&self) -> Vec<String> {
        self.topics.arns().await
    }

    async fn destination(&self, replayed: &ReplayMessage<'_>) -> Result<Destination, NotReplayable> {
        let message = replayed.message;
        match &self.selection.target {
            ReplayTarget::Queue(url) => Ok(Destination::Queue {
                url: url.clone(),
                message: replayed.outgoing(url, &message.body, self.selection.metadata),
            }),
            ReplayTarget::Topic(arn) => {
                let max_bytes = self.topics.max_bytes(arn).await;
                Ok(Destination::Topic { arn: arn.clone(), publication: Publication::for_message(replayed, max_bytes) })
            }
            ReplayTarget::Origin => self.origin(replayed).await,
        }
    }

    /// The destination that a message itself names.
    async fn origin(&self, replayed: &ReplayMessage<'_>) -> Result<Destination, NotReplayable> {
        let message = replayed.message;
        self.selection.describe_target(message)?;
        let origin = &message.origin;
        let original = || origin.original.clone().unwrap_or_else(|| message.body.clone());
        let missing = || NotReplayable("it does not name its target".to_owned());
        match self.selection.envelope(message) {
            Envelope::LambdaDestination | Envelope::LambdaDlq => {
                let arn = self.selection.function_of(message).ok_or_else(missing)?;
                Ok(self.function(arn, &original(), replayed))
            }
            Envelope::RuleDlq => {
                let reachable = origin.target_arn.as_deref().filter(|arn| selection::describe_rule_target(arn).is_ok());
                let Some(failed) = reachable else {
                    let arn = self.selection.function.clone().ok_or_else(missing)?;
                    return Ok(self.function(arn, &original(), replayed));
                };
                let arn = self.rules.target(origin.rule_arn.as_deref(), failed).await?;
                self.rule_target(arn, &original(), replayed).await
            }
            Envelope::SqsRedrive => {
                let arn = origin.source_queue_arn.as_deref().ok_or_else(missing)?;
                let url = self.queue_url(arn).await?;
                let outgoing = replayed.outgoing(&url, &message.body, MetadataPolicy::Increment);
                Ok(Destination::Queue { message: outgoing, url })
            }
            Envelope::StreamPayload => {
                let arn = self.selection.function_of(message).ok_or_else(missing)?;
                Ok(Destination::Function { arn, event: original(), acknowledgement: Acknowledgement::WhenCompleted })
            }
            Envelope::StreamMetadata => {
                let arn = self.selection.function_of(message).ok_or_else(missing)?;
                let batch = origin.batch.as_ref().ok_or_else(missing)?;
                let event = self.streams.batch(batch, &arn, &envelope::text(&message.to_raw())).await?;
                Ok(Destination::Function { arn, event, acknowledgement: Acknowledgement::WhenCompleted })
            }
            Envelope::Unknown => Err(NotReplayable("its shape is unknown".to_owned())),
        }
    }

    /// An event that a rule could not deliver goes to the rule's target itself. Put on the bus again, it would reach
    /// every rule that matches it.
    async fn rule_target(
        &self,
        arn: String,
        event: &str,
        replayed: &ReplayMessage<'_>,
    ) -> Result<Destination, NotReplayable> {
        match arn.split(':').nth(2) {
            Some("lambda") => Ok(self.function(arn, event, replayed)),
            Some("sqs") => {
                let url = self.queue_url(&arn).await?;
                let bare = without_attributes(replayed.message, replayed.event(event));
                let replayed = ReplayMessage { message: &bare, ..*replayed };
                let message = replayed.outgoing(&url, &bare.body, MetadataPolicy::Increment);
                Ok(Destination::Queue { url, message })
            }
            Some("sns") => {
                let max_bytes = self.topics.max_bytes(&arn).await;
                let bare = without_attributes(replayed.message, replayed.event(event));
                let publication = Publication::for_body(&ReplayMessage { message: &bare, ..*replayed }, max_bytes);
                Ok(Destination::Topic { arn, publication })
            }
            _ => {
                let unreachable = || NotReplayable(format!("its target {arn} cannot be reached"));
                Err(selection::describe_rule_target(&arn).err().unwrap_or_else(unreachable))
            }
        }
    }

    fn function(&self, arn: String, original: &str, replayed: &ReplayMessage<'_>) -> Destination {
        Destination::Function { arn, event: replayed.event(original), acknowledgement: self.acknowledgement }
    }

    async fn queue_url(&self, arn: &str) -> Result<String, NotReplayable> {
        let mut known = self.queue_urls.lock().await;
        if let Some(url) = known.get(arn) {
            return Ok(url.clone());
        }
        let mut parts = arn.split(':').skip(4);
        let (account, name) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let request = self.sqs.get_queue_url().queue_name(name);
        let request = if account.is_empty() { request } else { request.queue_owner_aws_account_id(account) };
        let answer = request.send().await.map_err(|error| {
            NotReplayable(format!("its queue {name} cannot be reached: {}", error.code().unwrap_or("no answer")))
        })?;
        let url = answer.queue_url.ok_or_else(|| NotReplayable(format!("its queue {name} has no URL")))?;
        // Without permission to count them, none were there.
        let counted = Queue::at(&self.sdk, &url).attributes().await.map(|found| found.total_messages());
        self.totals_before.lock().await.insert(url.clone(), counted.unwrap_or(0));
        known.insert(arn.to_owned(), url.clone());
        Ok(url)
    }
}

/// The message with the event as its body. Its attributes belong to the failure, not to the event.
fn without_attributes(message: &Message, event: String) -> Message {
    Message { attributes: BTreeMap::new(), body: event, ..message.clone() }
}

fn assign(outcomes: &mut [Outcome], indices: Vec<usize>, sent: Vec<Outcome>) {
    for (index, outcome) in indices.into_iter().zip(sent) {
        outcomes[index] = outcome;
    }
}
