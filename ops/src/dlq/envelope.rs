//! The shapes in which AWS keeps a failure, and which one a message has. Pure: whatever the text, there is an answer.

mod lambda;
mod s3;
mod sns;

use std::collections::BTreeMap;
use std::fmt::{self, Display};
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::dlq::envelope::sns::Letter;
use crate::dlq::marks;
use crate::dlq::message::{Attribute, Raw};
use crate::dlq::names;

/// A kind of failure record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Envelope {
    /// What Lambda sends to an `OnFailure` destination.
    /// <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html>
    LambdaDestination,
    /// The original event, with Lambda's attributes `RequestID`, `ErrorCode` and `ErrorMessage` (same page).
    LambdaDlq,
    /// The event that a rule could not deliver, with `EventBridge`'s attributes `RULE_ARN`, `TARGET_ARN`, `ERROR_CODE`, …
    /// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html>
    RuleDlq,
    /// A message that another queue gave up.
    /// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html>
    SqsRedrive,
    /// A stream batch that failed, by its sequence numbers alone.
    /// <https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html>
    StreamMetadata,
    /// A stream batch that failed, whole, as an S3 object keeps it (same page).
    StreamPayload,
    /// None of these.
    Unknown,
}

impl Envelope {
    /// All of them.
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

/// A name that no envelope has.
#[derive(Debug, thiserror::Error)]
#[error("`{name}` is no envelope; there are {known}", known = Envelope::ALL.map(Envelope::name).join(", "))]
pub struct UnknownEnvelope {
    name: String,
}

/// Where a message came from and what it held, to the letter: what a way back needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// What the function, the rule's target or the source queue was given, byte for byte: JSON for all but a queue. For
    /// a queue it is the text without SNS around it; the way back to a queue is the message's `body`.
    pub original: Option<String>,
    /// The function that failed, with its version or alias as AWS gave it.
    pub function_arn: Option<String>,
    /// The rule that could not deliver.
    pub rule_arn: Option<String>,
    /// What the rule could not deliver to.
    pub target_arn: Option<String>,
    /// The queue that gave the message up.
    pub source_queue_arn: Option<String>,
    /// The stream batch, where the failure is one of a stream.
    pub batch: Option<StreamBatch>,
    /// The object that keeps the record, when the message only names it.
    pub object: Option<Object>,
    /// Lambda's id of the invocation, which its logs carry.
    pub request_id: Option<String>,
}

/// A batch of a `DynamoDB` or Kinesis stream. A record stays in a table's stream for 24 hours.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StreamBatch {
    /// The stream.
    pub stream_arn: Option<String>,
    /// The shard.
    pub shard_id: Option<String>,
    /// The sequence number of the first record.
    pub first: Option<String>,
    /// The sequence number of the last record.
    pub last: Option<String>,
    /// How many records.
    pub size: Option<u64>,
}

/// An object in S3.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// The bucket's name.
    pub bucket: String,
    /// The key, as it is and not as a notification writes it.
    pub key: String,
}

impl Display for Object {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "s3://{}/{}", self.bucket, self.key)
    }
}

/// What a message says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// Its shape.
    pub envelope: Envelope,
    /// It was an SNS notification.
    pub wrapped_by_sns: bool,
    /// The kind of error.
    pub error_type: Option<String>,
    /// What the error says.
    pub error_message: Option<String>,
    /// When it was given up, where the record says it.
    pub failed_at: Option<Timestamp>,
    /// Where it came from.
    pub origin: Origin,
    /// What could not be read.
    pub problem: Option<String>,
    /// The text without SNS around it.
    pub text: String,
}

/// What a message holds: all there is, or the name of the object that has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// All there is.
    Whole(Box<Decoded>),
    /// An S3 notification: fetch the object and [`Pointer::open`] it.
    Elsewhere(Pointer),
}

/// A message that names the object with the failure record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pointer {
    /// Where the record is.
    pub object: Object,
    letter: Letter,
}

/// Reads a message, whatever it holds.
#[must_use]
pub fn read(raw: &Raw) -> Reading {
    let letter = sns::unwrap(raw);
    let whole = |decoded| Reading::Whole(Box::new(decoded));
    let carried = || raw.attributes.get(marks::SOURCE).and_then(Attribute::as_text);
    if let Some(source) = raw.system.get("DeadLetterQueueSourceArn").map(String::as_str).or_else(carried) {
        return whole(redriven(letter, source));
    }
    if letter.has("SUBSCRIBER_ARN") {
        return whole(of_subscriber(letter));
    }
    // A schedule that cannot deliver says the same, without a rule.
    if letter.has("RULE_ARN") || letter.has("TARGET_ARN") {
        return whole(undelivered(letter));
    }
    if letter.has("RequestID") && (letter.has("ErrorCode") || letter.has("ErrorMessage")) {
        return whole(lambda::dead_letter(letter));
    }
    let record = fields(&letter.text);
    if let Some(decoded) = lambda::record(&letter, &record) {
        return whole(decoded);
    }
    match s3::named_objects(&record).as_slice() {
        [object] => Reading::Elsewhere(Pointer { object: object.clone(), letter }),
        [_, _, ..] => whole(Decoded { problem: Some("it names several objects".to_owned()), ..unknown(letter) }),
        [] => whole(unknown(letter)),
    }
}

/// A message's text without SNS around it, however often it is wrapped.
#[must_use]
pub fn text(raw: &Raw) -> String {
    sns::unwrap(raw).text
}

impl Pointer {
    /// What the message says, now that its object was fetched.
    #[must_use]
    pub fn open(self, text: &str) -> Decoded {
        let letter = Letter { text: text.to_owned(), ..self.letter.clone() };
        let object = Some(self.object.clone());
        match lambda::record(&letter, &fields(text)) {
            Some(decoded) => Decoded { origin: Origin { object, ..decoded.origin }, ..decoded },
            None => Decoded { problem: Some(format!("{} is no failure record", self.object)), ..self.closed() },
        }
    }

    /// What the message says without its object, which could not be fetched for the reason given.
    #[must_use]
    pub fn unfetched(self, reason: &str) -> Decoded {
        let problem = Some(format!("cannot fetch {}: {reason}", self.object));
        // The keys are Lambda's; see the pages of the envelopes.
        let envelope = match self.object.key.strip_prefix("aws/lambda/") {
            Some(rest) if rest.starts_with("async/") => Envelope::LambdaDestination,
            Some(_) => Envelope::StreamPayload,
            None => Envelope::Unknown,
        };
        Decoded { envelope, problem, ..self.closed() }
    }

    fn closed(self) -> Decoded {
        let unknown = unknown(self.letter);
        Decoded { origin: Origin { object: Some(self.object), ..Origin::default() }, ..unknown }
    }
}

fn unknown(letter: Letter) -> Decoded {
    Decoded {
        envelope: Envelope::Unknown,
        wrapped_by_sns: letter.is_wrapped,
        // Some senders say the error in attributes, whatever the body.
        error_type: letter.attribute("ERROR_CODE").or_else(|| letter.attribute("ErrorCode")),
        error_message: letter.attribute("ERROR_MESSAGE").or_else(|| letter.attribute("ErrorMessage")),
        failed_at: None,
        origin: Origin::default(),
        problem: None,
        text: letter.text,
    }
}

fn redriven(letter: Letter, source: &str) -> Decoded {
    let origin =
        Origin { original: Some(letter.text.clone()), source_queue_arn: Some(source.to_owned()), ..Origin::default() };
    Decoded { envelope: Envelope::SqsRedrive, origin, ..unknown(letter) }
}

fn undelivered(letter: Letter) -> Decoded {
    let target_arn = letter.attribute("TARGET_ARN");
    let origin = Origin {
        original: Some(letter.text.clone()),
        rule_arn: letter.attribute("RULE_ARN"),
        function_arn: target_arn.clone().filter(|arn| names::function(arn).is_some()),
        target_arn,
        ..Origin::default()
    };
    Decoded { envelope: Envelope::RuleDlq, origin, ..unknown(letter) }
}

/// The dead letter of a Custom Event Bus's subscriber has the ids of what failed, and must not pass for the event.
///
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-custom-bus-retry.html>
fn of_subscriber(letter: Letter) -> Decoded {
    let problem = "a subscriber's dead letter names its messages and does not hold them".to_owned();
    Decoded { problem: Some(problem), ..unknown(letter) }
}

/// The fields of an object, each as it is written; none when the text is no JSON object.
fn fields(text: &str) -> BTreeMap<String, &RawValue> {
    serde_json::from_str(text).unwrap_or_default()
}
