//! The runner of jobs that subscribe to bus events.

use std::error::Error;
use std::future::Future;
use std::marker::PhantomData;

use aws_lambda_events::eventbridge::EventBridgeEvent;
use events::envelope::{self, BusEvent, Event, Metadata, Payload, ReadError};
use events::participants::{self, ParticipantPayload};
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde::de::DeserializeOwned;
use tracing::{Instrument, Span, error, info, info_span};

use crate::runtime;
use crate::telemetry;

/// A failure of a job, with the name under which failures are grouped.
pub trait SubscribeFailure: Error + Send {
    /// The kind of failure in one word, such as `MailRefused`: the `errorType` of the failure record.
    fn kind(&self) -> &'static str;
}

/// Subscribes a job to the event `P`: `subscribe_to::<TodoCreatedV1>().run(state, job)`.
#[must_use]
pub fn subscribe_to<P: Payload>() -> Subscription<P> {
    Subscription(PhantomData)
}

/// A job's subscription to one event.
#[derive(Clone, Copy, Debug)]
pub struct Subscription<P>(PhantomData<P>);

impl<P: Payload> Subscription<P> {
    /// Runs the job, which reads the event's data as `D`, until the environment ends.
    ///
    /// A failure is logged once and returned to Lambda, which tries twice more and then sends the whole event to the
    /// function's `OnFailure` destination. A message that does not parse fails in the same way.
    ///
    /// # Errors
    /// When the Lambda runtime's API fails.
    pub async fn run<D, S, E, F, Fut>(self, state: S, job: F) -> Result<(), lambda_runtime::Error>
    where
        D: DeserializeOwned + 'static,
        S: Sync + 'static,
        E: SubscribeFailure,
        F: Fn(&'static S, Event<D>) -> Fut,
        Fut: Future<Output = Result<(), E>>,
    {
        subscribe_to_any().event::<P>().run(state, job).await
    }
}

/// Subscribes a job to several events: `subscribe_to_any().event::<TodoCreatedV1>().event::<TodoDeletedV1>()`.
#[must_use]
pub fn subscribe_to_any<D>() -> Subscriptions<D> {
    Subscriptions { readers: Vec::new() }
}

/// A job's subscription to several events. The job takes the data of all of them as `D`.
pub struct Subscriptions<D> {
    readers: Vec<Reader<D>>,
}

struct Reader<D> {
    detail_type: String,
    read: Box<ReadFn<D>>,
}

type ReadFn<D> = dyn Fn(BusEvent) -> Result<Event<D>, ReadError> + Send + Sync;

impl<D: 'static> Subscriptions<D> {
    /// Adds the event `P` and reads its data as `D`.
    #[must_use]
    pub fn event<P: Payload>(self) -> Self
    where
        D: DeserializeOwned,
    {
        self.event_as::<P, D>(|data| data)
    }

    /// Adds the event `P`, reads its data as `T` and converts it to `D`.
    #[must_use]
    pub fn event_as<P: Payload, T: DeserializeOwned + 'static>(mut self, convert: fn(T) -> D) -> Self {
        let read = move |message| {
            let Event { metadata, data } = envelope::read::<P, T>(message)?;
            Ok(Event { metadata, data: convert(data) })
        };
        self.readers.push(Reader { detail_type: envelope::detail_type::<P>(), read: Box::new(read) });
        self
    }

    /// Adds the event `P`, whichever participant publishes it.
    #[must_use]
    pub fn participant_event<P: ParticipantPayload + 'static>(mut self) -> Self
    where
        D: DeserializeOwned,
    {
        let read = Box::new(participants::read::<P, D>);
        self.readers.push(Reader { detail_type: participants::detail_type::<P>(), read });
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
        runtime::run(service_fn(async |message: LambdaEvent<EventBridgeEvent>| {
            let EventBridgeEvent { source, detail_type, detail, .. } = message.payload;
            let event = self.read(BusEvent { source, detail_type, detail }).map_err(|failure| unreadable(&failure))?;
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
    use serde::{Deserialize, Serialize};
    use serde_json::{Value, json};
    use uuid::Uuid;

    use super::*;

    #[derive(Serialize, Deserialize)]
    struct OrderPlacedV1 {}

    impl Payload for OrderPlacedV1 {
        const SERVICE: &'static str = "orders";
        const NAME: &'static str = "OrderPlaced";
        const VERSION: u32 = 1;

        fn user(&self) -> Option<Uuid> {
            None
        }
    }

    #[derive(Serialize, Deserialize)]
    struct OrderPaidV1 {}

    impl Payload for OrderPaidV1 {
        const SERVICE: &'static str = "orders";
        const NAME: &'static str = "OrderPaid";
        const VERSION: u32 = 1;

        fn user(&self) -> Option<Uuid> {
            None
        }
    }

    fn message(detail_type: &str, schema: &str) -> BusEvent {
        let metadata = json!({
            "eventId": "0198c0de-0000-7000-8000-000000000001",
            "occurredAt": "2026-11-21T08:00:00Z",
            "subject": "s", "sequence": 1, "correlationId": "c", "causationId": "r",
            "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "producer": "orders@0.1.0",
            "schema": schema,
        });
        let detail = json!({"metadata": metadata, "data": {"x": 1}});
        BusEvent { source: "busline.orders".to_owned(), detail_type: detail_type.to_owned(), detail }
    }

    #[test]
    fn a_job_reads_each_event_that_it_subscribes_to_and_no_other() {
        let subscriptions = subscribe_to_any::<Value>().event::<OrderPlacedV1>().event::<OrderPaidV1>();
        for name in ["OrderPlaced", "OrderPaid"] {
            let event = subscriptions.read(message(&format!("{name}.v1"), &format!("orders/{name}/v1"))).unwrap();
            assert_eq!(event.data, json!({"x": 1}));
        }
        let error = subscriptions.read(message("OrderSent.v1", "orders/OrderSent/v1")).unwrap_err().to_string();
        assert_eq!(
            error,
            "the event's detail-type is `OrderSent.v1`, this function reads `OrderPlaced.v1`, `OrderPaid.v1`"
        );
    }

    #[test]
    fn events_with_different_data_are_converted_to_the_type_that_the_job_takes() {
        #[derive(Deserialize)]
        struct Data {
            x: u64,
        }
        let subscriptions =
            subscribe_to_any().event_as::<OrderPlacedV1, Data>(|data| data.x).event_as::<OrderPaidV1, Value>(|_| 7);
        let read = |name: &str| subscriptions.read(message(&format!("{name}.v1"), &format!("orders/{name}/v1")));
        assert_eq!((read("OrderPlaced").unwrap().data, read("OrderPaid").unwrap().data), (1, 7));
    }

    #[test]
    fn an_event_with_the_schema_of_another_event_is_refused() {
        let subscriptions = subscribe_to_any::<Value>().event::<OrderPlacedV1>().event::<OrderPaidV1>();
        subscriptions.read(message("OrderPlaced.v1", "orders/OrderPaid/v1")).unwrap_err();
    }
}
