//! Structured logs: one JSON object a line, with the fields of the running job's span.
#![allow(clippy::disallowed_methods, reason = "the log level is read before missing settings can be reported")]

use std::env;
use std::error::Error;

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Starts logging to standard output, which Lambda sends to the log group. Call it once, before anything else.
///
/// The function's `ApplicationLogLevel` (Lambda passes it as `AWS_LAMBDA_LOG_LEVEL`, `INFO` if it is not set) holds for
/// this crate and for `crate_name`, the service's crate; all other crates log from `WARN`.
pub fn init(crate_name: &'static str) {
    let level = env::var("AWS_LAMBDA_LOG_LEVEL").ok().map_or(LevelFilter::INFO, |name| parse_level(&name));
    // Below `warn` the SDK may quote requests, and the runtime's layers log each returned failure a second time.
    let targets = Targets::new()
        .with_default(LevelFilter::WARN)
        .with_target("lambda_runtime::layers", LevelFilter::OFF)
        .with_target(env!("CARGO_CRATE_NAME"), level)
        .with_target(crate_name, level);
    let lines = fmt::layer().json().flatten_event(true).with_current_span(true).with_span_list(false);
    // `EnvFilter` can do more, but would add a regex engine to each zip.
    tracing_subscriber::registry().with(targets).with(lines).init();
}

/// The level of one of Lambda's names. `FATAL`, Lambda's highest level, does not exist here and becomes `ERROR`.
fn parse_level(name: &str) -> LevelFilter {
    name.parse().unwrap_or(LevelFilter::ERROR)
}

/// An error and its sources, outermost first, as one text for the log field `error.chain`.
#[must_use]
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        source = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_log_level_of_lambda_is_understood() {
        let levels = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"].map(parse_level);
        let expected =
            [LevelFilter::TRACE, LevelFilter::DEBUG, LevelFilter::INFO, LevelFilter::WARN, LevelFilter::ERROR];
        assert_eq!(levels[..5], expected);
        assert_eq!(levels[5], LevelFilter::ERROR);
    }
}
