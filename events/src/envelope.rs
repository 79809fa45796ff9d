//! The envelope: what every event carries beside its payload, and the parsing that every subscriber starts with.

use std::fmt::Display;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::bounds::{Count, Text};
use crate::trace::TraceParent;

/// The largest event that a publisher may commit, in bytes of its `detail` as JSON.
///
/// Well under the limits on its way (`EventBridge` 1 MB an entry, asynchronous Lambda 1 MB, an SNS topic as low as
/// 256 KiB), because a failure record carries the event and more.
pub const MAX_EVENT_BYTES: usize = 200_000;

/// The longest correlation or causation id, in characters.
pub const MAX_CORRELATION_ID: usize = 128;

/// The fields of an event's data that name the user that the event is about: [`Payload::user`] returns the one that the
/// event has. An erasure finds the user's failure records by them.
pub const USER_FIELDS: [&str; 2] = ["userId", "ownerId"];

/// The data of one event version: who publishes it and under which name.
pub trait Payload: Serialize + DeserializeOwned {
    /// The service that publishes it, such as `todos`.
    const SERVICE: &'static str;
    /// Its name in the past tense, such as `TodoCreated`.
    const NAME: &'static str;
    /// Its version, from 1.
    const VERSION: u32;

    /// The user that the event is about: when they delete their account, its copies in the outbox are deleted too. `None`
    /// for an event that names no user.
    fn user(&self) -> Option<Uuid>;
}

/// The bus's `source` of an event: `busline.<service>`.
#[must_use]
pub fn source<P: Payload>() -> String {
    format!("busline.{}", P::SERVICE)
}

/// The bus's `detail-type` of an event: `<Event>.v<N>`.
#[must_use]
pub fn detail_type<P: Payload>() -> String {
    format!("{}.v{}", P::NAME, P::VERSION)
}

/// The name of an event's schema: `<service>/<Event>/v<N>`.
#[must_use]
pub fn schema<P: Payload>() -> String {
    format!("{}/{}/v{}", P::SERVICE, P::NAME, P::VERSION)
}

/// What the bus carries in `detail`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Event<D> {
    /// Who, when, why: the same for every event.
    pub metadata: Metadata,
    /// What happened.
    pub data: D,
}

/// The metadata that every event has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Metadata {
    /// Names this event for ever; a subscriber claims it. A `UUIDv7`.
    pub event_id: Uuid,
    /// When the change was made.
    pub occurred_at: Timestamp,
    /// What the event is about, such as a to-do item's id. 1 to 128 characters.
    #[schemars(with = "Text<1, 128>")]
    pub subject: String,
    /// Counts the changes of one subject from 1, so that a reader can tell stale from new.
    #[schemars(with = "Count")]
    pub sequence: u64,
    /// Names the whole story that a user's request started. 1 to 128 characters.
    #[schemars(with = "Text<1, 128>")]
    pub correlation_id: String,
    /// The request or event that caused this one. 1 to 128 characters.
    #[schemars(with = "Text<1, 128>")]
    pub causation_id: String,
    /// The trace that this event belongs to. It travels inside because the bus neither archives nor replays its own
    /// trace header.
    pub traceparent: TraceParent,
    /// The service and its version: `todos@0.1.0`. 1 to 64 characters.
    #[schemars(with = "Text<1, 64>")]
    pub producer: String,
    /// The name of this event's schema: `<service>/<Event>/v<N>`.
    pub schema: String,
}

/// A bus event as a rule delivers it to a function; other top-level fields are ignored.
///
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html>
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct BusEvent {
    /// The publisher on the bus: `busline.<service>`.
    pub source: String,
    /// The event version: `<Event>.v<N>`.
    pub detail_type: String,
    /// The event itself, read by [`read`].
    pub detail: serde_json::Value,
}

/// Reads the bus event that `P` publishes into the subscriber's own view `D` of its data (or `P` itself).
///
/// # Errors
/// When the message is another event than `P`, or its `detail` is not an envelope around a `D`.
pub fn read<P: Payload, D: DeserializeOwned>(message: BusEvent) -> Result<Event<D>, ReadError> {
    expect("source", &source::<P>(), &message.source)?;
    read_named(message, &detail_type::<P>(), &schema::<P>())
}

/// Reads an event of these names; the caller has checked its source.
pub(crate) fn read_named<D: DeserializeOwned>(
    message: BusEvent,
    detail_type: &str,
    schema: &str,
) -> Result<Event<D>, ReadError> {
    expect("detail-type", detail_type, &message.detail_type)?;
    let event: Event<D> = serde_path_to_error::deserialize(message.detail).map_err(|error| malformed(&error))?;
    expect("schema", schema, &event.metadata.schema)?;
    Ok(event)
}

fn expect(field: &'static str, expected: &str, found: &str) -> Result<(), ReadError> {
    if expected == found {
        return Ok(());
    }
    Err(other_event(field, expected, found))
}

pub(crate) fn other_event(field: &'static str, expected: &str, found: &str) -> ReadError {
    ReadError::OtherEvent { field, expected: expected.to_owned(), found: found.chars().take(128).collect() }
}

fn malformed(error: &serde_path_to_error::Error<serde_json::Error>) -> ReadError {
    ReadError::Malformed { path: error.path().to_string(), rule: broken_rule(error.inner()) }
}

/// What is wrong with a value, without the value: serde and the types of the fields quote it, and this text goes to
/// logs and failure records.
pub fn broken_rule(error: &impl Display) -> String {
    // The names in the first two are the fields of our structs; what follows the others holds the value.
    const NAMING: [&str; 2] = ["missing field", "duplicate field"];
    const QUOTING: [&str; 5] = ["invalid type", "invalid value", "invalid length", "unknown variant", "unknown field"];
    let text = error.to_string();
    if NAMING.iter().any(|kind| text.starts_with(kind)) {
        return text;
    }
    QUOTING.iter().find(|kind| text.starts_with(*kind)).map_or_else(|| "invalid value".into(), |kind| (*kind).into())
}

/// Why a message is not the event that a subscriber expects.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The rule delivered an event that this function does not read.
    #[error("the event's {field} is `{found}`, this function reads `{expected}`")]
    OtherEvent {
        /// The field that tells them apart.
        field: &'static str,
        /// What the function reads.
        expected: String,
        /// What came, cut to 128 characters.
        found: String,
    },
    /// The `detail` does not hold the promised fields.
    #[error("the event's detail does not parse at `{path}`: {rule}")]
    Malformed {
        /// Where in the detail, such as `data.title`.
        path: String,
        /// What is wrong, without the value, such as "missing field `title`".
        rule: String,
    },
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[derive(Debug, Serialize, Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct OrderCancelledV1 {
        order_id: Uuid,
        title: String,
        reason: Reason,
    }

    #[derive(Debug, Serialize, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Reason {
        Stock,
    }

    impl Payload for OrderCancelledV1 {
        const SERVICE: &'static str = "orders";
        const NAME: &'static str = "OrderCancelled";
        const VERSION: u32 = 1;

        fn user(&self) -> Option<Uuid> {
            None
        }
    }

    fn message() -> Value {
        json!({
            "source": "busline.orders",
            "detail-type": "OrderCancelled.v1",
            "detail": {
                "metadata": {
                    "eventId": "0198c0de-0000-7000-8000-000000000001",
                    "occurredAt": "2026-11-21T08:00:00Z",
                    "subject": "0198c0de-0000-7000-8000-000000000002",
                    "sequence": 3,
                    "correlationId": "c", "causationId": "r",
                    "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                    "producer": "orders@0.1.0",
                    "schema": "orders/OrderCancelled/v1"
                },
                "data": {
                    "orderId": "0198c0de-0000-7000-8000-000000000002",
                    "title": "Buy milk",
                    "reason": "stock",
                    "somethingNew": true
                }
            }
        })
    }

    fn read_message(message: Value) -> Result<Event<OrderCancelledV1>, ReadError> {
        read::<OrderCancelledV1, OrderCancelledV1>(serde_json::from_value(message).unwrap())
    }

    #[test]
    fn a_reader_ignores_fields_that_it_does_not_know() {
        assert_eq!(read_message(message()).unwrap().data.title, "Buy milk");
    }

    #[test]
    fn another_event_is_refused_by_name() {
        let mut other = message();
        other["detail-type"] = json!("OrderCancelled.v2");
        let error = read_message(other).unwrap_err().to_string();
        assert_eq!(error, "the event's detail-type is `OrderCancelled.v2`, this function reads `OrderCancelled.v1`");
    }

    #[test]
    fn what_does_not_parse_is_named_without_its_value() {
        let mut broken = message();
        broken["detail"]["data"]["orderId"] = json!("private@example.com");
        let error = read_message(broken).unwrap_err().to_string();
        assert!(error.contains("`data.orderId`") && !error.contains("example"), "{error}");
        let mut broken = message();
        broken["detail"]["data"]["title"] = json!(["private@example.com"]);
        let error = read_message(broken).unwrap_err().to_string();
        assert_eq!(error, "the event's detail does not parse at `data.title`: invalid type");
        for field in ["occurredAt", "traceparent", "eventId"] {
            let mut broken = message();
            broken["detail"]["metadata"][field] = json!("private@example.com");
            let error = read_message(broken).unwrap_err().to_string();
            assert_eq!(error, format!("the event's detail does not parse at `metadata.{field}`: invalid value"));
        }
    }

    #[test]
    fn a_variant_that_is_not_known_is_not_repeated() {
        let error = serde_json::from_value::<Reason>(json!("private@example.com")).unwrap_err();
        assert_eq!(broken_rule(&error), "unknown variant");
    }
}
