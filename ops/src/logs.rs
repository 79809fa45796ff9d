//! What services logged, searched in `CloudWatch` Logs. Every function of a service writes JSON lines to one group,
//! `Busline/<env>/<service>`.

use anyhow::{Result, bail};
use aws_config::SdkConfig;
use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::error::ProvideErrorMetadata;
use aws_sdk_cloudwatchlogs::types::FilteredLogEvent;
use jiff::Timestamp;
use serde_json::Value;
use tokio::time::Instant;

use crate::dlq::queue::short;

/// One line that a function wrote itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// When.
    pub at: Timestamp,
    /// The function's name.
    pub function: String,
    /// `INFO`, `WARN` or `ERROR`.
    pub level: String,
    /// The sentence.
    pub message: String,
    /// The whole line.
    pub fields: Value,
}

impl Line {
    /// A field by its name with dots, such as `event.id`: of the line, or of the span that it was written in.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields[name].as_str().or_else(|| self.fields["span"][name].as_str())
    }
}

/// What to search.
#[derive(Clone, Copy, Debug)]
pub struct Search<'a> {
    /// The environment.
    pub env: &'a str,
    /// The service whose functions wrote.
    pub service: &'a str,
    /// The lines hold this text. Neither `"` nor `\`.
    pub phrase: &'a str,
    /// They are no older.
    pub since: Timestamp,
    /// When to stop searching.
    pub deadline: Instant,
}

/// How far a search came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Everything was searched.
    Whole,
    /// The time was over; later lines were not searched.
    CutOff,
    /// There is no such log group.
    NoGroup,
}

/// Shows `take` the lines that hold a phrase, the oldest first.
///
/// <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html>
///
/// # Errors
/// When `CloudWatch` Logs fails.
pub async fn search(sdk: &SdkConfig, search: &Search<'_>, mut take: impl FnMut(Line)) -> Result<Reach> {
    let client = Client::new(sdk);
    let group = format!("Busline/{}/{}", search.env, search.service);
    let request = client
        .filter_log_events()
        .log_group_name(&group)
        .start_time(search.since.as_millisecond())
        .filter_pattern(format!("\"{}\"", search.phrase));
    let mut pages = request.into_paginator().send();
    while let Some(page) = pages.next().await {
        match page {
            Ok(page) => page.events.unwrap_or_default().iter().filter_map(line).for_each(|line| {
                // The local cloud looks for each word of a phrase by itself.
                if line.fields.to_string().contains(search.phrase) {
                    take(line);
                }
            }),
            Err(error) if error.code() == Some("ResourceNotFoundException") => return Ok(Reach::NoGroup),
            Err(error) => bail!("cannot search the log group {group}: {}", short(&error)),
        }
        if Instant::now() >= search.deadline {
            return Ok(Reach::CutOff);
        }
    }
    Ok(Reach::Whole)
}

/// A line of ours; none for Lambda's own records.
fn line(event: &FilteredLogEvent) -> Option<Line> {
    let fields: Value = serde_json::from_str(event.message()?).ok()?;
    let text = |name: &str| fields[name].as_str().map(str::to_owned);
    let own_time = fields["timestamp"].as_str().and_then(|time| time.parse().ok());
    Some(Line {
        at: own_time.or_else(|| Timestamp::from_millisecond(event.timestamp?).ok())?,
        function: function(event.log_stream_name()?)?.to_owned(),
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

    #[test]
    fn a_line_has_its_function_and_its_fields() {
        let text = r#"{"timestamp":"2026-11-21T04:22:26.710834Z","level":"INFO","message":"handled an event","span":{"event.id":"7"}}"#;
        let stream = "2026/11/21/busline-local-todos-publish[$LATEST]def1";
        let line = line(&FilteredLogEvent::builder().log_stream_name(stream).message(text).build()).unwrap();
        assert_eq!((line.function.as_str(), line.field("event.id")), ("busline-local-todos-publish", Some("7")));
        assert_eq!(line.at.to_string(), "2026-11-21T04:22:26.710834Z");
    }

    #[test]
    fn lambdas_own_records_are_no_lines_of_ours() {
        let text = r#"{"time":"2026-11-21T07:23:17.533Z","type":"platform.start","record":{}}"#;
        let event = FilteredLogEvent::builder().timestamp(0).log_stream_name("2026/11/21/f[1]2").message(text).build();
        assert_eq!(line(&event), None);
    }
}
