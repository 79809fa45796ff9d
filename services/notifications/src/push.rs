//! Live push: every session of a user hears at once what happened to their items, files, profile and inbox.
//!
//! A page opens a WebSocket with its access token as a subprotocol; each open one is a row under its user. The events of
//! the bus, and each change of the unread counter, go to all of the user's rows.
//!
//! Push is best effort by nature: a message that comes late tells nothing that a reload would not. So it is tried twice
//! and then dropped, not kept in the dead-letter queue; a page that reconnects asks again for what it shows. A message
//! may come twice, and out of order: it has its event's id and `sequence`.

pub(crate) mod authorizer;
pub(crate) mod inbox;
pub(crate) mod keys;
mod message;
pub(crate) mod news;
pub(crate) mod sessions;
pub(crate) mod sockets;
pub(crate) mod tell;
pub(crate) mod token;

use std::future::Future;

use lambda_runtime::{Diagnostic, Error, LambdaEvent, service_fn};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Runs a job that answers each event by itself, until the environment ends.
pub(crate) async fn run<S, T, A, F, Fut>(state: S, job: F) -> Result<(), Error>
where
    S: Sync + 'static,
    T: DeserializeOwned,
    A: Serialize,
    F: Fn(&'static S, LambdaEvent<T>) -> Fut,
    Fut: Future<Output = Result<A, Diagnostic>>,
{
    let state: &'static S = Box::leak(Box::new(state));
    lambda_runtime::run(service_fn(async |event: LambdaEvent<T>| job(state, event).await)).await
}
