//! The start of every function: logging first, then the job.

use std::process::ExitCode;

use lambda_runtime::Error;
use tracing::error;

use crate::telemetry;

/// Runs the job that the function's `Handler` names until the environment ends. A job that cannot start is logged in one
/// line.
///
/// The function's log level applies to `crate_name`, the service's crate (`env!("CARGO_CRATE_NAME")`).
pub async fn start(crate_name: &'static str, job: impl Future<Output = Result<(), Error>>) -> ExitCode {
    telemetry::init(crate_name);
    match job.await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            error!(error.chain = telemetry::chain(&*failure), "the function could not start or go on");
            ExitCode::FAILURE
        }
    }
}
