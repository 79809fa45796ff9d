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
        let state: &'static S = Box::leak(Box::new(state));
        lambda_runtime::run(service_fn(async |message: LambdaEvent<BusEvent>| {
            let event = envelope::read::<P, D>(message.payload).map_err(|failure| unreadable(&failure))?;
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
