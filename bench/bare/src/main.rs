//! The floor of the benchmarks: a function of the same runtime crate that does nothing but write one line.
//!
//! It logs as little as a function can, the id of its event and the time, so that the time from the bus to a function is
//! known without anything of ours in it.

use std::io::{Write, stdout};
use std::time::UNIX_EPOCH;

use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    lambda_runtime::run(service_fn(note)).await
}

#[expect(clippy::disallowed_methods, reason = "the clock is what this function is for")]
async fn note(event: LambdaEvent<Value>) -> Result<(), Error> {
    let at = std::time::SystemTime::now().duration_since(UNIX_EPOCH)?;
    let line = json!({"bare.event": event.payload["id"], "bare.at_us": at.as_micros()});
    writeln!(stdout().lock(), "{line}")?;
    Ok(())
}
