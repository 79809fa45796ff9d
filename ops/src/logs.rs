//! Searching `CloudWatch` Logs. Every function of a service writes JSON lines to one group, `Busline/<env>/<service>`.

use anyhow::{Context, Result};
use aws_config::SdkConfig;
use aws_json::logs::{Filter, LogEvent, Pages};
use jiff::Timestamp;
use serde_json::Value;
use tokio::time::Instant;

/// A line that a function wrote itself, as opposed to Lambda's own records.
#[derive(Clone, Debug, PartialEq)]
pub struct LogLine {
    /// The line's own timestamp, otherwise the time at which the log service received it.
    pub at: Timestamp,
    /// The function's name, without version.
    pub function: String,
    /// `INFO`, `WARN` or `ERROR`.
    pub level: String,
    /// The log message, without its fields.
    pub message: String,
    /// All fields of the line.
    pub fields: Value,
}

impl LogLine {
    /// A field such as `event.id`, of the line or of the span in which it was written.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields[name].as_str().or_else(|| self.fields["span"][name].as_str())
    }
}

/// Which lines to search for.
#[derive(Clone, Copy, Debug)]
pub struct LogQuery<'a> {
    pub env: &'a str,
    /// The service of the functions that wrote.
    pub service: &'a str,
    /// Text that the lines contain, without `"` and `\`.
    pub phrase: &'a str,
    /// Older lines are not searched.
    pub since: Timestamp,
    /// When to stop searching.
    pub deadline: Instant,
}

/// How a search ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SearchEnd {
    /// All lines were searched.
    Complete,
    /// The deadline passed; later lines were not searched.
    DeadlineReached,
    /// The service has no log group.
    NoLogGroup,
}

/// Calls `take` with each line that contains the phrase, oldest first.
///
/// <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html>
///
/// # Errors
/// When `CloudWatch` Logs fails.
pub async fn search(sdk: &SdkConfig, query: &LogQuery<'_>, mut take: impl FnMut(LogLine)) -> Result<SearchEnd> {
    let group = format!("Busline/{}/{}", query.env, query.service);
    let pattern = Some(format!("\"{}\"", query.phrase));
    let filter = Filter { group: group.clone(), from: query.since.as_millisecond(), pattern };
    let mut pages = Pages::new(sdk, &filter);
    loop {
        let events = match pages.next().await {
            Ok(Some(events)) => events,
            Ok(None) => return Ok(SearchEnd::Complete),
            Err(error) if error.code() == Some("ResourceNotFoundException") => return Ok(SearchEnd::NoLogGroup),
            Err(error) => return Err(error).with_context(|| format!("cannot search the log group {group}")),
        };
        // The local cloud matches each word of a phrase on its own.
        let lines = events.iter().filter_map(parse_line);
        lines.filter(|line| line.fields.to_string().contains(query.phrase)).for_each(&mut take);
        if Instant::now() >= query.deadline {
            return Ok(SearchEnd::DeadlineReached);
        }
    }
}

/// A line that a function wrote; `None` for Lambda's own records.
fn parse_line(event: &LogEvent) -> Option<LogLine> {
    let fields: Value = serde_json::from_str(&event.message).ok()?;
    let text = |name: &str| fields[name].as_str().map(str::to_owned);
    let own_time = fields["timestamp"].as_str().and_then(|time| time.parse().ok());
    Some(LogLine {
        at: own_time.or_else(|| Timestamp::from_millisecond(event.timestamp?).ok())?,
        function: function(event.log_stream_name.as_deref()?)?.to_owned(),
        level: text("level")?,
        message: text("message")?,
        fields,
    })
}

/// The function of a log stream `YYYY/MM/DD/<function>[<version>]…`.
///
/// <https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-loggroups.html>
fn function(stream: &str) -> Option<&str> {
    stream.rsplit('/').find(|part| part.contains('['))?.split('[').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log_event(stream: &str, text: &str) -> LogEvent {
        LogEvent { log_stream_name: Some(stream.to_owned()), message: text.to_owned(), ..LogEvent::default() }
    }

    #[test]
    fn a_line_has_its_function_and_its_fields() {
        let text = r#"{"timestamp":"2026-11-21T04:22:26.710834Z","level":"INFO","message":"handled an event","span":{"event.id":"7"}}"#;
        let stream = "2026/11/21/busline-local-orders-publish[$LATEST]def1";
        let line = parse_line(&log_event(stream, text)).unwrap();
        assert_eq!((line.function.as_str(), line.field("event.id")), ("busline-local-orders-publish", Some("7")));
        assert_eq!(line.at.to_string(), "2026-11-21T04:22:26.710834Z");
    }

    #[test]
    fn records_of_lambda_itself_are_skipped() {
        let text = r#"{"time":"2026-11-21T07:23:17.533Z","type":"platform.start","record":{}}"#;
        let event = LogEvent { timestamp: Some(0), ..log_event("2026/11/21/f[1]2", text) };
        assert_eq!(parse_line(&event), None);
    }
}
