//! Searching log groups of `CloudWatch` Logs for lines.

use aws_config::SdkConfig;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::client::{CallError, Client, LOGS};

/// One line of a log group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LogEvent {
    /// Tells the line from all others; the local cloud gives none.
    pub event_id: Option<String>,
    /// When it was written, in milliseconds since 1970.
    pub timestamp: Option<i64>,
    /// The stream that holds it.
    pub log_stream_name: Option<String>,
    /// The line, as the function wrote it.
    #[serde(default)]
    pub message: String,
}

/// Which lines of a log group to read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// The name of the log group.
    pub group: String,
    /// Lines that are no older, in milliseconds since 1970.
    pub from: i64,
    /// A filter pattern, such as `"text"`; `None` for every line.
    /// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html>
    pub pattern: Option<String>,
}

/// The pages of a search, oldest lines first. A page may be empty although another follows.
#[derive(Debug)]
pub struct Pages {
    client: Client,
    input: Value,
    is_done: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    #[serde(default)]
    events: Vec<LogEvent>,
    next_token: Option<String>,
}

impl Pages {
    /// Searches a log group. <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html>
    #[must_use]
    pub fn new(config: &SdkConfig, filter: &Filter) -> Self {
        let mut input = json!({"logGroupName": filter.group, "startTime": filter.from});
        if let Some(pattern) = &filter.pattern {
            input["filterPattern"] = json!(pattern);
        }
        Self { client: Client::new(config, LOGS), input, is_done: false }
    }

    /// The next page; `None` after the last one.
    ///
    /// # Errors
    /// When the page cannot be read; its code is `ResourceNotFoundException` when there is no such group.
    pub async fn next(&mut self) -> Result<Option<Vec<LogEvent>>, CallError> {
        if self.is_done {
            return Ok(None);
        }
        let page: Page = self.client.call("FilterLogEvents", &self.input).await?;
        match page.next_token.filter(|token| !token.is_empty()) {
            Some(token) => self.input["nextToken"] = json!(token),
            None => self.is_done = true,
        }
        Ok(Some(page.events))
    }

    /// All lines of all pages that are left.
    ///
    /// # Errors
    /// As [`Pages::next`].
    pub async fn all(mut self) -> Result<Vec<LogEvent>, CallError> {
        let mut events = Vec::new();
        while let Some(page) = self.next().await? {
            events.extend(page);
        }
        Ok(events)
    }
}
