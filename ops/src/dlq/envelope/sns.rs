//! SNS notifications: a subscription without raw delivery wraps what was published.
//!
//! <https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html>

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::dlq::raw_message::{Attribute, RawMessage};

/// A notification can contain a notification, if a queue forwards to another topic. Deeper ones are not unwrapped.
const MAX_DEPTH: usize = 8;

/// A message after its notifications were unwrapped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct UnwrappedMessage {
    pub(super) text: String,
    /// The message's attributes and those inside notifications. The innermost wins.
    pub(super) attributes: BTreeMap<String, Attribute>,
    pub(super) is_wrapped: bool,
}

impl UnwrappedMessage {
    pub(super) fn has(&self, name: &str) -> bool {
        self.attributes.contains_key(name)
    }

    pub(super) fn attribute(&self, name: &str) -> Option<String> {
        self.attributes.get(name)?.as_text().map(str::to_owned)
    }
}

/// What SNS delivers to a subscription without raw delivery.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Notification {
    r#type: String,
    /// The topic that it was published to.
    pub topic_arn: String,
    /// The text that was published.
    pub message: String,
    /// The subject that was published with it.
    #[serde(default)]
    pub subject: Option<String>,
    #[serde(default)]
    message_attributes: Value,
}

impl Notification {
    /// Reads a message's body; `None` if it is not a notification.
    #[must_use]
    pub fn parse(body: &str) -> Option<Self> {
        let notification: Self = serde_json::from_str(body).ok()?;
        let is_notification = notification.r#type == "Notification" && notification.topic_arn.starts_with("arn:");
        is_notification.then_some(notification)
    }

    /// The attributes that were published. Entries that are not attributes stay in the body.
    pub fn attributes(&self) -> impl Iterator<Item = (String, Attribute)> {
        let written = self.message_attributes.as_object().into_iter().flatten();
        written.filter_map(|(name, value)| Some((name.clone(), serde_json::from_value(value.clone()).ok()?)))
    }
}

/// Unwraps a message, however often it is wrapped.
pub(super) fn unwrap(raw: &RawMessage) -> UnwrappedMessage {
    let mut unwrapped =
        UnwrappedMessage { text: raw.body.clone(), attributes: raw.attributes.clone(), is_wrapped: false };
    for _ in 0..MAX_DEPTH {
        let Some(notification) = Notification::parse(&unwrapped.text) else { break };
        unwrapped.attributes.extend(notification.attributes());
        unwrapped.text = notification.message;
        unwrapped.is_wrapped = true;
    }
    unwrapped
}
