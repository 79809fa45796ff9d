//! The start of every function: logs on, then the job; a job that cannot start says why in one line.

use std::process::ExitCode;

use lambda_runtime::Error;
use tracing::error;

use crate::telemetry;

/// Runs the job that the function's `Handler` names, until the environment ends.
pub async fn start(job: impl Future<Output = Result<(), Error>>) -> ExitCode {
    telemetry::init();
    match job.await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            error!(error.chain = telemetry::chain(&*failure), "the function could not start or go on");
            ExitCode::FAILURE
        }
    }
}
