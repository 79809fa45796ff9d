//! Jobs that a schedule or another function invokes asynchronously with a JSON input.

use std::future::Future;

use events::envelope::broken_rule;
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tracing::{Instrument, error, info, info_span};

use crate::correlation::CorrelationContext;
use crate::runtime;
use crate::subscriber::SubscribeFailure;
use crate::telemetry;

/// One invocation of a job.
#[derive(Clone, Debug)]
pub struct Invocation<D> {
    /// The input, which was parsed as `D`.
    pub input: D,
    /// Begins with the invocation; its id is the same in each of Lambda's attempts.
    pub correlation: CorrelationContext,
}

/// Runs a job that reads its input as `D` until the environment ends.
///
/// A failure is logged once and returned to Lambda, which tries twice more and then sends the whole input to the
/// function's `OnFailure` destination. An input that does not parse fails in the same way.
///
/// # Errors
/// When the Lambda runtime's API fails.
pub async fn run<D, S, E, F, Fut>(state: S, job: F) -> Result<(), lambda_runtime::Error>
where
    D: DeserializeOwned,
    S: Sync + 'static,
    E: SubscribeFailure,
    F: Fn(&'static S, Invocation<D>) -> Fut,
    Fut: Future<Output = Result<(), E>>,
{
    let state: &'static S = Box::leak(Box::new(state));
    runtime::run(service_fn(async |message: LambdaEvent<Value>| {
        let correlation = CorrelationContext::from_request(&message.context.request_id, None, None);
        let span = info_span!(
            "invocation",
            request.id = correlation.causation_id,
            correlation.id = correlation.correlation_id,
            trace.id = correlation.traceparent.trace_id(),
        );
        let handled = async {
            let input = serde_json::from_value(message.payload).map_err(|error| {
                failed("InputUnreadable", format!("the input does not parse: {}", broken_rule(&error)))
            })?;
            let result = job(state, Invocation { input, correlation }).await;
            result.map_err(|failure| failed(failure.kind(), telemetry::chain(&failure)))?;
            info!("handled an invocation");
            Ok::<(), Diagnostic>(())
        };
        handled.instrument(span).await
    }))
    .await
}

fn failed(kind: &str, chain: String) -> Diagnostic {
    error!(error.kind = kind, error.chain = chain, "could not handle an invocation");
    Diagnostic { error_type: kind.to_owned(), error_message: chain }
}
