//! The ways back: where a message goes when it is replayed, and sending it there.

pub mod rule;
pub mod stream;

use std::collections::HashMap;
use std::time::Duration;

use anyhow::Result;
use aws_config::SdkConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_lambda::error::ProvideErrorMetadata;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvocationType;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use crate::dlq::batches::{self, Outcome, Outgoing};
use crate::dlq::envelope::{self, Envelope};
use crate::dlq::marks::{self, Marking};
use crate::dlq::message::{Attribute, Message};
use crate::dlq::names;

/// How often an invocation that was refused for no fault of its own is tried.
const ATTEMPTS: u32 = 6;

/// The first pause between two attempts; each next one is twice as long.
const PAUSE: Duration = Duration::from_millis(200);

/// Which way messages go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Way {
    /// Back to what failed.
    Back,
    /// To this queue, by its URL, as they are.
    Queue(String),
}

/// When an invocation counts as accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepted {
    /// When Lambda has taken the event: what fails then takes the failure road again.
    WhenTaken,
    /// When the function has done its job.
    WhenDone,
}

/// Which way messages go, and as what those are taken that are none of the known shapes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Choice {
    /// Which way.
    pub way: Way,
    /// The function for messages that do not say which one failed.
    pub function: Option<String>,
    /// What messages of an unknown shape are taken for.
    pub taken_as: Option<Envelope>,
    /// What a message carries in another queue.
    pub marking: Marking,
}

/// Why a message cannot go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoWay(pub String);

impl Choice {
    /// Where a message would go, in words, without asking anybody.
    ///
    /// # Errors
    /// When there is no way back for it.
    pub fn outline(&self, message: &Message) -> Result<String, NoWay> {
        let no = |reason: &str| Err(NoWay(reason.to_owned()));
        if let Way::Queue(url) = &self.way {
            return Ok(format!("queue {}", url.rsplit('/').next().unwrap_or(url)));
        }
        let origin = &message.origin;
        let has_original = origin.original.is_some();
        match self.envelope(message) {
            Envelope::LambdaDestination | Envelope::LambdaDlq | Envelope::StreamPayload
                if self.envelope(message) == message.envelope && !has_original =>
            {
                no(message
                    .problem
                    .as_deref()
                    .unwrap_or("the record does not hold the event (SNS drops what is too large)"))
            }
            Envelope::LambdaDestination | Envelope::LambdaDlq | Envelope::StreamPayload | Envelope::StreamMetadata => {
                match self.function_of(message) {
                    Some(arn) => Ok(format!("function {}", names::function(&arn).unwrap_or(arn))),
                    None => no("it does not say which function failed: give --invoke"),
                }
            }
            Envelope::RuleDlq => match origin.target_arn.as_ref().or(self.function.as_ref()) {
                Some(arn) => Ok(format!("target {}", names::last_part(arn))),
                None => no("it does not say which target was meant: give --invoke or --to-queue"),
            },
            Envelope::SqsRedrive => match &origin.source_queue_arn {
                Some(arn) => Ok(format!("queue {}", names::last_part(arn))),
                None => no("it does not say which queue gave it up: give --to-queue"),
            },
            Envelope::Unknown => no("its shape is unknown: give --as, or --to-queue"),
        }
    }

    fn envelope(&self, message: &Message) -> Envelope {
        match (message.envelope, self.taken_as) {
            (Envelope::Unknown, Some(taken_as)) => taken_as,
            (envelope, _) => envelope,
        }
    }

    /// The function that a message names, else the one that was given.
    fn function_of(&self, message: &Message) -> Option<String> {
        message.origin.function_arn.clone().or_else(|| self.function.clone())
    }
}

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
                let Some(given) = origin.target_arn.as_deref() else {
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
            _ => Err(NoWay(format!("its target {arn} is neither a function nor a queue: give --to-queue"))),
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

/// A function works for fifteen minutes at the most.
/// <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
fn timeouts() -> TimeoutConfig {
    let longest = Duration::from_secs(15 * 60 + 10);
    TimeoutConfig::builder().connect_timeout(Duration::from_secs(5)).operation_attempt_timeout(longest).build()
}

/// SQS itself tells FIFO queues by their names.
#[expect(clippy::case_sensitive_file_extension_comparisons, reason = "it is no file, and in this case alone")]
fn is_fifo(url: &str) -> bool {
    url.ends_with(".fifo")
}

/// Invokes a function with an event; Lambda's id of the invocation, or the kind of error.
///
/// An answer that reports failed items of a batch is a failure: the items stay.
/// <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>
async fn invoke(client: &aws_sdk_lambda::Client, arn: &str, event: &str, accepted: Accepted) -> Outcome {
    let kind = match accepted {
        Accepted::WhenTaken => InvocationType::Event,
        Accepted::WhenDone => InvocationType::RequestResponse,
    };
    let mut failure = "NoAnswer".to_owned();
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            tokio::time::sleep(PAUSE * 2_u32.pow(attempt - 1)).await;
        }
        let request = client.invoke().function_name(arn).invocation_type(kind.clone());
        match request.payload(Blob::new(event.as_bytes())).send().await {
            Ok(answer) => {
                use aws_sdk_lambda::operation::RequestId;
                let id = answer.request_id().unwrap_or_default().to_owned();
                let text = answer.payload.unwrap_or_else(|| Blob::new(Vec::new())).into_inner();
                return judge(id, answer.function_error.is_some(), &text);
            }
            Err(error) => {
                error.code().unwrap_or("NoAnswer").clone_into(&mut failure);
                let is_lambdas = error.raw_response().is_none_or(|answer| answer.status().is_server_error());
                if !is_lambdas && failure != "TooManyRequestsException" {
                    break;
                }
            }
        }
    }
    Err(failure)
}

fn judge(id: String, has_failed: bool, answer: &[u8]) -> Outcome {
    let answer: Value = serde_json::from_slice(answer).unwrap_or_default();
    if has_failed {
        return Err(answer["errorType"].as_str().unwrap_or("FunctionError").to_owned());
    }
    match answer["batchItemFailures"].as_array() {
        Some(failures) if !failures.is_empty() => Err(format!("BatchItemFailures({})", failures.len())),
        _ => Ok(id),
    }
}
