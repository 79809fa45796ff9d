//! Events that are sent to all open sessions of their user: one conversion for each kind of event, and one job.

use events::envelope::{Event, Metadata};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::app::live_push::{LivePush, LivePushError};
use crate::domain::live::{Change, LiveMessage};
use crate::subscribe::payloads::{OwnedItemPayload, UserPayload};

/// The user of an event, and the event's whole data.
pub(crate) struct UserChange {
    user: Uuid,
    data: Value,
}

/// Sends an event to the sessions of its user.
///
/// Repeats and any order are harmless: a page knows the event's id and the subject's `sequence`. Lambda retries a
/// failure once and then drops it.
pub(crate) async fn push(push: &LivePush, event: Event<UserChange>) -> Result<(), LivePushError> {
    let UserChange { user, data } = event.data;
    push.send(user, &message(event.metadata, data)).await
}

/// Of an event about an item or a file of a user.
pub(crate) fn item_changed(item: OwnedItemPayload) -> UserChange {
    let OwnedItemPayload { owner_id: user, mut other } = item;
    other.insert("ownerId".to_owned(), json!(user));
    UserChange { user, data: Value::Object(other) }
}

/// Of an event about a user.
pub(crate) fn user_changed(changed: UserPayload) -> UserChange {
    let UserPayload { user_id: user, mut other } = changed;
    other.insert("userId".to_owned(), json!(user));
    UserChange { user, data: Value::Object(other) }
}

fn message(metadata: Metadata, data: Value) -> LiveMessage {
    LiveMessage::Change(Change {
        // The schema is `<service>/<Event>/v<N>`.
        name: metadata.schema.split('/').nth(1).unwrap_or_default().to_owned(),
        event_id: metadata.event_id,
        subject: metadata.subject,
        sequence: metadata.sequence,
        occurred_at: metadata.occurred_at,
        data,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_the_events_name_and_data() {
        let event: Event<OwnedItemPayload> = serde_json::from_value(json!({
            "metadata": {
                "eventId": "0198c0de-0000-7000-8000-000000000001",
                "occurredAt": "2026-11-21T08:00:00Z",
                "subject": "0198c0de-0000-7000-8000-000000000002",
                "sequence": 3, "correlationId": "c", "causationId": "r",
                "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                "producer": "todos@0.1.0", "schema": "todos/TodoCreated/v1",
            },
            "data": {"ownerId": "0198c0de-0000-7000-8000-000000000003", "title": "Buy milk"},
        }))
        .unwrap();
        let LiveMessage::Change(change) = message(event.metadata, item_changed(event.data).data) else {
            unreachable!("it is a change");
        };
        assert_eq!((change.name.as_str(), change.sequence), ("TodoCreated", 3));
        let expected = json!({"ownerId": "0198c0de-0000-7000-8000-000000000003", "title": "Buy milk"});
        assert_eq!(change.data, expected);
    }
}
