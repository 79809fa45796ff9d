//! What led to a change: the ids that tie a request, its events and their effects into one story.

use events::envelope::{self, Metadata, Payload};
use events::trace::TraceParent;
use jiff::Timestamp;
use uuid::Uuid;

use crate::clock;

/// The story that the running job belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// Names the whole story; the caller may choose it (`x-correlation-id`). 1 to 128 characters.
    pub correlation_id: String,
    /// The request or event that started this job. 1 to 128 characters.
    pub causation_id: String,
    /// The trace, with a span of this job.
    pub traceparent: TraceParent,
}

impl Cause {
    /// The cause that an HTTP request brings: a valid `x-correlation-id` and `traceparent` are taken over, invalid or
    /// missing ones are replaced.
    #[must_use]
    pub fn of_request(request_id: &str, correlation_id: Option<&str>, traceparent: Option<&str>) -> Self {
        Self {
            correlation_id: correlation_id.filter(|id| is_id(id)).unwrap_or(request_id).to_owned(),
            causation_id: request_id.to_owned(),
            traceparent: traceparent.and_then(|text| text.parse().ok()).map_or_else(new_trace, new_span),
        }
    }

    /// The cause that an event brings to its subscriber: same story, same trace, the event as the reason.
    #[must_use]
    pub fn of_event(metadata: &Metadata) -> Self {
        Self {
            correlation_id: metadata.correlation_id.clone(),
            causation_id: metadata.event_id.to_string(),
            traceparent: new_span(metadata.traceparent),
        }
    }

    /// The metadata of the event `P` that this cause leads to; `version` is the publishing service's.
    #[must_use]
    pub fn metadata<P: Payload>(&self, version: &str, event: NewEvent) -> Metadata {
        Metadata {
            event_id: event.id,
            occurred_at: event.occurred_at,
            subject: event.subject,
            sequence: event.sequence,
            correlation_id: self.correlation_id.clone(),
            causation_id: self.causation_id.clone(),
            traceparent: self.traceparent,
            producer: format!("{}@{version}", P::SERVICE),
            schema: envelope::schema::<P>(),
        }
    }
}

/// What a publisher decides of an event's metadata; the rest follows from its cause and its type.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// A fresh id.
    pub id: Uuid,
    /// When the change was made.
    pub occurred_at: Timestamp,
    /// What changed.
    pub subject: String,
    /// The number of this change among the subject's, from 1.
    pub sequence: u64,
}

/// Letters, digits and `-_.:`, 1 to 128 of them: safe in logs, headers and events.
fn is_id(text: &str) -> bool {
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
        let cause = Cause::of_request("r1", Some("story-1"), Some(PARENT));
        assert_eq!(cause.correlation_id, "story-1");
        assert_eq!(cause.traceparent.trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_ne!(cause.traceparent.to_string(), PARENT, "the job is a span of its own");
    }

    #[test]
    fn an_unsafe_correlation_id_is_replaced_by_the_request_id() {
        for bad in ["", "a b", "ü", "line\nbreak", &"x".repeat(129)] {
            assert_eq!(Cause::of_request("r1", Some(bad), None).correlation_id, "r1", "{bad:?}");
        }
    }
}
