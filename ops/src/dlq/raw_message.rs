//! A message as SQS delivers it: body, attributes of every type, and SQS's own attributes.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A message as SQS delivers it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RawMessage {
    /// SQS's id of the message in the queue.
    pub message_id: String,
    /// Deletes the message or makes it visible. Valid only for this receive.
    pub receipt_handle: String,
    /// SQS's own attributes under SQS's names, such as `SentTimestamp` and `MessageGroupId`.
    pub system: BTreeMap<String, String>,
    /// Message attributes of every data type.
    pub attributes: BTreeMap<String, Attribute>,
    pub body: String,
}

impl RawMessage {
    /// When it was sent. A standard queue keeps this time when it moves a message to its dead-letter queue.
    #[must_use]
    pub fn sent_at(&self) -> Option<Timestamp> {
        let milliseconds = self.system.get("SentTimestamp")?.parse().ok()?;
        Timestamp::from_millisecond(milliseconds).ok()
    }
}

/// An attribute of a message: `{"type": "Number.int", "value": "7"}`. A binary value is base64 in JSON.
///
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html>
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "SerializedAttribute", into = "SerializedAttribute")]
pub struct Attribute {
    /// `String`, `Number` or `Binary`, optionally with a dot and a custom label.
    pub data_type: String,
    pub value: AttributeValue,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttributeValue {
    /// Text, or a number as text.
    Text(String),
    Binary(Vec<u8>),
}

impl Attribute {
    #[must_use]
    pub fn text(value: impl Into<String>) -> Self {
        Self { data_type: "String".to_owned(), value: AttributeValue::Text(value.into()) }
    }

    /// The bytes that it contributes to the size of a message: SQS counts name, type and value.
    #[must_use]
    pub fn bytes(&self, name: &str) -> usize {
        let value = match &self.value {
            AttributeValue::Text(text) => text.len(),
            AttributeValue::Binary(bytes) => bytes.len(),
        };
        name.len() + self.data_type.len() + value
    }

    /// The value, unless it is binary.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match &self.value {
            AttributeValue::Text(text) => Some(text),
            AttributeValue::Binary(_) => None,
        }
    }
}

/// An attribute in JSON. SNS capitalises the names.
#[derive(Serialize, Deserialize)]
struct SerializedAttribute {
    #[serde(rename = "type", alias = "Type")]
    data_type: String,
    #[serde(alias = "Value")]
    value: String,
}

impl From<Attribute> for SerializedAttribute {
    fn from(attribute: Attribute) -> Self {
        let value = match attribute.value {
            AttributeValue::Text(text) => text,
            AttributeValue::Binary(bytes) => STANDARD.encode(bytes),
        };
        Self { data_type: attribute.data_type, value }
    }
}

impl TryFrom<SerializedAttribute> for Attribute {
    type Error = base64::DecodeError;

    fn try_from(written: SerializedAttribute) -> Result<Self, Self::Error> {
        let is_binary = written.data_type == "Binary" || written.data_type.starts_with("Binary.");
        let value = if is_binary {
            AttributeValue::Binary(STANDARD.decode(written.value)?)
        } else {
            AttributeValue::Text(written.value)
        };
        Ok(Self { data_type: written.data_type, value })
    }
}
