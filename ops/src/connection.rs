//! How to reach the queues: in the running local cloud, or in AWS or at any endpoint with the standard settings.
#![allow(clippy::disallowed_methods, reason = "environment variables are read here and nowhere else in the engine")]

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use std::{env, io};

use anyhow::{Context, Result, bail, ensure};
use aws_config::meta::region::RegionProviderChain;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_json::ssm::parameters_by_path;
use aws_sdk_sqs::config::Credentials;
use serde::Deserialize;
use tokio::sync::OnceCell;

use crate::deployment::Deployment;
use crate::error::{self, UsageError};
use crate::names;

/// The environment of the local cloud.
pub const LOCAL: &str = "local";

const DEFAULT_REGION: &str = "eu-west-1";

/// How long names for an error text may take.
const SUGGESTION_TIMEOUT: Duration = Duration::from_secs(5);

/// Longer than SQS waits for messages, 20 s.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(30);

/// For a call with all its attempts. An endpoint that does not answer is reported after this time.
const OPERATION_TIMEOUT: Duration = Duration::from_secs(45);

/// Any of these variables means that the operator wants AWS, or another endpoint than the local cloud.
const AWS_SETTINGS: [&str; 4] = ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SQS", "AWS_PROFILE", "AWS_ACCESS_KEY_ID"];

/// How to reach an environment.
#[derive(Clone, Debug)]
pub struct Connection {
    /// The settings of AWS clients.
    pub sdk: SdkConfig,
    /// The environment of services that are given by name.
    pub env: String,
    /// The operator named the environment, or it is the local cloud. Otherwise the account may have nothing to do with
    /// Busline, and no deployment is looked for.
    pub is_busline: bool,
    deployment: Arc<OnceCell<Deployment>>,
}

impl Connection {
    fn new(sdk: SdkConfig, env: String, is_busline: bool) -> Self {
        places(&sdk).into_iter().for_each(error::add_place);
        Self { sdk, env, is_busline, deployment: Arc::default() }
    }

    /// The services of the environment, read once.
    ///
    /// # Errors
    /// When SSM fails.
    pub async fn deployment(&self) -> Result<&Deployment> {
        let deployment = self.deployment.get_or_try_init(|| Deployment::discover(&self.sdk, &self.env)).await;
        deployment.inspect(|_| record_answer())
    }

    /// What the names of the environment's queues begin with, if it is one of this product.
    #[must_use]
    pub fn prefix(&self) -> Option<String> {
        self.is_busline.then(|| format!("busline-{}-", self.env))
    }

    /// A question with the names of existing environments that are similar to this one; empty when they cannot be read.
    pub async fn similar_environments(&self) -> String {
        let read = tokio::time::timeout(SUGGESTION_TIMEOUT, parameters_by_path(&self.sdk, "/busline/"));
        let Ok(Ok(parameters)) = read.await else { return String::new() };
        let mut environments: Vec<&str> = parameters.keys().filter_map(|name| name.split('/').nth(2)).collect();
        environments.dedup();
        names::suggestion(&self.env, &environments)
    }

    /// The services of the environment; none where no environment was named, or they may not be read. For names in
    /// output, where a missing permission must not stop the command.
    pub async fn known_services(&self) -> Deployment {
        if !self.is_busline {
            return Deployment::unknown_services(&self.env);
        }
        self.deployment().await.cloned().unwrap_or_else(|_| Deployment::unknown_services(&self.env))
    }
}

/// Where the clients with these settings call: queues perhaps elsewhere than the other services.
fn places(sdk: &SdkConfig) -> Vec<String> {
    let region = sdk.region().map_or("unknown", Region::as_ref);
    let place = sdk.endpoint_url().map_or_else(|| format!("AWS in the region {region}"), str::to_owned);
    // An endpoint that this program has set wins over the environment's.
    let is_set_here = sdk.get_origin("endpoint_url").is_client_config();
    let of_queues = env::var("AWS_ENDPOINT_URL_SQS").ok().filter(|_| !is_set_here);
    of_queues.into_iter().chain([place]).collect()
}

/// Connects to an environment, or to where a queue's URL leads.
///
/// `AWS_ENDPOINT_URL` always wins. Without it, `local` is the cloud that `cargo xtask up` started, and every other
/// environment is AWS with the standard settings. When no environment is named, AWS settings or a queue's URL decide;
/// without any of them it is the local cloud.
///
/// # Errors
/// [`UsageError`] when an environment variable holds an endpoint that is not a URL; also when the local cloud is meant
/// and is not running.
pub async fn connect(env: Option<&str>, queue: Option<&str>) -> Result<Connection> {
    check_endpoints()?;
    let name = env.unwrap_or(LOCAL).to_owned();
    let url = queue.filter(|queue| queue.starts_with("http://") || queue.starts_with("https://"));
    if has_endpoint() || name != LOCAL {
        return Ok(Connection::new(aws(url).await, name, env.is_some()));
    }
    if env.is_none() {
        if url.is_some_and(is_in_local_cloud) {
            return Ok(Connection::new(local(&local_endpoint()?).await, name, true));
        }
        if url.is_some() || AWS_SETTINGS.iter().any(|setting| env::var(setting).is_ok()) {
            return Ok(Connection::new(aws(url).await, name, false));
        }
    }
    Ok(Connection::new(local(&local_endpoint()?).await, name, true))
}

/// Whether AWS has answered a call of this process.
static HAS_ANSWERED: AtomicBool = AtomicBool::new(false);

/// Records that AWS has answered.
pub(crate) fn record_answer() {
    HAS_ANSWERED.store(true, Ordering::Relaxed);
}

/// Whether AWS has answered a call of this process.
#[must_use]
pub fn has_answered() -> bool {
    HAS_ANSWERED.load(Ordering::Relaxed)
}

/// The same credentials and region at another endpoint, which wins over `AWS_ENDPOINT_URL` and a profile's
/// `endpoint_url`.
pub async fn with_endpoint(sdk: &SdkConfig, endpoint: &str) -> SdkConfig {
    // `SdkConfig::to_builder` would keep the environment's endpoint before this one.
    let mut settings =
        aws_config::defaults(BehaviorVersion::latest()).endpoint_url(endpoint).timeout_config(timeouts());
    if let Some(region) = sdk.region() {
        settings = settings.region(region.clone());
    }
    if let Some(credentials) = sdk.credentials_provider() {
        settings = settings.credentials_provider(credentials);
    }
    error::add_place(endpoint.to_owned());
    settings.load().await
}

/// The folder for journals and depths: `ops` beside the local cloud's state in a checkout of this repository, otherwise
/// `busline-ops` in the user's state folder.
///
/// <https://specifications.freedesktop.org/basedir-spec/latest/>
///
/// # Errors
/// When there is no checkout and no home folder.
pub fn state_dir() -> Result<PathBuf> {
    if env::var_os("BUSLINE_HOME").is_some() || repository().is_dir() {
        return Ok(home().join("ops"));
    }
    let state = env::var_os("XDG_STATE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let state = state.or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".local/state")));
    Ok(state.context("no folder for state is known: set XDG_STATE_HOME or HOME")?.join("busline-ops"))
}

/// The folder of the journals of replays.
///
/// # Errors
/// As [`state_dir`].
pub fn journals_dir() -> Result<PathBuf> {
    Ok(state_dir()?.join("replays"))
}

/// Whether it is a URL that a client can be pointed at.
#[must_use]
pub fn is_endpoint(url: &str) -> bool {
    let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
    let host = rest.and_then(|rest| rest.split(['/', '?', '#']).next()).unwrap_or_default();
    !host.starts_with(':') && !host.is_empty() && url.chars().all(|character| character.is_ascii_graphic())
}

/// Checked first, because the AWS clients would otherwise panic in the middle of a command.
fn check_endpoints() -> Result<()> {
    for (name, url) in env::vars_os().map(|(name, url)| (name.to_string_lossy().into_owned(), url)) {
        let url = url.to_string_lossy();
        let is_valid = !name.starts_with("AWS_ENDPOINT_URL") || is_endpoint(&url);
        let explanation =
            || format!("{name} is `{url}`, which is not a URL: use one such as http://127.0.0.1:4566, or unset it");
        ensure!(is_valid, UsageError(explanation()));
    }
    Ok(())
}

/// The standard settings. A queue's URL in AWS names its region.
async fn aws(url: Option<&str>) -> SdkConfig {
    let region_of_url = url.and_then(region_in_url).map(Region::new);
    let region = RegionProviderChain::first_try(region_of_url).or_default_provider().or_else(DEFAULT_REGION);
    let settings = aws_config::defaults(BehaviorVersion::latest()).region(region).timeout_config(timeouts());
    match url.and_then(custom_endpoint).filter(|_| !has_endpoint()) {
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
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(5))
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .operation_timeout(OPERATION_TIMEOUT)
        .build()
}

fn has_endpoint() -> bool {
    env::var("AWS_ENDPOINT_URL").is_ok() || env::var("AWS_ENDPOINT_URL_SQS").is_ok()
}

/// The origin of a queue's URL, unless it is AWS.
fn custom_endpoint(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.split('/').next()?;
    let host = authority.split(':').next()?;
    let is_aws = [".amazonaws.com", ".amazonaws.com.cn", ".api.aws"].iter().any(|domain| host.ends_with(domain));
    (!is_aws).then(|| format!("{scheme}://{authority}"))
}

/// The region in the URL of a queue of AWS: `https://sqs.<region>.amazonaws.com/…`
fn region_in_url(url: &str) -> Option<String> {
    let host = url.split("://").nth(1)?.split('/').next()?;
    let region = host.strip_prefix("sqs.")?.split_once(".amazonaws.com")?.0;
    Some(region.to_owned())
}

fn is_in_local_cloud(url: &str) -> bool {
    let Ok(port) = local_port() else { return false };
    let origins = ["127.0.0.1", "localhost"].map(|host| format!("http://{host}:{port}/"));
    origins.iter().any(|origin| url.starts_with(origin))
}

/// The lock file that the local cloud's launcher writes.
#[derive(Deserialize)]
struct LockFile {
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
    // The cloud holds the lock while it runs; a file that a killed cloud left behind is not locked.
    match record.try_lock_shared() {
        Ok(()) => bail!(STOPPED),
        Err(TryLockError::WouldBlock) => {}
        Err(TryLockError::Error(error)) => {
            return Err(error).context("cannot check whether the local cloud is running");
        }
    }
    let lock: LockFile = serde_json::from_reader(record).context("the local cloud is still starting: try again")?;
    Ok(lock.port)
}

/// The folder of the local cloud's state.
fn home() -> PathBuf {
    env::var_os("BUSLINE_HOME").map_or_else(|| repository().join(".busline"), PathBuf::from)
}

fn repository() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package).to_owned()
}

#[cfg(test)]
mod tests {
    use super::{custom_endpoint, is_endpoint, region_in_url};

    #[test]
    fn an_endpoint_is_a_url_with_a_host() {
        let right = ["http://127.0.0.1:4566", "https://sqs.eu-west-1.amazonaws.com/", "http://[::1]:1/x"];
        assert!(right.iter().all(|url| is_endpoint(url)));
        let wrong = ["", "nonsense", "not a url", "ftp://x", "http://", "https:///x", "http://:80", "http://a b"];
        assert!(wrong.iter().all(|url| !is_endpoint(url)));
    }

    #[test]
    fn a_queue_outside_aws_is_reached_at_the_origin_of_its_url() {
        let endpoint = |url| custom_endpoint(url);
        assert_eq!(endpoint("http://127.0.0.1:14777/0/q").as_deref(), Some("http://127.0.0.1:14777"));
        assert_eq!(endpoint("https://sqs.us-east-2.amazonaws.com/123456789012/q"), None);
        assert_eq!(endpoint("https://sqs.cn-north-1.amazonaws.com.cn/123456789012/q"), None);
    }

    #[test]
    fn a_queue_url_of_aws_names_its_region() {
        let region = |url| region_in_url(url);
        assert_eq!(region("https://sqs.us-east-2.amazonaws.com/123456789012/q").as_deref(), Some("us-east-2"));
        assert_eq!(region("https://sqs.cn-north-1.amazonaws.com.cn/123456789012/q").as_deref(), Some("cn-north-1"));
        assert_eq!(region("http://localhost:4566/000000000000/q"), None);
    }
}
