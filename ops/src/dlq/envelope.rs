//! Recognising the failure records of AWS. Pure functions that accept any text.

mod lambda;
mod s3;
mod sns;

use std::collections::BTreeMap;
use std::fmt::{self, Display};
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::dlq::attribute_names::SOURCE_QUEUE;
pub use crate::dlq::envelope::sns::Notification;
use crate::dlq::envelope::sns::UnwrappedMessage;
use crate::dlq::raw_message::{Attribute, RawMessage};
use crate::names;

/// A kind of failure record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Envelope {
    /// The record that Lambda sends to an `OnFailure` destination.
    /// <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html>
    LambdaDestination,
    /// The original event, with Lambda's attributes `RequestID`, `ErrorCode` and `ErrorMessage` (same page).
    LambdaDlq,
    /// The event that a rule could not deliver, with `EventBridge`'s attributes `RULE_ARN`, `TARGET_ARN`, `ERROR_CODE`,
    /// …
    /// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html>
    RuleDlq,
    /// A message that another queue moved here after `maxReceiveCount` receives.
    /// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html>
    SqsRedrive,
    /// The sequence numbers of a stream batch that failed, without its records.
    /// <https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html>
    StreamMetadata,
    /// A stream batch that failed, with its records, in an S3 object (same page).
    StreamPayload,
    /// None of the above.
    Unknown,
}

impl Envelope {
    /// In the alphabetical order of their names.
    pub const ALL: [Self; 7] = [
        Self::LambdaDestination,
        Self::LambdaDlq,
        Self::RuleDlq,
        Self::SqsRedrive,
        Self::StreamMetadata,
        Self::StreamPayload,
        Self::Unknown,
    ];

    /// The name in the machine format.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::LambdaDestination => "lambda-destination",
            Self::LambdaDlq => "lambda-dlq",
            Self::RuleDlq => "rule-dlq",
            Self::SqsRedrive => "sqs-redrive",
            Self::StreamMetadata => "stream-metadata",
            Self::StreamPayload => "stream-payload",
            Self::Unknown => "unknown",
        }
    }
}

impl Display for Envelope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

impl FromStr for Envelope {
    type Err = UnknownEnvelope;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|envelope| envelope.name() == name)
            .ok_or_else(|| UnknownEnvelope { name: name.to_owned() })
    }
}

/// The text is not the name of an envelope.
#[derive(Debug, thiserror::Error)]
#[error("`{name}` is not an envelope; use one of {known}", known = Envelope::ALL.map(Envelope::name).join(", "))]
pub struct UnknownEnvelope {
    name: String,
}

/// Where a message came from and its exact original content: what a replay needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// What the function, the rule's target or the source queue received, byte for byte: JSON for all but a queue. For
    /// a queue it is the text inside SNS notifications; what is sent to a queue is the message's `body`.
    pub original: Option<String>,
    /// The function that failed, with its version or alias as AWS reports it.
    pub function_arn: Option<String>,
    /// The rule that failed to deliver.
    pub rule_arn: Option<String>,
    /// The rule's target that could not be reached.
    pub target_arn: Option<String>,
    /// The queue that moved the message to its dead-letter queue.
    pub source_queue_arn: Option<String>,
    /// The batch of a failed stream invocation.
    pub batch: Option<StreamBatch>,
    /// The object that holds the record, when the message only names it.
    pub object: Option<Object>,
    /// Lambda's request id of the invocation, which its log lines carry.
    pub request_id: Option<String>,
}

/// A batch of a `DynamoDB` or Kinesis stream. The stream of a table keeps records for 24 hours.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StreamBatch {
    pub stream_arn: Option<String>,
    pub shard_id: Option<String>,
    /// The sequence number of the first record.
    pub first: Option<String>,
    /// The sequence number of the last record.
    pub last: Option<String>,
    /// The number of records.
    pub size: Option<u64>,
}

/// An object in S3.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    pub bucket: String,
    /// The key, decoded from its form in a notification.
    pub key: String,
}

impl Display for Object {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "s3://{}/{}", self.bucket, self.key)
    }
}

/// The content of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// The kind of failure record.
    pub envelope: Envelope,
    /// The message was an SNS notification.
    pub wrapped_by_sns: bool,
    /// The error type that the record names.
    pub error_type: Option<String>,
    /// The error text that the record contains.
    pub error_message: Option<String>,
    /// The time of the failure, if the record contains it.
    pub failed_at: Option<Timestamp>,
    /// The source, and the original content.
    pub origin: Origin,
    /// Why something could not be read.
    pub problem: Option<String>,
    /// The text inside SNS notifications.
    pub text: String,
}

/// The result of reading a message: everything, or the name of the object that holds the rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// The content of the message.
    Whole(Box<Decoded>),
    /// An S3 notification: fetch the object and [`Pointer::open`] it.
    Elsewhere(Pointer),
}

/// A message that names the object that holds the failure record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pointer {
    /// The object that holds the record.
    pub object: Object,
    unwrapped: UnwrappedMessage,
}

/// Reads a message. Every text has a result.
#[must_use]
pub fn read(raw: &RawMessage) -> Reading {
    let unwrapped = sns::unwrap(raw);
    let whole = |decoded| Reading::Whole(Box::new(decoded));
    let carried = || raw.attributes.get(SOURCE_QUEUE).and_then(Attribute::as_text);
    if let Some(source) = raw.system.get("DeadLetterQueueSourceArn").map(String::as_str).or_else(carried) {
        return whole(redriven(unwrapped, source));
    }
    if unwrapped.has("SUBSCRIBER_ARN") {
        return whole(undelivered_to_subscriber(unwrapped));
    }
    // A schedule that fails to deliver writes the same attributes, without a rule.
    if unwrapped.has("RULE_ARN") || unwrapped.has("TARGET_ARN") {
        return whole(undelivered(unwrapped));
    }
    if unwrapped.has("RequestID") && (unwrapped.has("ErrorCode") || unwrapped.has("ErrorMessage")) {
        return whole(lambda::dead_letter(unwrapped));
    }
    let record = fields(&unwrapped.text);
    if let Some(decoded) = lambda::record(&unwrapped, &record) {
        return whole(decoded);
    }
    match s3::named_objects(&record).as_slice() {
        [object] => Reading::Elsewhere(Pointer { object: object.clone(), unwrapped }),
        [_, _, ..] => whole(Decoded { problem: Some("it names several S3 objects".to_owned()), ..unknown(unwrapped) }),
        [] => whole(unknown(unwrapped)),
    }
}

/// The text inside a message's SNS notifications.
#[must_use]
pub fn text(raw: &RawMessage) -> String {
    sns::unwrap(raw).text
}

impl Pointer {
    /// The content of the message with the text of its object.
    #[must_use]
    pub fn open(self, text: &str) -> Decoded {
        let unwrapped = UnwrappedMessage { text: text.to_owned(), ..self.unwrapped.clone() };
        let object = Some(self.object.clone());
        match lambda::record(&unwrapped, &fields(text)) {
            Some(decoded) => Decoded { origin: Origin { object, ..decoded.origin }, ..decoded },
            None => {
                Decoded { problem: Some(format!("{} is not a failure record", self.object)), ..self.without_object() }
            }
        }
    }

    /// The content of the message without its object, which could not be fetched for `reason`.
    #[must_use]
    pub fn unfetched(self, reason: &str) -> Decoded {
        let problem = Some(format!("cannot fetch {}: {reason}", self.object));
        // Lambda chooses the keys; see the pages of the envelopes.
        let envelope = match self.object.key.strip_prefix("aws/lambda/") {
            Some(rest) if rest.starts_with("async/") => Envelope::LambdaDestination,
            Some(_) => Envelope::StreamPayload,
            None => Envelope::Unknown,
        };
        Decoded { envelope, problem, ..self.without_object() }
    }

    fn without_object(self) -> Decoded {
        let unknown = unknown(self.unwrapped);
        Decoded { origin: Origin { object: Some(self.object), ..Origin::default() }, ..unknown }
    }
}

fn unknown(unwrapped: UnwrappedMessage) -> Decoded {
    Decoded {
        envelope: Envelope::Unknown,
        wrapped_by_sns: unwrapped.is_wrapped,
        // Some senders put the error into attributes, whatever the body is.
        error_type: unwrapped.attribute("ERROR_CODE").or_else(|| unwrapped.attribute("ErrorCode")),
        error_message: unwrapped.attribute("ERROR_MESSAGE").or_else(|| unwrapped.attribute("ErrorMessage")),
        failed_at: None,
        origin: Origin::default(),
        problem: None,
        text: unwrapped.text,
    }
}

fn redriven(unwrapped: UnwrappedMessage, source: &str) -> Decoded {
    let origin = Origin {
        original: Some(unwrapped.text.clone()),
        source_queue_arn: Some(source.to_owned()),
        ..Origin::default()
    };
    Decoded { envelope: Envelope::SqsRedrive, origin, ..unknown(unwrapped) }
}

fn undelivered(unwrapped: UnwrappedMessage) -> Decoded {
    let target_arn = unwrapped.attribute("TARGET_ARN");
    let origin = Origin {
        original: Some(unwrapped.text.clone()),
        rule_arn: unwrapped.attribute("RULE_ARN"),
        function_arn: target_arn.clone().filter(|arn| names::function(arn).is_some()),
        target_arn,
        ..Origin::default()
    };
    Decoded { envelope: Envelope::RuleDlq, origin, ..unknown(unwrapped) }
}

/// The dead-letter message of a Custom Event Bus's subscriber contains the ids of what failed. It must not be taken for
/// the event.
///
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-custom-bus-retry.html>
fn undelivered_to_subscriber(unwrapped: UnwrappedMessage) -> Decoded {
    let problem = "the dead-letter message of a subscriber names its messages and does not contain them".to_owned();
    Decoded { problem: Some(problem), ..unknown(unwrapped) }
}

/// The fields of a JSON object in their exact notation; none when the text is not a JSON object.
fn fields(text: &str) -> BTreeMap<String, &RawValue> {
    serde_json::from_str(text).unwrap_or_default()
}
