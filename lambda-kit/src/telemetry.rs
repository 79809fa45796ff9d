//! Structured logs: one JSON object a line, with the fields of the running job's span.
#![allow(clippy::disallowed_methods, reason = "the log level is read before settings can be reported")]

use std::env;
use std::error::Error;

use tracing_subscriber::EnvFilter;

/// The crates whose lines the function's log level is for.
const OURS: [&str; 4] = ["lambda_kit", "users", "todos", "notifications"];

/// Starts logging to standard output, from where Lambda takes it. Call once, first.
///
/// The level is the function's `ApplicationLogLevel` (Lambda passes it as `AWS_LAMBDA_LOG_LEVEL`), `INFO` without one.
pub fn init() {
    let level = env::var("AWS_LAMBDA_LOG_LEVEL").unwrap_or_else(|_| "info".to_owned()).to_lowercase();
    // The SDK's lines below `warn` may quote requests, and the runtime's layers log again each failure that we return.
    let filter = format!("warn,lambda_runtime::layers=off,{}", OURS.map(|name| format!("{name}={level}")).join(","));
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_env_filter(EnvFilter::new(filter))
        .init();
}

/// An error and its causes, outermost first, as one text for a log's `error.chain`.
#[must_use]
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}
