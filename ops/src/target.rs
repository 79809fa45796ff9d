//! Where the queues are: the running local cloud, or AWS or any endpoint with the standard settings.
#![allow(clippy::disallowed_methods, reason = "a command-line tool reads its environment here, and nowhere else")]

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{env, io};

use anyhow::{Context, Result, bail, ensure};
use aws_config::meta::region::RegionProviderChain;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sqs::config::Credentials;
use serde::Deserialize;

use crate::dlq::queue::WrongUse;

/// The environment that the local cloud runs.
pub const LOCAL: &str = "local";

const DEFAULT_REGION: &str = "eu-west-1";

/// Longer than SQS waits for messages, 20 s.
const ATTEMPT: Duration = Duration::from_secs(30);

/// Any of these says that somebody means AWS, or an endpoint of their own.
const AWS_SETTINGS: [&str; 4] = ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SQS", "AWS_PROFILE", "AWS_ACCESS_KEY_ID"];

/// Where commands go.
#[derive(Clone, Debug)]
pub struct Target {
    /// The settings of AWS clients.
    pub sdk: SdkConfig,
    /// The environment whose services are meant by name.
    pub env: String,
    /// Somebody named the environment, or it is the local cloud: there is a Busline here.
    pub is_busline: bool,
}

/// How to reach an environment, and a queue if its URL is given.
///
/// `AWS_ENDPOINT_URL` wins always. Without it, `local` is the cloud that `cargo xtask up` started, and every other
/// environment is AWS with the standard settings. When no environment is named, AWS settings or a queue's URL say where
/// to go; without any of them it is the local cloud.
///
/// # Errors
/// [`WrongUse`] when the environment names an endpoint that is none; else when the local cloud is meant and does not run.
pub async fn connect(env: Option<&str>, queue: Option<&str>) -> Result<Target> {
    check_endpoints()?;
    let name = env.unwrap_or(LOCAL).to_owned();
    let url = queue.filter(|queue| queue.starts_with("http://") || queue.starts_with("https://"));
    if has_endpoint() || name != LOCAL {
        return Ok(Target { sdk: aws(url).await, env: name, is_busline: env.is_some() });
    }
    if env.is_none() {
        if url.is_some_and(is_of_local_cloud) {
            return Ok(Target { sdk: local(&local_endpoint()?).await, env: name, is_busline: true });
        }
        if url.is_some() || AWS_SETTINGS.iter().any(|setting| env::var(setting).is_ok()) {
            return Ok(Target { sdk: aws(url).await, env: name, is_busline: false });
        }
    }
    Ok(Target { sdk: local(&local_endpoint()?).await, env: name, is_busline: true })
}

/// The same account and region at another endpoint, which wins over `AWS_ENDPOINT_URL` and a profile's `endpoint_url`.
pub async fn elsewhere(sdk: &SdkConfig, endpoint: &str) -> SdkConfig {
    // `SdkConfig::to_builder` would keep the environment's endpoint before this one.
    let mut settings =
        aws_config::defaults(BehaviorVersion::latest()).endpoint_url(endpoint).timeout_config(timeouts());
    if let Some(region) = sdk.region() {
        settings = settings.region(region.clone());
    }
    if let Some(credentials) = sdk.credentials_provider() {
        settings = settings.credentials_provider(credentials);
    }
    settings.load().await
}

/// Where the CLI keeps what it must remember: `ops` beside the local cloud's state in a checkout of this repository,
/// else `busline-ops` in the user's state folder.
///
/// Source: <https://specifications.freedesktop.org/basedir-spec/latest/>
///
/// # Errors
/// When there is no checkout and no home folder.
pub fn state_dir() -> Result<PathBuf> {
    if env::var_os("BUSLINE_HOME").is_some() || repository().is_dir() {
        return Ok(home().join("ops"));
    }
    let state = env::var_os("XDG_STATE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let state = state.or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".local/state")));
    Ok(state.context("there is no folder to remember things in: set XDG_STATE_HOME or HOME")?.join("busline-ops"))
}

/// Whether it is a URL that a client can be pointed at.
#[must_use]
pub fn is_endpoint(url: &str) -> bool {
    let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
    let host = rest.and_then(|rest| rest.split(['/', '?', '#']).next()).unwrap_or_default();
    !host.starts_with(':') && !host.is_empty() && url.chars().all(|character| character.is_ascii_graphic())
}

/// The AWS clients would end in the middle of a command over an endpoint that is none, and an empty one is no request for
/// AWS itself.
fn check_endpoints() -> Result<()> {
    for (name, url) in env::vars_os().map(|(name, url)| (name.to_string_lossy().into_owned(), url)) {
        let url = url.to_string_lossy();
        let is_right = !name.starts_with("AWS_ENDPOINT_URL") || is_endpoint(&url);
        let says =
            || format!("{name} is `{url}`, which is no URL: give one such as http://127.0.0.1:4566, or unset it");
        ensure!(is_right, WrongUse(says()));
    }
    Ok(())
}

/// The standard settings; a queue's URL on AWS names its region.
async fn aws(url: Option<&str>) -> SdkConfig {
    let of_url = url.and_then(region_of).map(Region::new);
    let region = RegionProviderChain::first_try(of_url).or_default_provider().or_else(DEFAULT_REGION);
    let settings = aws_config::defaults(BehaviorVersion::latest()).region(region).timeout_config(timeouts());
    match url.and_then(strangers_endpoint).filter(|_| !has_endpoint()) {
        Some(endpoint) => settings.endpoint_url(endpoint).load().await,
        None => settings.load().await,
    }
}

async fn local(endpoint: &str) -> SdkConfig {
    let root = Credentials::new("test", "test", None, None, "busline-local");
    let settings = aws_config::defaults(BehaviorVersion::latest()).region(Region::new(DEFAULT_REGION));
    settings.credentials_provider(root).endpoint_url(endpoint).timeout_config(timeouts()).load().await
}

fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder().connect_timeout(Duration::from_secs(5)).operation_attempt_timeout(ATTEMPT).build()
}

fn has_endpoint() -> bool {
    env::var("AWS_ENDPOINT_URL").is_ok() || env::var("AWS_ENDPOINT_URL_SQS").is_ok()
}

/// Where a queue's URL leads when it is not AWS: its origin serves the queue.
fn strangers_endpoint(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.split('/').next()?;
    let host = authority.split(':').next()?;
    let is_aws = [".amazonaws.com", ".amazonaws.com.cn", ".api.aws"].iter().any(|domain| host.ends_with(domain));
    (!is_aws).then(|| format!("{scheme}://{authority}"))
}

/// `https://sqs.<region>.amazonaws.com/…`
fn region_of(url: &str) -> Option<String> {
    let host = url.split("://").nth(1)?.split('/').next()?;
    let region = host.strip_prefix("sqs.")?.split_once(".amazonaws.com")?.0;
    Some(region.to_owned())
}

fn is_of_local_cloud(url: &str) -> bool {
    let Ok(port) = local_port() else { return false };
    let origins = ["127.0.0.1", "localhost"].map(|host| format!("http://{host}:{port}/"));
    origins.iter().any(|origin| url.starts_with(origin))
}

/// What the local cloud's launcher writes of itself.
#[derive(Deserialize)]
struct Running {
    port: u16,
}

fn local_endpoint() -> Result<String> {
    Ok(format!("http://127.0.0.1:{}", local_port()?))
}

fn local_port() -> Result<u16> {
    const STOPPED: &str = "the local cloud is not running: start it with `cargo xtask up`, or set AWS_ENDPOINT_URL, \
                           AWS_PROFILE or --env to look elsewhere";
    let home = home();
    let record = match File::open(home.join("cloud/lock.json")) {
        Ok(record) => record,
        Err(error) if error.kind() == io::ErrorKind::NotFound => bail!(STOPPED),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", home.display())),
    };
    // The cloud holds the lock for its whole life; the file of a cloud that was killed is free.
    match record.try_lock_shared() {
        Ok(()) => bail!(STOPPED),
        Err(TryLockError::WouldBlock) => {}
        Err(TryLockError::Error(error)) => return Err(error).context("cannot see whether the local cloud runs"),
    }
    let running: Running = serde_json::from_reader(record).context("the local cloud is just starting: try again")?;
    Ok(running.port)
}

/// The folder of the local cloud's state.
fn home() -> PathBuf {
    env::var_os("BUSLINE_HOME").map_or_else(|| repository().join(".busline"), PathBuf::from)
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

#[cfg(test)]
mod tests {
    use super::{is_endpoint, region_of, strangers_endpoint};

    #[test]
    fn an_endpoint_is_a_url_with_a_host() {
        let right = ["http://127.0.0.1:4566", "https://sqs.eu-west-1.amazonaws.com/", "http://[::1]:1/x"];
        assert!(right.iter().all(|url| is_endpoint(url)));
        let wrong = ["", "nonsense", "not a url", "ftp://x", "http://", "https:///x", "http://:80", "http://a b"];
        assert!(wrong.iter().all(|url| !is_endpoint(url)));
    }

    #[test]
    fn a_queue_elsewhere_is_asked_where_its_url_leads() {
        let endpoint = |url| strangers_endpoint(url);
        assert_eq!(endpoint("http://127.0.0.1:14777/0/q").as_deref(), Some("http://127.0.0.1:14777"));
        assert_eq!(endpoint("https://sqs.us-east-2.amazonaws.com/123456789012/q"), None);
        assert_eq!(endpoint("https://sqs.cn-north-1.amazonaws.com.cn/123456789012/q"), None);
    }

    #[test]
    fn a_queues_url_on_aws_names_its_region() {
        let region = |url| region_of(url);
        assert_eq!(region("https://sqs.us-east-2.amazonaws.com/123456789012/q").as_deref(), Some("us-east-2"));
        assert_eq!(region("https://sqs.cn-north-1.amazonaws.com.cn/123456789012/q").as_deref(), Some("cn-north-1"));
        assert_eq!(region("http://localhost:4566/000000000000/q"), None);
    }
}
