//! The environment that a command works on: the local cloud, or one in an AWS account.

use std::error::Error;
use std::iter;

use anyhow::{Result, anyhow, bail};
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_json::CallError;
use aws_sdk_cloudformation::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::config::{Credentials, SharedCredentialsProvider};

use crate::cloud::{Cloud, LocalCloud};
use crate::environments;
use crate::home::Home;

/// The name of the local cloud's environment.
pub(crate) const LOCAL: &str = "local";

const DEFAULT_REGION: &str = "eu-west-1";

/// An environment, and the settings of AWS clients for it.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// The environment's name, which is part of the names of stacks and parameters.
    pub(crate) env: String,
    /// Credentials, region and endpoint for every AWS client.
    pub(crate) sdk: SdkConfig,
    /// The local cloud; `None` on AWS.
    pub(crate) cloud: Option<Cloud>,
}

/// The owner of credentials.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) account: String,
    /// The user, or the session of a role.
    pub(crate) arn: String,
}

impl Target {
    /// The environment of a name: `local` is the running local cloud, any other is on AWS with the usual credentials, which
    /// must be of the account in its file.
    pub(crate) async fn for_environment(home: &Home, env: &str) -> Result<Self> {
        if env == LOCAL {
            return Ok(Self::local(LocalCloud::new(home).expect_running()?));
        }
        environments::expect(&home.repo, env)?;
        let target = Self::aws(env).await;
        environments::expect_account(&home.repo, env, &target.account().await?)?;
        Ok(target)
    }

    /// The environment of a running local cloud, independent of the developer's AWS settings.
    pub(crate) fn local(cloud: Cloud) -> Self {
        let root = Credentials::new("test", "test", None, None, "busline-local");
        let sdk = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(DEFAULT_REGION))
            .credentials_provider(SharedCredentialsProvider::new(root))
            .endpoint_url(cloud.endpoint())
            .build();
        Self { env: LOCAL.into(), sdk, cloud: Some(cloud) }
    }

    /// An environment on AWS with the usual credentials, of whatever account.
    pub(crate) async fn aws(env: &str) -> Self {
        let default = aws_config::meta::region::RegionProviderChain::default_provider().or_else(DEFAULT_REGION);
        let sdk = aws_config::defaults(BehaviorVersion::latest()).region(default).load().await;
        Self { env: env.into(), sdk, cloud: None }
    }

    /// The account's number; without credentials, an error that explains how to provide them.
    pub(crate) async fn account(&self) -> Result<String> {
        Ok(self.caller().await?.account)
    }

    /// The owner of the credentials.
    pub(crate) async fn caller(&self) -> Result<Caller> {
        let identity = aws_sdk_sts::Client::new(&self.sdk).get_caller_identity().send().await.map_err(|error| {
            let reason = explain(&error);
            if is_unreachable(&error) {
                return anyhow!(
                    "AWS cannot be reached in {} ({reason}): check the network and AWS_REGION",
                    self.region()
                );
            }
            let found = if reason.contains("no credentials found") {
                "there are no AWS credentials".to_owned()
            } else {
                format!("AWS refuses the credentials ({reason})")
            };
            anyhow!(
                "{found}. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or use a profile \
                 that has keys; for a single sign-on profile run \
                 `eval \"$(aws configure export-credentials --format env)\"` first"
            )
        })?;
        match identity.account.zip(identity.arn) {
            Some((account, arn)) => Ok(Caller { account, arn }),
            None => bail!("AWS returned no account number"),
        }
    }

    pub(crate) fn region(&self) -> &str {
        self.sdk.region().map_or(DEFAULT_REGION, Region::as_ref)
    }

    /// The base URL of an HTTP API, without a slash at its end.
    ///
    /// Stacks store the API's id, not its URL: the local cloud may change its port between two starts.
    /// A path without a stage reaches the `$default` stage, locally as on AWS.
    pub(crate) fn api_url(&self, api_id: &str) -> String {
        match self.cloud {
            Some(cloud) => format!("{}/_aws/execute-api/{api_id}", cloud.endpoint()),
            None => format!("https://{api_id}.execute-api.{}.amazonaws.com", self.region()),
        }
    }

    /// The URL of a WebSocket API's stage, from the stored id.
    pub(crate) fn websocket_url(&self, api_id: &str) -> String {
        match self.cloud {
            Some(cloud) => format!("{}/_aws/execute-api/{api_id}/live", cloud.endpoint().replacen("http", "ws", 1)),
            None => format!("wss://{api_id}.execute-api.{}.amazonaws.com/live", self.region()),
        }
    }

    /// A client for S3, with path-style addresses locally: 127.0.0.1 has no subdomains.
    pub(crate) fn s3(&self) -> aws_sdk_s3::Client {
        let config = aws_sdk_s3::config::Builder::from(&self.sdk).force_path_style(self.cloud.is_some()).build();
        aws_sdk_s3::Client::from_conf(config)
    }
}

/// Whether the request did not get as far as AWS, so that the credentials may be right.
fn is_unreachable<E, R>(error: &SdkError<E, R>) -> bool {
    match error {
        SdkError::TimeoutError(_) => true,
        SdkError::DispatchFailure(failure) => failure.is_io() || failure.is_timeout(),
        _ => false,
    }
}

/// AWS's error code and message, or why there was no response, in one line.
pub(crate) fn explain<E, R>(error: &SdkError<E, R>) -> String
where
    E: ProvideErrorMetadata + Error + 'static,
    R: std::fmt::Debug + 'static,
{
    if let Some(service) = error.as_service_error() {
        let Some(code) = service.code() else {
            return "the service failed and gave no reason: its log may tell".to_owned();
        };
        return format!("{code}: {}", service.message().unwrap_or("no message"));
    }
    causes(error)
}

/// An error and its sources, in one line.
pub(crate) fn causes(error: &(dyn Error + 'static)) -> String {
    let chain = iter::successors(Some(error), |&error| error.source());
    chain.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// An error with the operation that failed and AWS's response.
pub(crate) fn failed<E, R>(doing: &str) -> impl FnOnce(SdkError<E, R>) -> anyhow::Error
where
    E: ProvideErrorMetadata + Error + 'static,
    R: std::fmt::Debug + 'static,
{
    move |error| anyhow!("cannot {doing}: {}", explain(&error))
}

/// The same for a call through `aws-json`.
pub(crate) fn call_failed(doing: &str) -> impl FnOnce(CallError) -> anyhow::Error {
    move |error| match error.refusal() {
        Some(refusal) => anyhow!("cannot {doing}: {refusal}"),
        None => anyhow!("cannot {doing}: {}", causes(&error)),
    }
}
