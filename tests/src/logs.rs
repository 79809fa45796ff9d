//! What the functions logged.

use aws_sdk_cloudwatchlogs::Client;
use jiff::Timestamp;
use serde_json::Value;

use crate::product::{Product, Service};

/// Reads logs from one moment on.
#[derive(Clone, Debug)]
pub struct Logs {
    client: Client,
    env: String,
    since: Timestamp,
}

impl Product {
    /// What is logged from now on.
    pub fn logs_from_now(&self) -> Logs {
        Logs { client: Client::new(self.sdk()), env: self.env().to_owned(), since: Timestamp::now() }
    }
}

impl Logs {
    /// The lines of a service that hold all of `parts`, as JSON.
    pub async fn of(&self, service: Service, parts: &[&str]) -> Vec<Value> {
        let lines = self.lines(&format!("Busline/{}/{}", self.env, service.name())).await;
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
