//! `services/<name>/usage.yaml`: what one user does in a month, as the service assumes.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::services::Service;

/// What a service assumes about one user. Functions have the names of their jobs.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub(super) struct Usage {
    /// Calls of the service's API.
    pub(super) requests: BTreeMap<String, Job>,
    /// Functions that something other than the API or an event invokes.
    pub(super) jobs: BTreeMap<String, Job>,
    /// What one invocation by an event takes.
    pub(super) invocations: BTreeMap<String, Job>,
    /// Events that the service publishes.
    pub(super) events: BTreeMap<String, f64>,
    /// Whether users sign in at this service.
    pub(super) signs_in: f64,
    pub(super) websocket_minutes: f64,
    pub(super) websocket_messages: f64,
    pub(super) schedule_runs: f64,
    pub(super) table_kilobytes: f64,
    pub(super) bucket_megabytes: f64,
    /// Objects that are put into buckets.
    pub(super) objects: f64,
}

/// How often a function runs, and what one run takes.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub(super) struct Job {
    pub(super) a_month: f64,
    /// DynamoDB's read units of one run; below, its write units.
    pub(super) reads: f64,
    pub(super) writes: f64,
    pub(super) emails: f64,
    pub(super) milliseconds: f64,
}

impl Default for Job {
    /// A function that mostly waits for two or three calls of some milliseconds each.
    fn default() -> Self {
        Self { a_month: 0.0, reads: 0.0, writes: 0.0, emails: 0.0, milliseconds: 25.0 }
    }
}

impl Usage {
    /// The usage of a service, by its name; none without a file.
    pub(super) fn read(repo: &Path, service: &Service) -> Result<Option<(String, Self)>> {
        let file = service.folder.join("usage.yaml");
        let text = match fs::read_to_string(repo.join(&file)) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", file.display())),
        };
        let usage = serde_norway::from_str(&text).with_context(|| format!("{} is not a usage", file.display()))?;
        Ok(Some((service.name.clone(), usage)))
    }

    /// The functions that it names.
    pub(super) fn functions(&self) -> impl Iterator<Item = &str> {
        [&self.requests, &self.jobs, &self.invocations].into_iter().flatten().map(|(name, _)| name.as_str())
    }
}
