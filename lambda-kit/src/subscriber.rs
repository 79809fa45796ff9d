//! Bus events: the runner of a subscriber's job.

use std::error::Error;
use std::future::Future;
use std::marker::PhantomData;

use events::envelope::{self, BusEvent, Event, Metadata, Payload, ReadError};
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde::de::DeserializeOwned;
use tracing::{Instrument, Span, error, info, info_span};

use crate::telemetry;

/// A failure of a subscriber's job, with the name under which failures are grouped.
pub trait SubscribeFailure: Error + Send {
    /// The kind of failure in one word, such as `MailRefused`: the `errorType` of the failure record.
    fn kind(&self) -> &'static str;
}

/// The subscription to the event `P`, such as `on::<TodoCreatedV1>().run(state, job)`.
#[must_use]
pub fn on<P: Payload>() -> Subscription<P> {
    Subscription(PhantomData)
}

/// A function's subscription to one event.
#[derive(Clone, Copy, Debug)]
pub struct Subscription<P>(PhantomData<P>);

impl<P: Payload> Subscription<P> {
    /// Runs the job that reads the event's data as `D` until the environment ends.
    ///
    /// A failure is logged once and given to Lambda, which tries twice more and then sends the event whole to the
    /// function's `OnFailure` destination. A message that does not parse fails in the same way.
    ///
    /// # Errors
    /// When the Lambda runtime's API fails.
    pub async fn run<D, S, E, F, Fut>(self, state: S, job: F) -> Result<(), lambda_runtime::Error>
    where
        D: DeserializeOwned,
        S: Sync + 'static,
        E: SubscribeFailure,
        F: Fn(&'static S, Event<D>) -> Fut,
        Fut: Future<Output = Result<(), E>>,
    {
        on_any().of::<P>().run(state, job).await
    }
}

/// The subscription of one job to several events, such as `on_any().of::<TodoCreatedV1>().of::<TodoDeletedV1>()`.
#[must_use]
pub fn on_any<D>() -> Subscriptions<D> {
    Subscriptions { readers: Vec::new() }
}

/// A function's subscription to several events, whose data it reads alike, as `D`.
#[derive(Clone, Debug)]
pub struct Subscriptions<D> {
    readers: Vec<Reader<D>>,
}

#[derive(Clone, Debug)]
struct Reader<D> {
    detail_type: String,
    read: fn(BusEvent) -> Result<Event<D>, ReadError>,
}

impl<D: DeserializeOwned> Subscriptions<D> {
    /// The event `P` too.
    #[must_use]
    pub fn of<P: Payload>(mut self) -> Self {
        self.readers.push(Reader { detail_type: envelope::detail_type::<P>(), read: envelope::read::<P, D> });
        self
    }

    /// Runs the job until the environment ends, as [`Subscription::run`] does for one event.
    ///
    /// # Errors
    /// When the Lambda runtime's API fails.
    pub async fn run<S, E, F, Fut>(self, state: S, job: F) -> Result<(), lambda_runtime::Error>
    where
        S: Sync + 'static,
        E: SubscribeFailure,
        F: Fn(&'static S, Event<D>) -> Fut,
        Fut: Future<Output = Result<(), E>>,
    {
        let state: &'static S = Box::leak(Box::new(state));
        lambda_runtime::run(service_fn(async |message: LambdaEvent<BusEvent>| {
            let event = self.read(message.payload).map_err(|failure| unreadable(&failure))?;
            let span = span(&event.metadata);
            let handled = async {
                job(state, event).await.map_err(|failure| failed(failure.kind(), &failure))?;
                info!("handled an event");
                Ok::<(), Diagnostic>(())
            };
            handled.instrument(span).await
        }))
        .await
    }

    fn read(&self, message: BusEvent) -> Result<Event<D>, ReadError> {
        match self.readers.iter().find(|reader| reader.detail_type == message.detail_type) {
            Some(reader) => (reader.read)(message),
            None => Err(ReadError::OtherEvent {
                field: "detail-type",
                expected: self
                    .readers
                    .iter()
                    .map(|reader| reader.detail_type.as_str())
                    .collect::<Vec<_>>()
                    .join("`, `"),
                found: message.detail_type.chars().take(128).collect(),
            }),
        }
    }
}

fn span(metadata: &Metadata) -> Span {
    info_span!(
        "event",
        event.id = %metadata.event_id,
        event.r#type = metadata.schema,
        event.subject = metadata.subject,
        correlation.id = metadata.correlation_id,
        trace.id = metadata.traceparent.trace_id(),
    )
}

fn unreadable(failure: &ReadError) -> Diagnostic {
    failed("EventUnreadable", failure)
}

fn failed(kind: &str, failure: &dyn Error) -> Diagnostic {
    let chain = telemetry::chain(failure);
    error!(error.kind = kind, error.chain = chain, "could not handle an event");
    Diagnostic { error_type: kind.to_owned(), error_message: chain }
}

#[cfg(test)]
mod tests {
    use events::todos::{TodoCreatedV1, TodoDeletedV1};
    use serde_json::{Value, json};

    use super::*;

    fn message(detail_type: &str, schema: &str) -> BusEvent {
        let metadata = json!({
            "eventId": "0198c0de-0000-7000-8000-000000000001",
            "occurredAt": "2026-11-21T08:00:00Z",
            "subject": "s", "sequence": 1, "correlationId": "c", "causationId": "r",
            "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "producer": "todos@0.1.0",
            "schema": schema,
        });
        let detail = json!({"metadata": metadata, "data": {"x": 1}});
        BusEvent { source: "busline.todos".to_owned(), detail_type: detail_type.to_owned(), detail }
    }

    #[test]
    fn a_job_of_several_events_reads_each_of_them_and_no_other() {
        let subscriptions = on_any::<Value>().of::<TodoCreatedV1>().of::<TodoDeletedV1>();
        for name in ["TodoCreated", "TodoDeleted"] {
            let event = subscriptions.read(message(&format!("{name}.v1"), &format!("todos/{name}/v1"))).unwrap();
            assert_eq!(event.data, json!({"x": 1}));
        }
        let refused = subscriptions.read(message("TodoChanged.v1", "todos/TodoChanged/v1")).unwrap_err().to_string();
        let expected =
            "the event's detail-type is `TodoChanged.v1`, this function reads `TodoCreated.v1`, `TodoDeleted.v1`";
        assert_eq!(refused, expected);
    }

    #[test]
    fn an_event_under_anothers_name_is_refused() {
        let subscriptions = on_any::<Value>().of::<TodoCreatedV1>().of::<TodoDeletedV1>();
        subscriptions.read(message("TodoCreated.v1", "todos/TodoDeleted/v1")).unwrap_err();
    }
}
