//! What of a stack was deployed last and passed its smoke test: a later deployment that fails returns to it.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use aws_sdk_s3::Client;
use aws_sdk_s3::error::SdkError;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::aws::{self, Target};

/// A deployment that passed its smoke test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Release {
    /// The time of its smoke test.
    pub(crate) at: Timestamp,
    pub(crate) template: String,
    pub(crate) parameters: BTreeMap<String, String>,
}

impl Release {
    /// Whether another deployment runs the same code with the same settings.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        (&self.template, &self.parameters) == (&other.template, &other.parameters)
    }
}

/// The releases of an environment, in its bucket of artifacts: one object for each stack.
#[derive(Debug)]
pub(crate) struct Releases<'a> {
    client: Client,
    bucket: &'a str,
}

impl<'a> Releases<'a> {
    pub(crate) fn new(target: &Target, bucket: &'a str) -> Self {
        Self { client: target.s3(), bucket }
    }

    /// The last release of a stack; none before its first.
    pub(crate) async fn last(&self, stack: &str) -> Result<Option<Release>> {
        let found = self.client.get_object().bucket(self.bucket).key(key(stack)).send().await;
        let object = match found {
            Err(SdkError::ServiceError(error)) if error.err().is_no_such_key() => return Ok(None),
            found => found.map_err(aws::failed("read the last release"))?,
        };
        let text = object.body.collect().await.context("cannot read the last release")?.into_bytes();
        serde_json::from_slice(&text).map(Some).with_context(|| format!("{} is not a release", key(stack)))
    }

    pub(crate) async fn keep(&self, stack: &str, release: &Release) -> Result<()> {
        let body = serde_json::to_vec(release)?;
        let put = self.client.put_object().bucket(self.bucket).key(key(stack)).body(body.into());
        put.send().await.map(drop).map_err(aws::failed("keep the release"))
    }
}

fn key(stack: &str) -> String {
    format!("releases/{stack}.json")
}
