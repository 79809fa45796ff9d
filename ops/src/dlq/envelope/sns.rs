//! SNS around a message: a subscription without raw delivery wraps what was published.
//!
//! Source: <https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html>

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::dlq::message::{Attribute, Raw};

/// A topic may feed a queue that feeds a topic; nobody nests deeper than this.
const DEEPEST: usize = 8;

/// A message without SNS around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Letter {
    pub(super) text: String,
    /// The message's attributes and those that SNS carries inside, where the innermost wins.
    pub(super) attributes: BTreeMap<String, Attribute>,
    pub(super) is_wrapped: bool,
}

impl Letter {
    pub(super) fn has(&self, name: &str) -> bool {
        self.attributes.contains_key(name)
    }

    pub(super) fn attribute(&self, name: &str) -> Option<String> {
        self.attributes.get(name)?.as_text().map(str::to_owned)
    }
}

/// What SNS delivers; an attribute that is none is left in the body.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Notification {
    r#type: String,
    topic_arn: String,
    message: String,
    #[serde(default)]
    message_attributes: Value,
}

/// A message's text without SNS around it, however often it is wrapped.
pub(super) fn unwrap(raw: &Raw) -> Letter {
    let mut letter = Letter { text: raw.body.clone(), attributes: raw.attributes.clone(), is_wrapped: false };
    for _ in 0..DEEPEST {
        let Ok(notification) = serde_json::from_str::<Notification>(&letter.text) else { break };
        if notification.r#type != "Notification" || !notification.topic_arn.starts_with("arn:") {
            break;
        }
        letter.attributes.extend(attributes(notification.message_attributes));
        letter.text = notification.message;
        letter.is_wrapped = true;
    }
    letter
}

fn attributes(written: Value) -> impl Iterator<Item = (String, Attribute)> {
    let Value::Object(written) = written else { return None.into_iter().flatten() };
    let read = written.into_iter().filter_map(|(name, value)| Some((name, serde_json::from_value(value).ok()?)));
    Some(read).into_iter().flatten()
}
