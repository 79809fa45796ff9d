//! The marks of a replay: a message that failed again shows which replay brought it, and how often it was tried.
//!
//! A bus event that has `detail.metadata` carries them there, as `replayId` and `replayAttempt`: readers ignore fields
//! that they do not know. A message that moves to a queue carries them as message attributes, because its text must
//! arrive as it was. Neither is put on a stream batch, or on an event without metadata: those are known again by the
//! journals alone.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};
use uuid::Uuid;

use crate::dlq::batches::MOST_BYTES;
use crate::dlq::message::{Attribute, AttributeValue, Message};

/// The attribute that names what is sent, however often it is sent: a consumer that claims it has each effect once.
pub const KEY: &str = "busline-replay-key";

/// The attribute that names the replay and the attempt: `<replay id> <attempt>`.
pub const REPLAY: &str = "busline-replay";

/// The attribute that keeps which queue gave a message up, where SQS's own attribute cannot: in a parking queue, and after
/// an import.
pub const SOURCE: &str = "busline-source-queue";

/// The attribute of an edited message: the id of the one whose place it took.
pub const EDITED: &str = "busline-edited";

/// SQS takes at most this many attributes.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html>
const MOST_ATTRIBUTES: usize = 10;

/// An asynchronous invocation carries at most this many bytes, and so does a message.
/// <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
const MOST_EVENT_BYTES: usize = MOST_BYTES;

/// What a message carries after it was moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Marking {
    /// The marks of this replay: it is tried once more.
    Count,
    /// The marks that it had: it is put aside.
    Keep,
    /// No marks: it is as it was before.
    Clear,
    /// A mark that its earlier replays do not count any more.
    Anew,
}

/// What the marks of a message say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// The replay that brought it last.
    pub replay_id: Option<String>,
    /// How often it was replayed.
    pub attempt: u32,
    /// Earlier replays do not count, whoever tells of them: it was unparked.
    pub begins_anew: bool,
}

/// The mark of a message that was unparked.
const ANEW: &str = "unparked 0";

/// The marks that a message carries.
#[must_use]
pub fn read(message: &Message) -> Marks {
    if let Some(text) = message.attributes.get(REPLAY).and_then(Attribute::as_text) {
        let (replay_id, attempt) = text.split_once(' ').unwrap_or((text, "1"));
        let (replay_id, attempt) = (Some(replay_id.to_owned()), attempt.parse().unwrap_or(1));
        return Marks { replay_id, attempt, begins_anew: text == ANEW };
    }
    let metadata = message.event.as_ref().map_or(&Value::Null, |event| &event["detail"]["metadata"]);
    let attempt = metadata["replayAttempt"].as_u64().and_then(|attempt| attempt.try_into().ok());
    let replay_id = metadata["replayId"].as_str().map(str::to_owned);
    Marks { replay_id, attempt: attempt.unwrap_or(0), begins_anew: false }
}

/// Names what a message that moves to a queue stands for: itself, or what it stood for when it was moved before.
#[must_use]
pub fn key(message: &Message) -> String {
    let carried = message.attributes.get(KEY).and_then(Attribute::as_text);
    carried.unwrap_or(&message.message_id).to_owned()
}

/// Names what failed, however often it comes back under a new message id: an event at a function.
#[must_use]
pub fn failure(message: &Message) -> Uuid {
    let place = message.function.as_ref().or(message.rule.as_ref());
    let name = match (&message.event_id, place) {
        (Some(event), Some(place)) if message.events.is_empty() => format!("{event} at {place}"),
        _ => key(message),
    };
    Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes())
}

/// The attributes of a message and the marks, as far as there is room for them. All of the message's own are kept.
#[must_use]
pub fn attributes(message: &Message, replay_id: &str, attempt: u32) -> Vec<(String, Attribute)> {
    let marks = [(KEY, key(message)), (REPLAY, format!("{replay_id} {attempt}"))];
    let mut attributes = own(message);
    for (name, value) in marks {
        add(&mut attributes, message, name, Attribute::text(value));
    }
    attributes
}

/// The attributes of a message that is put into another queue to be kept there, with what SQS would forget of it.
#[must_use]
pub fn kept(message: &Message, marking: Marking) -> Vec<(String, Attribute)> {
    let mut attributes = own(message);
    if marking == Marking::Keep {
        for name in [KEY, REPLAY] {
            if let Some(mark) = message.attributes.get(name) {
                add(&mut attributes, message, name, mark.clone());
            }
        }
    }
    if marking == Marking::Anew {
        add(&mut attributes, message, REPLAY, Attribute::text(ANEW));
    }
    if let Some(source) = message.system_attributes.get("DeadLetterQueueSourceArn").or_else(|| carried(message, SOURCE))
    {
        add(&mut attributes, message, SOURCE, Attribute::text(source));
    }
    attributes
}

/// Adds a mark to the attributes of a message, if there is room for it; says whether there was. SQS takes ten attributes,
/// and body and attributes of [`MOST_BYTES`] together.
pub fn add(attributes: &mut Vec<(String, Attribute)>, message: &Message, name: &str, mark: Attribute) -> bool {
    let taken: usize = attributes.iter().map(|(name, value)| value.bytes(name)).sum();
    let fits = message.body.len() + taken + mark.bytes(name) <= MOST_BYTES;
    let has_room = fits && attributes.len() < MOST_ATTRIBUTES;
    if has_room {
        attributes.push((name.to_owned(), mark));
    }
    has_room
}

/// The attributes that its sender gave it.
fn own(message: &Message) -> Vec<(String, Attribute)> {
    let own = message.attributes.iter().filter(|(name, _)| ![KEY, REPLAY, SOURCE].contains(&name.as_str()));
    own.map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn carried<'a>(message: &'a Message, name: &str) -> Option<&'a String> {
    match &message.attributes.get(name)?.value {
        AttributeValue::Text(text) => Some(text),
        AttributeValue::Binary(_) => None,
    }
}

/// An event with the marks in its metadata; the text itself when it has none, or would be too large for an asynchronous
/// invocation with them. Every other value stays as it is written.
#[must_use]
pub fn event(text: &str, replay_id: &str, attempt: u32) -> String {
    let marked = marked(text, replay_id, attempt).filter(|marked| marked.len() <= text.len().max(MOST_EVENT_BYTES));
    marked.unwrap_or_else(|| text.to_owned())
}

fn marked(text: &str, replay_id: &str, attempt: u32) -> Option<String> {
    let mut event: Fields = serde_json::from_str(text).ok()?;
    let mut detail: Fields = serde_json::from_str(event.get("detail")?.get()).ok()?;
    let mut metadata: Fields = serde_json::from_str(detail.get("metadata")?.get()).ok()?;
    metadata.get("eventId")?;
    metadata.insert("replayId".to_owned(), to_raw_value(replay_id).ok()?);
    metadata.insert("replayAttempt".to_owned(), to_raw_value(&attempt).ok()?);
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
    use crate::dlq::message::Raw;

    fn message(raw: Raw) -> Message {
        match envelope::read(&raw) {
            Reading::Whole(decoded) => Message::new(raw, *decoded),
            Reading::Elsewhere(pointer) => Message::new(raw, pointer.unfetched("not here")),
        }
    }

    #[test]
    fn an_event_carries_its_marks_to_the_queue_and_back() {
        let event = r#"{"detail-type": "A.v1", "detail": {"metadata": {"eventId": "1"}, "data": {"n": 1.00000000000000000001}}}"#;
        let sent = super::event(event, "r1", 2);
        assert!(sent.contains("1.00000000000000000001"), "{sent}");
        let record = format!(
            r#"{{"requestContext": {{"functionArn": "arn:aws:lambda:eu-west-1:1:function:f", "condition": "RetriesExhausted"}}, "requestPayload": {sent}}}"#
        );
        let came_back = message(Raw { body: record, ..Raw::default() });
        assert_eq!(read(&came_back), Marks { replay_id: Some("r1".to_owned()), attempt: 2, begins_anew: false });
    }

    #[test]
    fn an_event_without_metadata_stays_as_it_is() {
        for text in ["{ \"detail\": {} }", "[1, 2]", "no JSON", r#"{"detail": {"metadata": {}}}"#] {
            assert_eq!(super::event(text, "r1", 1), text);
        }
    }

    #[test]
    fn marks_never_displace_a_message_s_own_attributes() {
        for own in 0..=10 {
            let names = (0..own).map(|number| (format!("a{number}"), Attribute::text("x"))).collect();
            let message = message(Raw { attributes: names, message_id: "m".to_owned(), ..Raw::default() });
            let sent = attributes(&message, "r1", 1);
            assert_eq!(sent.len(), (own + 2).min(10));
            assert_eq!(sent.iter().filter(|(name, _)| name.starts_with('a')).count(), own);
        }
    }

    #[test]
    fn a_message_of_the_largest_size_goes_without_marks() {
        for (bytes, marks) in [(1024 * 1024, 0), (1024 * 1024 - 40, 1), (1000, 2)] {
            let full = message(Raw { body: "x".repeat(bytes), message_id: "m".to_owned(), ..Raw::default() });
            assert_eq!(attributes(&full, "r1", 1).len(), marks, "{bytes} bytes");
        }
        let full = message(Raw { body: "x".repeat(1024 * 1024), ..Raw::default() });
        assert!(kept(&full, Marking::Anew).is_empty());
    }

    #[test]
    fn an_event_of_the_largest_size_goes_without_marks() {
        let of = |bytes: usize| {
            format!(r#"{{"detail": {{"metadata": {{"eventId": "1"}}, "data": "{}"}}}}"#, "x".repeat(bytes))
        };
        let full = of(1024 * 1024 - of(0).len());
        assert_eq!(super::event(&full, "r1", 1), full);
        assert_ne!(super::event(&of(10), "r1", 1), of(10));
    }

    #[test]
    fn a_message_that_is_moved_again_keeps_its_key_and_says_its_attempt() {
        let first = message(Raw { message_id: "m1".to_owned(), ..Raw::default() });
        let sent = attributes(&first, "r1", 1).into_iter().collect();
        let second = message(Raw { message_id: "m2".to_owned(), attributes: sent, ..Raw::default() });
        assert_eq!(key(&second), "m1");
        assert_eq!(read(&second), Marks { replay_id: Some("r1".to_owned()), attempt: 1, begins_anew: false });
        assert_eq!(attributes(&second, "r2", 2).len(), 2);
    }

    #[test]
    fn the_same_event_at_the_same_function_is_the_same_failure_under_another_message_id() {
        let record = json!({
            "requestContext": {"functionArn": "arn:aws:lambda:eu-west-1:1:function:f", "condition": "RetriesExhausted"},
            "requestPayload": {"detail-type": "A.v1", "detail": {"metadata": {"eventId": "1"}}},
        });
        let of = |id: &str| message(Raw { message_id: id.to_owned(), body: record.to_string(), ..Raw::default() });
        assert_eq!(failure(&of("m1")), failure(&of("m2")));
    }
}
