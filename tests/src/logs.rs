//! What the functions logged.

use aws_sdk_cloudwatchlogs::Client;
use jiff::Timestamp;
use serde_json::Value;

use crate::product::Product;

/// The log lines from one moment on.
#[derive(Clone, Debug)]
pub struct Logs {
    client: Client,
    env: String,
    since: Timestamp,
}

impl Product {
    /// What is logged from now on.
    pub fn logs_from_now(&self) -> Logs {
        Logs::since(self, Timestamp::now())
    }
}

impl Logs {
    /// What was logged since this moment.
    pub fn since(product: &Product, since: Timestamp) -> Self {
        Self { client: Client::new(product.sdk()), env: product.env().to_owned(), since }
    }

    /// The lines of a service that contain all of `parts`, as JSON.
    pub async fn lines_with(&self, service: &str, parts: &[&str]) -> Vec<Value> {
        let lines = self.lines(&format!("Busline/{}/{service}", self.env)).await;
        let wanted = lines.iter().filter(|line| parts.iter().all(|part| line.contains(part)));
        wanted.filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// Every line of every log group, with the group's name.
    pub async fn all(&self) -> Vec<(String, String)> {
        let mut pages = self.client.describe_log_groups().into_paginator().send();
        let mut all = Vec::new();
        while let Some(page) = pages.next().await {
            let groups = page.expect("the log groups").log_groups.unwrap_or_default();
            for name in groups.into_iter().filter_map(|group| group.log_group_name) {
                all.extend(self.lines(&name).await.into_iter().map(|line| (name.clone(), line)));
            }
        }
        all
    }

    /// Whether a function has written a line to the log group of a service.
    pub async fn has_line_of(&self, service: &str, function: &str) -> bool {
        self.has_line_in(&format!("Busline/{}/{service}", self.env), function).await
    }

    /// Whether a function has written a line to this log group.
    pub async fn has_line_in(&self, group: &str, function: &str) -> bool {
        let request = self.client.filter_log_events().log_group_name(group);
        let mut pages = request.start_time(self.since.as_millisecond()).into_paginator().send();
        let stream = format!("/{function}[");
        while let Some(page) = pages.next().await {
            let lines = page.expect("a group's lines").events.unwrap_or_default();
            if lines.iter().any(|line| line.log_stream_name().is_some_and(|name| name.contains(&stream))) {
                return true;
            }
        }
        false
    }

    async fn lines(&self, group: &str) -> Vec<String> {
        let request = self.client.filter_log_events().log_group_name(group);
        let mut pages = request.start_time(self.since.as_millisecond()).into_paginator().send();
        let mut lines = Vec::new();
        while let Some(page) = pages.next().await {
            let events = page.expect("a group's lines").events.unwrap_or_default();
            lines.extend(events.into_iter().filter_map(|event| event.message));
        }
        lines
    }
}
