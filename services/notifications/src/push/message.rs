//! What goes over the wire to a page: one JSON object a message.

use events::envelope::Event;
use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

/// API Gateway takes no larger message.
/// Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html>
const MAX_BYTES: usize = 128 * 1024;

/// Something happened to what is the user's.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct News<'a, D> {
    /// The event's name, such as `TodoCreated`.
    r#type: &'a str,
    event_id: Uuid,
    subject: &'a str,
    /// Counts the changes of the subject, so that a page can tell stale from new.
    sequence: u64,
    occurred_at: Timestamp,
    /// The event's own data; left out where the message would be too large, and the page asks for the subject.
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a D>,
}

/// The user's inbox has changed.
#[derive(Serialize)]
struct InboxChanged {
    r#type: &'static str,
    unread: u64,
}

/// An event as its user's pages get it.
pub(crate) fn news<D: Serialize>(event: &Event<D>) -> serde_json::Result<String> {
    let metadata = &event.metadata;
    let mut news = News {
        // `todos/TodoCreated/v1`
        r#type: metadata.schema.split('/').nth(1).unwrap_or_default(),
        event_id: metadata.event_id,
        subject: &metadata.subject,
        sequence: metadata.sequence,
        occurred_at: metadata.occurred_at,
        data: Some(&event.data),
    };
    let text = serde_json::to_string(&news)?;
    if text.len() <= MAX_BYTES {
        return Ok(text);
    }
    news.data = None;
    serde_json::to_string(&news)
}

/// How many entries of the inbox are unread now.
pub(crate) fn inbox_changed(unread: u64) -> serde_json::Result<String> {
    serde_json::to_string(&InboxChanged { r#type: "InboxChanged", unread })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn event(title: &str) -> Event<Value> {
        serde_json::from_value(json!({
            "metadata": {
                "eventId": "0198c0de-0000-7000-8000-000000000001",
                "occurredAt": "2026-11-21T08:00:00Z",
                "subject": "0198c0de-0000-7000-8000-000000000002",
                "sequence": 3, "correlationId": "c", "causationId": "r",
                "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                "producer": "todos@0.1.0", "schema": "todos/TodoCreated/v1",
            },
            "data": {"title": title},
        }))
        .unwrap()
    }

    #[test]
    fn a_page_gets_what_happened_and_no_more_of_the_envelope() {
        let message: Value = serde_json::from_str(&news(&event("Buy milk")).unwrap()).unwrap();
        let expected = json!({
            "type": "TodoCreated",
            "eventId": "0198c0de-0000-7000-8000-000000000001",
            "subject": "0198c0de-0000-7000-8000-000000000002",
            "sequence": 3,
            "occurredAt": "2026-11-21T08:00:00Z",
            "data": {"title": "Buy milk"},
        });
        assert_eq!(message, expected);
    }

    #[test]
    fn a_message_that_would_be_too_large_goes_without_its_data() {
        let message = news(&event(&"x".repeat(MAX_BYTES))).unwrap();
        assert!(message.len() < 300 && !message.contains("data"), "{message}");
    }
}
