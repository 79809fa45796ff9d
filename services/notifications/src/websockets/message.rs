//! The messages that a page receives: one JSON object each.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use crate::domain::live::{Change, LiveMessage};

/// The maximum size of a message.
/// Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html>
const MAX_BYTES: usize = 128 * 1024;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ChangeMessage<'a> {
    r#type: &'a str,
    event_id: Uuid,
    subject: &'a str,
    sequence: u64,
    occurred_at: Timestamp,
    /// Left out of a message that would be too large; the page then requests the subject from its service.
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a Value>,
}

impl<'a> From<&'a Change> for ChangeMessage<'a> {
    fn from(change: &'a Change) -> Self {
        Self {
            r#type: &change.name,
            event_id: change.event_id,
            subject: &change.subject,
            sequence: change.sequence,
            occurred_at: change.occurred_at,
            data: Some(&change.data),
        }
    }
}

#[derive(Serialize)]
struct InboxChangedMessage {
    r#type: &'static str,
    unread: u64,
    /// Whether entries were added, which a page has to load.
    added: bool,
}

/// The text of a message.
pub(crate) fn encode(message: &LiveMessage) -> serde_json::Result<String> {
    match message {
        LiveMessage::Change(change) => encode_change(change),
        LiveMessage::InboxChanged { unread, has_new_entries } => serde_json::to_string(&InboxChangedMessage {
            r#type: "InboxChanged",
            unread: *unread,
            added: *has_new_entries,
        }),
    }
}

fn encode_change(change: &Change) -> serde_json::Result<String> {
    let message = ChangeMessage::from(change);
    let text = serde_json::to_string(&message)?;
    if text.len() <= MAX_BYTES {
        return Ok(text);
    }
    serde_json::to_string(&ChangeMessage { data: None, ..message })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn message(title: &str) -> LiveMessage {
        LiveMessage::Change(Change {
            name: "TodoCreated".to_owned(),
            event_id: Uuid::from_u128(1),
            subject: "s".to_owned(),
            sequence: 3,
            occurred_at: "2026-11-21T08:00:00Z".parse().unwrap(),
            data: json!({"title": title}),
        })
    }

    #[test]
    fn a_message_has_the_fields_that_a_page_reads() {
        let text: Value = serde_json::from_str(&encode(&message("Buy milk")).unwrap()).unwrap();
        let expected = json!({
            "type": "TodoCreated",
            "eventId": "00000000-0000-0000-0000-000000000001",
            "subject": "s",
            "sequence": 3,
            "occurredAt": "2026-11-21T08:00:00Z",
            "data": {"title": "Buy milk"},
        });
        assert_eq!(text, expected);
        let inbox = LiveMessage::InboxChanged { unread: 2, has_new_entries: true };
        assert_eq!(encode(&inbox).unwrap(), r#"{"type":"InboxChanged","unread":2,"added":true}"#);
    }

    #[test]
    fn a_message_that_would_be_too_large_has_no_data() {
        let text = encode(&message(&"x".repeat(MAX_BYTES))).unwrap();
        assert!(text.len() < 300 && !text.contains("data"), "{text}");
    }
}
