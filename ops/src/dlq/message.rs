//! One message of a dead-letter queue: as it waits there, and as it was understood.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::dlq::envelope::{Decoded, Envelope, Origin};
use crate::dlq::event::{self, Identity};
use crate::dlq::names;

/// A message as SQS gives it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Raw {
    /// SQS's id.
    pub message_id: String,
    /// What deletes the message or gives it back; of this one look.
    pub receipt_handle: String,
    /// SQS's own attributes under SQS's names, such as `SentTimestamp` and `MessageGroupId`.
    pub system: BTreeMap<String, String>,
    /// The sender's attributes, of every data type.
    pub attributes: BTreeMap<String, Attribute>,
    /// The text of the message.
    pub body: String,
}

impl Raw {
    /// When it was sent. A standard queue keeps this time when it moves a message to its dead-letter queue.
    #[must_use]
    pub fn sent_at(&self) -> Option<Timestamp> {
        let milliseconds = self.system.get("SentTimestamp")?.parse().ok()?;
        Timestamp::from_millisecond(milliseconds).ok()
    }
}

/// A message and what it says: the machine format of `peek`, `show` and `export`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// SQS's id.
    pub message_id: String,
    /// What kind of failure record it is.
    pub envelope: Envelope,
    /// It came as an SNS notification, without raw delivery.
    pub wrapped_by_sns: bool,
    /// The service that failed.
    pub service: Option<String>,
    /// The name of the function that failed, or that could not be reached.
    pub function: Option<String>,
    /// The name of the rule that could not deliver.
    pub rule: Option<String>,
    /// The kind of error; where nothing says it, the condition under which it was given up.
    pub error_type: Option<String>,
    /// What the error says.
    pub error_message: Option<String>,
    /// When it was given up; where the record has no time, when it came into the queue.
    pub failed_at: Option<Timestamp>,
    /// What the function, the rule's target or the source queue was given. For a stream, the whole batch. `null` when
    /// it is not in the message, or no JSON.
    pub event: Option<Value>,
    /// The event's id: of its metadata, else of the bus. For a batch, of its first event.
    pub event_id: Option<String>,
    /// The event's `detail-type`.
    pub event_type: Option<String>,
    /// What the event is about.
    pub subject: Option<String>,
    /// Which change of its subject the event tells.
    pub sequence: Option<u64>,
    /// The message's own attributes; those of an SNS notification are in its body.
    pub attributes: BTreeMap<String, Attribute>,
    /// The message's text, untouched.
    pub body: String,
    /// SQS's own attributes under SQS's names: times, counts, FIFO group, trace.
    #[serde(default)]
    pub system_attributes: BTreeMap<String, String>,
    /// Every event of a batch, when there are several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<Identity>,
    /// What could not be read of it, such as an object that is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// What deletes the message or gives it back; of this one look, so it is not written.
    #[serde(skip)]
    pub receipt_handle: String,
    /// Where it came from and what it held, to the letter: what a way back needs. Not written; [`Raw`] holds all of it.
    #[serde(skip)]
    pub origin: Origin,
}

impl Message {
    /// Puts a message and what it says together.
    #[must_use]
    pub fn new(raw: Raw, decoded: Decoded) -> Self {
        let Decoded { envelope, wrapped_by_sns, error_type, error_message, failed_at, origin, problem, text } = decoded;
        let function = origin.function_arn.as_deref().and_then(names::function);
        let rule = origin.rule_arn.as_deref().and_then(names::rule);
        let event = origin.original.as_deref().and_then(|text| serde_json::from_str::<Value>(text).ok());
        // An unknown shape is not called an event, but what it is about may still be told.
        let about = event.clone().or_else(|| serde_json::from_str(&text).ok()).unwrap_or_default();
        let mut events = event::identities(&about);
        let first = events.first().cloned().unwrap_or_default();
        if events.len() < 2 {
            events.clear();
        }
        let service = [&function, &rule].into_iter().flatten().find_map(|name| names::service(name));
        Self {
            envelope,
            wrapped_by_sns,
            service,
            function,
            rule,
            error_type,
            error_message,
            failed_at: failed_at.or_else(|| raw.sent_at()),
            event,
            event_id: first.event_id,
            event_type: first.event_type,
            subject: first.subject,
            sequence: first.sequence,
            message_id: raw.message_id,
            attributes: raw.attributes,
            body: raw.body,
            system_attributes: raw.system,
            events,
            problem,
            receipt_handle: raw.receipt_handle,
            origin,
        }
    }

    /// The message as SQS gave it, to be sent as it was.
    #[must_use]
    pub fn to_raw(&self) -> Raw {
        Raw {
            message_id: self.message_id.clone(),
            receipt_handle: self.receipt_handle.clone(),
            system: self.system_attributes.clone(),
            attributes: self.attributes.clone(),
            body: self.body.clone(),
        }
    }

    /// When it came into the queue.
    #[must_use]
    pub fn sent_at(&self) -> Option<Timestamp> {
        let milliseconds = self.system_attributes.get("SentTimestamp")?.parse().ok()?;
        Timestamp::from_millisecond(milliseconds).ok()
    }

    /// How often it was received, this look included.
    #[must_use]
    pub fn receive_count(&self) -> Option<u64> {
        self.system_attributes.get("ApproximateReceiveCount")?.parse().ok()
    }

    /// The trace that the event belongs to: of its own metadata, else of the header that SQS carried.
    #[must_use]
    pub fn trace_id(&self) -> Option<String> {
        let event = self.event.as_ref().and_then(|event| event::inside(event).into_iter().next()).unwrap_or_default();
        let parent = event["detail"]["metadata"]["traceparent"].as_str();
        let of_event = parent.and_then(|parent| parent.split('-').nth(1)).map(str::to_owned);
        of_event.or_else(|| self.system_attributes.get("AWSTraceHeader").cloned())
    }

    /// Every event that it tells of: one, those of a batch, or none.
    #[must_use]
    pub fn identities(&self) -> Vec<Identity> {
        if !self.events.is_empty() {
            return self.events.clone();
        }
        let only = Identity {
            event_id: self.event_id.clone(),
            event_type: self.event_type.clone(),
            subject: self.subject.clone(),
            sequence: self.sequence,
        };
        if only == Identity::default() { Vec::new() } else { vec![only] }
    }
}

/// An attribute of a message: `{"type": "Number.int", "value": "7"}`. A binary value is base64 in JSON.
///
/// Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html>
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Attribute {
    /// `String`, `Number` or `Binary`, with the sender's own label after a dot if there is one.
    pub data_type: String,
    /// What it holds.
    pub value: AttributeValue,
}

/// The value of an attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttributeValue {
    /// Text, or a number as text.
    Text(String),
    /// Bytes.
    Binary(Vec<u8>),
}

impl Attribute {
    /// An attribute that is text.
    #[must_use]
    pub fn text(value: impl Into<String>) -> Self {
        Self { data_type: "String".to_owned(), value: AttributeValue::Text(value.into()) }
    }

    /// How many bytes of a message it takes under this name: SQS counts name, type and value.
    #[must_use]
    pub fn bytes(&self, name: &str) -> usize {
        let value = match &self.value {
            AttributeValue::Text(text) => text.len(),
            AttributeValue::Binary(bytes) => bytes.len(),
        };
        name.len() + self.data_type.len() + value
    }

    /// The value, if it is no binary one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match &self.value {
            AttributeValue::Text(text) => Some(text),
            AttributeValue::Binary(_) => None,
        }
    }
}

/// An attribute in JSON. SNS writes the same with capitals.
#[derive(Serialize, Deserialize)]
struct Written {
    #[serde(rename = "type", alias = "Type")]
    data_type: String,
    #[serde(alias = "Value")]
    value: String,
}

impl From<Attribute> for Written {
    fn from(attribute: Attribute) -> Self {
        let value = match attribute.value {
            AttributeValue::Text(text) => text,
            AttributeValue::Binary(bytes) => STANDARD.encode(bytes),
        };
        Self { data_type: attribute.data_type, value }
    }
}

impl TryFrom<Written> for Attribute {
    type Error = base64::DecodeError;

    fn try_from(written: Written) -> Result<Self, Self::Error> {
        let is_binary = written.data_type == "Binary" || written.data_type.starts_with("Binary.");
        let value = if is_binary {
            AttributeValue::Binary(STANDARD.decode(written.value)?)
        } else {
            AttributeValue::Text(written.value)
        };
        Ok(Self { data_type: written.data_type, value })
    }
}
