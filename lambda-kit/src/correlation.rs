//! Correlation: the ids that connect a request, its events and their effects.

use events::envelope::{self, Metadata, Payload};
use events::participants::{self, ParticipantPayload};
use events::trace::TraceParent;
use jiff::Timestamp;
use uuid::Uuid;

use crate::clock;

/// The ids under which the running job was started. They go into its log lines and into the events that it publishes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CorrelationContext {
    /// Shared by a request and everything that follows from it; the client may choose it (`x-correlation-id`).
    /// 1 to 128 characters.
    pub correlation_id: String,
    /// The id of the request or event that started this job. 1 to 128 characters.
    pub causation_id: String,
    /// The trace, with a span for this job.
    pub traceparent: TraceParent,
}

impl CorrelationContext {
    /// The context of an HTTP request: a valid `x-correlation-id` and `traceparent` are kept, invalid or missing ones
    /// are replaced.
    #[must_use]
    pub fn from_request(request_id: &str, correlation_id: Option<&str>, traceparent: Option<&str>) -> Self {
        Self {
            correlation_id: correlation_id.filter(|id| is_valid_id(id)).unwrap_or(request_id).to_owned(),
            causation_id: request_id.to_owned(),
            traceparent: traceparent.and_then(|text| text.parse().ok()).map_or_else(new_trace, new_span),
        }
    }

    /// The context of a subscriber's job: the event's correlation id and trace, with the event as the cause.
    #[must_use]
    pub fn from_event(metadata: &Metadata) -> Self {
        Self {
            correlation_id: metadata.correlation_id.clone(),
            causation_id: metadata.event_id.to_string(),
            traceparent: new_span(metadata.traceparent),
        }
    }

    /// The metadata of an event `P` that the running job publishes; `version` is the publishing service's version.
    #[must_use]
    pub fn metadata<P: Payload>(&self, version: &str, event: NewEvent) -> Metadata {
        self.event_metadata(&Producer { service: P::SERVICE, version }, envelope::schema::<P>(), event)
    }

    /// The metadata of an event `P` that several services publish and that `producer` publishes now.
    #[must_use]
    pub fn participant_metadata<P: ParticipantPayload>(&self, producer: &Producer<'_>, event: NewEvent) -> Metadata {
        self.event_metadata(producer, participants::schema::<P>(producer.service), event)
    }

    fn event_metadata(&self, producer: &Producer<'_>, schema: String, event: NewEvent) -> Metadata {
        Metadata {
            event_id: event.id,
            occurred_at: event.occurred_at,
            subject: event.subject,
            sequence: event.sequence,
            correlation_id: self.correlation_id.clone(),
            causation_id: self.causation_id.clone(),
            traceparent: self.traceparent,
            producer: format!("{}@{}", producer.service, producer.version),
            schema,
        }
    }
}

/// The service that publishes an event, and its version.
#[derive(Clone, Copy, Debug)]
pub struct Producer<'a> {
    /// The service's name, `env!("CARGO_PKG_NAME")`.
    pub service: &'a str,
    /// The service's version, `env!("CARGO_PKG_VERSION")`.
    pub version: &'a str,
}

/// The metadata that a publisher chooses for an event; the rest follows from the context and the event's type.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// A new id, see [`crate::clock::new_id`].
    pub id: Uuid,
    /// When the change was made.
    pub occurred_at: Timestamp,
    /// The id of the thing that changed.
    pub subject: String,
    /// The number of this change of the subject, from 1.
    pub sequence: u64,
}

/// 1 to 128 of the characters `A-Z`, `a-z`, `0-9` and `-_.:`, which are safe in logs, headers and events.
fn is_valid_id(text: &str) -> bool {
    (1..=envelope::MAX_CORRELATION_ID).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte))
}

fn new_trace() -> TraceParent {
    let span_id = clock::new_span_id();
    TraceParent::new(clock::new_trace_id(), span_id).unwrap_or_else(new_trace)
}

fn new_span(parent: TraceParent) -> TraceParent {
    parent.child(clock::new_span_id()).unwrap_or(parent)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_request_keeps_its_trace_and_its_correlation_id() {
        let context = CorrelationContext::from_request("r1", Some("order-1"), Some(PARENT));
        assert_eq!(context.correlation_id, "order-1");
        assert_eq!(context.traceparent.trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_ne!(context.traceparent.to_string(), PARENT, "the job has its own span");
    }

    #[test]
    fn an_unsafe_correlation_id_is_replaced_by_the_request_id() {
        for bad in ["", "a b", "ü", "line\nbreak", &"x".repeat(129)] {
            assert_eq!(CorrelationContext::from_request("r1", Some(bad), None).correlation_id, "r1", "{bad:?}");
        }
    }
}
