//! Jobs that are invoked by themselves, asynchronously, with an input of their own: by a schedule or by another job.

use std::future::Future;

use events::envelope::broken_rule;
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tracing::{Instrument, error, info, info_span};

use crate::cause::Cause;
use crate::subscriber::SubscribeFailure;
use crate::telemetry;

/// What a job was invoked with.
#[derive(Clone, Debug)]
pub struct Invocation<D> {
    /// Its input.
    pub input: D,
    /// The story that begins with the invocation, which has the same id in each of Lambda's attempts.
    pub cause: Cause,
}

/// Runs the job that reads its input as `D` until the environment ends.
///
/// A failure is logged once and given to Lambda, which tries twice more and then sends the input whole to the function's
/// `OnFailure` destination. An input that does not parse fails in the same way.
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
    lambda_runtime::run(service_fn(async |message: LambdaEvent<Value>| {
        let cause = Cause::of_request(&message.context.request_id, None, None);
        let span = info_span!(
            "invocation",
            request.id = cause.causation_id,
            correlation.id = cause.correlation_id,
            trace.id = cause.traceparent.trace_id(),
        );
        let handled = async {
            let input = serde_json::from_value(message.payload).map_err(|error| {
                failed("InputUnreadable", format!("the input is not what the job takes: {}", broken_rule(&error)))
            })?;
            let done = job(state, Invocation { input, cause }).await;
            done.map_err(|failure| failed(failure.kind(), telemetry::chain(&failure)))?;
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
