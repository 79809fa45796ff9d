//! The runner of functions that are neither HTTP routes nor subscribers: WebSocket routes and the table's stream.

use std::future::Future;

use lambda_kit::runtime;
use lambda_runtime::{Diagnostic, Error, LambdaEvent, service_fn};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Runs the job until the environment ends.
pub(crate) async fn run<S, T, A, F, Fut>(state: S, job: F) -> Result<(), Error>
where
    S: Sync + 'static,
    T: DeserializeOwned,
    A: Serialize,
    F: Fn(&'static S, LambdaEvent<T>) -> Fut,
    Fut: Future<Output = Result<A, Diagnostic>>,
{
    let state: &'static S = Box::leak(Box::new(state));
    runtime::run(service_fn(async |event: LambdaEvent<T>| job(state, event).await)).await
}
