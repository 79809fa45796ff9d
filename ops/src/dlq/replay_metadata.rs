//! Replay metadata: which replay sent a message last, and how often the message was replayed.
//!
//! A bus event with `detail.metadata` carries it there, as `replayId`, `replayAttempt` and `replayKey`: consumers ignore fields that
//! they do not know. A message for a queue or a topic carries it in message attributes, because its body must arrive
//! unchanged. A stream batch and an event without metadata carry neither: they are recognised by the journals alone.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};
use uuid::Uuid;

use crate::dlq::attribute_names::{REPLAY, REPLAY_KEY, SOURCE_QUEUE};
use crate::dlq::limits::{MAX_ATTRIBUTES, MAX_MESSAGE_BYTES};
use crate::dlq::message::Message;
use crate::dlq::raw_message::Attribute;

/// An asynchronous invocation carries at most this many bytes, the same as an SQS message.
/// <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
const MAX_EVENT_BYTES: usize = MAX_MESSAGE_BYTES;

/// The value of [`REPLAY`] on a message that was unparked.
const RESET: &str = "unparked 0";

/// Message attributes by name.
pub type Attributes = Vec<(String, Attribute)>;

/// What happens to the replay metadata of a message that is sent to another queue. The names in journals are older than
/// those of the variants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum MetadataPolicy {
    /// The message is replayed once more and gets the metadata of this replay.
    #[serde(rename = "count")]
    Increment,
    /// The message keeps the metadata that it has: it is parked or imported.
    Keep,
    /// The message loses its metadata: a replay is rolled back.
    Clear,
    /// Earlier replays no longer count: the message is unparked.
    #[serde(rename = "anew")]
    Reset,
}

/// The replay metadata of a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReplayMetadata {
    /// The replay that sent the message last.
    pub replay_id: Option<String>,
    /// How often the message was replayed.
    pub attempt: u32,
    /// Earlier replays do not count, whatever the journals say: the message was unparked.
    pub is_reset: bool,
}

impl ReplayMetadata {
    /// Reads the metadata from a message's attributes, otherwise from its event.
    #[must_use]
    pub fn from_message(message: &Message) -> Self {
        if let Some(text) = text_attribute(message, REPLAY) {
            let (replay_id, attempt) = text.split_once(' ').unwrap_or((text, "1"));
            let (replay_id, attempt) = (Some(replay_id.to_owned()), attempt.parse().unwrap_or(1));
            return Self { replay_id, attempt, is_reset: text == RESET };
        }
        let metadata = message.event.as_ref().map_or(&Value::Null, |event| &event["detail"]["metadata"]);
        let attempt = metadata["replayAttempt"].as_u64().and_then(|attempt| attempt.try_into().ok());
        let replay_id = metadata["replayId"].as_str().map(str::to_owned);
        Self { replay_id, attempt: attempt.unwrap_or(0), is_reset: false }
    }
}

/// Identifies a message however often it is moved between queues: its first message id.
#[must_use]
pub fn replay_key(message: &Message) -> String {
    text_attribute(message, REPLAY_KEY).unwrap_or(&message.message_id).to_owned()
}

/// Identifies a failure, an event at a function, under whichever message id it returns to the queue.
#[must_use]
pub fn failure_id(message: &Message) -> Uuid {
    let place = message.function.as_ref().or(message.rule.as_ref());
    let name = match (&message.event_id, place) {
        (Some(event), Some(place)) if message.events.is_empty() => format!("{event} at {place}"),
        _ => replay_key(message),
    };
    Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes())
}

/// The attributes of a message that is replayed to a queue or a topic: all that its sender gave it, and the replay
/// metadata as far as body and attributes stay within `max_bytes`.
#[must_use]
pub fn replay_attributes(message: &Message, replay_id: &str, attempt: u32, max_bytes: usize) -> Attributes {
    let metadata = [(REPLAY_KEY, replay_key(message)), (REPLAY, format!("{replay_id} {attempt}"))];
    let mut attributes = sender_attributes(message);
    for (name, value) in metadata {
        add_attribute_within(&mut attributes, message.body.len(), name, Attribute::text(value), max_bytes);
    }
    attributes
}

/// The attributes of a message that is put into another queue without being replayed, with what SQS would forget of it.
#[must_use]
pub fn preserved_attributes(message: &Message, policy: MetadataPolicy) -> Attributes {
    let mut attributes = sender_attributes(message);
    if policy == MetadataPolicy::Keep {
        for name in [REPLAY_KEY, REPLAY] {
            if let Some(value) = message.attributes.get(name) {
                add_attribute(&mut attributes, message, name, value.clone());
            }
        }
    }
    if policy == MetadataPolicy::Reset {
        add_attribute(&mut attributes, message, REPLAY, Attribute::text(RESET));
    }
    let source = message.system_attributes.get("DeadLetterQueueSourceArn").map(String::as_str);
    if let Some(source) = source.or_else(|| text_attribute(message, SOURCE_QUEUE)) {
        add_attribute(&mut attributes, message, SOURCE_QUEUE, Attribute::text(source));
    }
    attributes
}

/// Adds an attribute if SQS's limits for a message leave room for it. Returns whether it was added.
pub fn add_attribute(attributes: &mut Attributes, message: &Message, name: &str, value: Attribute) -> bool {
    add_attribute_within(attributes, message.body.len(), name, value, MAX_MESSAGE_BYTES)
}

fn add_attribute_within(
    attributes: &mut Attributes,
    body_bytes: usize,
    name: &str,
    value: Attribute,
    max_bytes: usize,
) -> bool {
    let used: usize = attributes.iter().map(|(name, value)| value.bytes(name)).sum();
    let fits = body_bytes + used + value.bytes(name) <= max_bytes;
    let has_room = fits && attributes.len() < MAX_ATTRIBUTES;
    if has_room {
        attributes.push((name.to_owned(), value));
    }
    has_room
}

/// The attributes that the message's sender gave it.
fn sender_attributes(message: &Message) -> Attributes {
    let own_names = [REPLAY_KEY, REPLAY, SOURCE_QUEUE];
    let given = message.attributes.iter().filter(|(name, _)| !own_names.contains(&name.as_str()));
    given.map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn text_attribute<'a>(message: &'a Message, name: &str) -> Option<&'a str> {
    message.attributes.get(name)?.as_text()
}

/// An event with the replay metadata in its `detail.metadata`. Unchanged if it has no metadata, or would become too
/// large for an asynchronous invocation. Every other value keeps its exact notation.
#[must_use]
pub fn event_with_metadata(text: &str, replay_id: &str, attempt: u32, key: &str) -> String {
    let changed = insert_metadata(text, replay_id, attempt, key);
    let fitting = changed.filter(|changed| changed.len() <= text.len().max(MAX_EVENT_BYTES));
    fitting.unwrap_or_else(|| text.to_owned())
}

fn insert_metadata(text: &str, replay_id: &str, attempt: u32, key: &str) -> Option<String> {
    let mut event: Fields = serde_json::from_str(text).ok()?;
    let mut detail: Fields = serde_json::from_str(event.get("detail")?.get()).ok()?;
    let mut metadata: Fields = serde_json::from_str(detail.get("metadata")?.get()).ok()?;
    metadata.get("eventId")?;
    metadata.insert("replayId".to_owned(), to_raw_value(replay_id).ok()?);
    metadata.insert("replayAttempt".to_owned(), to_raw_value(&attempt).ok()?);
    metadata.insert("replayKey".to_owned(), to_raw_value(key).ok()?);
    detail.insert("metadata".to_owned(), to_raw_value(&metadata).ok()?);
    event.insert("detail".to_owned(), to_raw_value(&detail).ok()?);
    serde_json::to_string(&event).ok()
}

type Fields = BTreeMap<String, Box<RawValue>>;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::dlq::envelope::{self, Reading};
    use crate::dlq::raw_message::RawMessage;

    fn message(raw: RawMessage) -> Message {
        match envelope::read(&raw) {
            Reading::Whole(decoded) => Message::new(raw, *decoded),
            Reading::Elsewhere(pointer) => Message::new(raw, pointer.unfetched("unavailable")),
        }
    }

    #[test]
    fn replay_metadata_of_an_event_survives_another_failure() {
        let event = r#"{"detail-type": "A.v1", "detail": {"metadata": {"eventId": "1"}, "data": {"n": 1.00000000000000000001}}}"#;
        let sent = event_with_metadata(event, "r1", 2, "k");
        assert!(sent.contains("1.00000000000000000001") && sent.contains(r#""replayKey":"k""#), "{sent}");
        let record = format!(
            r#"{{"requestContext": {{"functionArn": "arn:aws:lambda:eu-west-1:1:function:f", "condition": "RetriesExhausted"}}, "requestPayload": {sent}}}"#
        );
        let came_back = message(RawMessage { body: record, ..RawMessage::default() });
        assert_eq!(
            ReplayMetadata::from_message(&came_back),
            ReplayMetadata { replay_id: Some("r1".to_owned()), attempt: 2, is_reset: false }
        );
    }

    #[test]
    fn an_event_without_metadata_is_not_changed() {
        for text in ["{ \"detail\": {} }", "[1, 2]", "no JSON", r#"{"detail": {"metadata": {}}}"#] {
            assert_eq!(event_with_metadata(text, "r1", 1, "k"), text);
        }
    }

    #[test]
    fn replay_attributes_never_replace_those_of_the_sender() {
        for own in 0..=10 {
            let names = (0..own).map(|number| (format!("a{number}"), Attribute::text("x"))).collect();
            let message =
                message(RawMessage { attributes: names, message_id: "m".to_owned(), ..RawMessage::default() });
            let sent = replay_attributes(&message, "r1", 1, MAX_MESSAGE_BYTES);
            assert_eq!(sent.len(), (own + 2).min(10));
            assert_eq!(sent.iter().filter(|(name, _)| name.starts_with('a')).count(), own);
        }
    }

    #[test]
    fn a_message_of_the_maximum_size_gets_no_replay_attributes() {
        for (bytes, count) in [(1024 * 1024, 0), (1024 * 1024 - 40, 1), (1000, 2)] {
            let full =
                message(RawMessage { body: "x".repeat(bytes), message_id: "m".to_owned(), ..RawMessage::default() });
            assert_eq!(replay_attributes(&full, "r1", 1, MAX_MESSAGE_BYTES).len(), count, "{bytes} bytes");
        }
        let full = message(RawMessage { body: "x".repeat(1024 * 1024), ..RawMessage::default() });
        assert!(preserved_attributes(&full, MetadataPolicy::Reset).is_empty());
    }

    #[test]
    fn an_event_of_the_maximum_size_gets_no_replay_metadata() {
        let event = |bytes: usize| {
            format!(r#"{{"detail": {{"metadata": {{"eventId": "1"}}, "data": "{}"}}}}"#, "x".repeat(bytes))
        };
        let full = event(1024 * 1024 - event(0).len());
        assert_eq!(event_with_metadata(&full, "r1", 1, "k"), full);
        assert_ne!(event_with_metadata(&event(10), "r1", 1, "k"), event(10));
    }

    #[test]
    fn a_message_that_is_replayed_twice_keeps_its_key_and_counts_attempts() {
        let first = message(RawMessage { message_id: "m1".to_owned(), ..RawMessage::default() });
        let sent = replay_attributes(&first, "r1", 1, MAX_MESSAGE_BYTES).into_iter().collect();
        let second = message(RawMessage { message_id: "m2".to_owned(), attributes: sent, ..RawMessage::default() });
        assert_eq!(replay_key(&second), "m1");
        assert_eq!(
            ReplayMetadata::from_message(&second),
            ReplayMetadata { replay_id: Some("r1".to_owned()), attempt: 1, is_reset: false }
        );
        assert_eq!(replay_attributes(&second, "r2", 2, MAX_MESSAGE_BYTES).len(), 2);
    }

    #[test]
    fn the_failure_id_does_not_depend_on_the_message_id() {
        let record = json!({
            "requestContext": {"functionArn": "arn:aws:lambda:eu-west-1:1:function:f", "condition": "RetriesExhausted"},
            "requestPayload": {"detail-type": "A.v1", "detail": {"metadata": {"eventId": "1"}}},
        });
        let with_id = |id: &str| {
            message(RawMessage { message_id: id.to_owned(), body: record.to_string(), ..RawMessage::default() })
        };
        assert_eq!(failure_id(&with_id("m1")), failure_id(&with_id("m2")));
    }
}
