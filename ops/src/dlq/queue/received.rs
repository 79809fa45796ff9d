//! Conversion of the SDK's messages.

use aws_sdk_sqs::types::{Message as Received, MessageAttributeValue};

use crate::dlq::raw_message::{Attribute, AttributeValue, RawMessage};

impl From<Received> for RawMessage {
    fn from(received: Received) -> Self {
        let system = received.attributes.unwrap_or_default().into_iter();
        let attributes = received.message_attributes.unwrap_or_default().into_iter();
        Self {
            message_id: received.message_id.unwrap_or_default(),
            receipt_handle: received.receipt_handle.unwrap_or_default(),
            system: system.map(|(name, value)| (name.as_str().to_owned(), value)).collect(),
            attributes: attributes.map(|(name, value)| (name, Attribute::from(value))).collect(),
            body: received.body.unwrap_or_default(),
        }
    }
}

impl From<MessageAttributeValue> for Attribute {
    fn from(given: MessageAttributeValue) -> Self {
        let value = match given.binary_value {
            Some(bytes) => AttributeValue::Binary(bytes.into_inner()),
            None => AttributeValue::Text(given.string_value.unwrap_or_default()),
        };
        Self { data_type: given.data_type, value }
    }
}
