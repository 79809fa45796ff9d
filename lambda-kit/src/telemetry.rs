//! Structured logs: one JSON object a line, with the fields of the running job's span.
#![allow(clippy::disallowed_methods, reason = "the log level is read before settings can be reported")]

use std::env;
use std::error::Error;

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// The crates whose lines the function's log level is for.
const OURS: [&str; 4] = ["lambda_kit", "users", "todos", "notifications"];

/// Starts logging to standard output, from where Lambda takes it. Call once, first.
///
/// The level is the function's `ApplicationLogLevel` (Lambda passes it as `AWS_LAMBDA_LOG_LEVEL`), `INFO` without one.
pub fn init() {
    let level = env::var("AWS_LAMBDA_LOG_LEVEL").ok().map_or(LevelFilter::INFO, |name| level(&name));
    // The SDK's lines below `warn` may quote requests, and the runtime's layers log again each failure that we return.
    let targets =
        Targets::new().with_default(LevelFilter::WARN).with_target("lambda_runtime::layers", LevelFilter::OFF);
    let lines = fmt::layer().json().flatten_event(true).with_current_span(true).with_span_list(false);
    // Not `EnvFilter`, which can do more and brings a machine for regular expressions into each zip.
    tracing_subscriber::registry().with(targets.with_targets(OURS.map(|name| (name, level)))).with(lines).init();
}

/// The level of this name. Lambda's highest, `FATAL`, is none of ours.
fn level(name: &str) -> LevelFilter {
    name.parse().unwrap_or(LevelFilter::ERROR)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_levels_of_lambda_are_understood() {
        let levels = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"].map(level);
        let ours = [LevelFilter::TRACE, LevelFilter::DEBUG, LevelFilter::INFO, LevelFilter::WARN, LevelFilter::ERROR];
        assert_eq!(levels[..5], ours);
        assert_eq!(levels[5], LevelFilter::ERROR);
    }
}
