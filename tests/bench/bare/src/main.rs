//! The baseline of the benchmarks: a function with the same runtime crate that only writes one line.
//!
//! The line has the id of the event and the time, which shows the time from the bus to a function without other code.

use std::io::{Write, stdout};
use std::time::UNIX_EPOCH;

use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    lambda_runtime::run(service_fn(log_arrival)).await
}

#[expect(clippy::disallowed_methods, reason = "it logs the time")]
async fn log_arrival(event: LambdaEvent<Value>) -> Result<(), Error> {
    let at = std::time::SystemTime::now().duration_since(UNIX_EPOCH)?;
    let line = json!({"bare.event": event.payload["id"], "bare.at_us": at.as_micros()});
    writeln!(stdout().lock(), "{line}")?;
    Ok(())
}
