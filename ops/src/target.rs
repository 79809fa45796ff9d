//! Where the queues are: the running local cloud, or AWS with the standard settings.
#![allow(clippy::disallowed_methods, reason = "a command-line tool reads its environment here, and nowhere else")]

use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::{Context, Result};
use aws_config::{BehaviorVersion, Region, SdkConfig};
use serde::Deserialize;

const DEFAULT_REGION: &str = "eu-west-1";

/// How to reach an environment. `AWS_ENDPOINT_URL` wins; without it `local` is the cloud that `cargo xtask up` started.
///
/// # Errors
/// When the local cloud does not run.
pub(crate) async fn connect(env: &str) -> Result<SdkConfig> {
    let region = aws_config::meta::region::RegionProviderChain::default_provider().or_else(DEFAULT_REGION);
    let settings = aws_config::defaults(BehaviorVersion::latest());
    if env != "local" || env::var("AWS_ENDPOINT_URL").is_ok() {
        return Ok(settings.region(region).load().await);
    }
    let root = aws_sdk_sqs::config::Credentials::new("test", "test", None, None, "busline-local");
    let settings = settings.region(Region::new(DEFAULT_REGION)).credentials_provider(root);
    Ok(settings.endpoint_url(local_endpoint()?).load().await)
}

/// What the local cloud's launcher writes of itself.
#[derive(Deserialize)]
struct Running {
    port: u16,
}

fn local_endpoint() -> Result<String> {
    let home = env::var("BUSLINE_HOME").map_or_else(|_| repository().join(".busline"), PathBuf::from);
    let record = home.join("cloud/lock.json");
    let text = fs::read_to_string(&record).context("the local cloud is not running: start it with `cargo xtask up`")?;
    let running: Running =
        serde_json::from_str(&text).context("the local cloud is not running: start it with `cargo xtask up`")?;
    Ok(format!("http://127.0.0.1:{}", running.port))
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
