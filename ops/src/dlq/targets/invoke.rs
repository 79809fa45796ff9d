//! Invoking a function with its event again.

use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_sdk_lambda::error::ProvideErrorMetadata;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvocationType;
use serde_json::Value;

use crate::dlq::batch_call::Outcome;

/// The kind of error when a function has no free concurrency.
pub(crate) const THROTTLED: &str = "TooManyRequestsException";

/// How often an invocation is tried.
const MAX_ATTEMPTS: u32 = 6;

/// The pause before the second attempt. It doubles before each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// When an invocation counts as successful.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acknowledgement {
    /// When Lambda has queued the event. A later failure takes the failure path again.
    WhenQueued,
    /// When the function has returned.
    WhenCompleted,
}

/// A function runs for at most fifteen minutes.
/// <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
pub(super) fn timeouts() -> TimeoutConfig {
    let longest = Duration::from_secs(15 * 60 + 10);
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(5))
        .operation_attempt_timeout(longest)
        .disable_operation_timeout()
        .build()
}

/// Invokes a function with an event. Returns Lambda's request id, or the kind of error.
///
/// A response that reports failed items of a batch is a failure.
/// <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>
pub(super) async fn invoke(
    client: &aws_sdk_lambda::Client,
    arn: &str,
    event: &str,
    acknowledgement: Acknowledgement,
) -> Outcome {
    let kind = match acknowledgement {
        Acknowledgement::WhenQueued => InvocationType::Event,
        Acknowledgement::WhenCompleted => InvocationType::RequestResponse,
    };
    let mut failure = "NoAnswer".to_owned();
    for attempt in 0..MAX_ATTEMPTS {
        if attempt > 0 {
            tokio::time::sleep(FIRST_PAUSE * 2_u32.pow(attempt - 1)).await;
        }
        let request = client.invoke().function_name(arn).invocation_type(kind.clone());
        match request.payload(Blob::new(event.as_bytes())).send().await {
            Ok(answer) => {
                use aws_sdk_lambda::operation::RequestId;
                let id = answer.request_id().unwrap_or_default().to_owned();
                let text = answer.payload.unwrap_or_else(|| Blob::new(Vec::new())).into_inner();
                return outcome(id, answer.function_error.is_some(), &text);
            }
            Err(error) => {
                error.code().unwrap_or("NoAnswer").clone_into(&mut failure);
                let is_server_error = error.raw_response().is_none_or(|answer| answer.status().is_server_error());
                if !is_server_error && failure != THROTTLED {
                    break;
                }
            }
        }
    }
    Err(failure)
}

fn outcome(id: String, has_failed: bool, answer: &[u8]) -> Outcome {
    let answer: Value = serde_json::from_slice(answer).unwrap_or_default();
    if has_failed {
        return Err(answer["errorType"].as_str().unwrap_or("FunctionError").to_owned());
    }
    match answer["batchItemFailures"].as_array() {
        Some(failures) if !failures.is_empty() => Err(format!("BatchItemFailures({})", failures.len())),
        _ => Ok(id),
    }
}
