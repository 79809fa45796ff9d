//! The public keys with which the user pool's tokens are verified.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::http::HttpError;
use aws_smithy_types::byte_stream::ByteStream;
use aws_smithy_types::byte_stream::error::Error as BodyError;
use jsonwebtoken::jwk::{Jwk, JwkSet};
use lambda_kit::aws;
use tokio::sync::Mutex;
use tokio::time::{Instant, error::Elapsed, timeout};
use tracing::info;

/// A key id that is not known has the keys fetched again, but no more often than this: anybody can make one up.
const SHORTEST_AGE: Duration = Duration::from_mins(1);
/// How long the pool may take to give its keys.
const PATIENCE: Duration = Duration::from_secs(3);

/// A user pool's keys, fetched when they are first needed and kept as long as the process lives.
#[derive(Debug)]
pub(crate) struct Keys {
    address: String,
    known: Mutex<Option<Fetched>>,
}

#[derive(Debug)]
struct Fetched {
    keys: JwkSet,
    at: Instant,
}

/// Why the keys are not known.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeysError {
    #[error("the address of the keys is none")]
    Address(#[source] HttpError),
    #[error("the user pool did not give its keys within {} s", PATIENCE.as_secs())]
    TooSlow(#[source] Elapsed),
    #[error("the user pool could not be reached for its keys")]
    Unreachable(#[source] ConnectorError),
    #[error("the user pool answered {status} for its keys")]
    Refused { status: u16 },
    #[error("the user pool's keys broke off")]
    BrokenOff(#[source] BodyError),
    #[error("the user pool's keys are no set of keys")]
    Unreadable(#[source] serde_json::Error),
}

impl Keys {
    /// The keys of the pool that `issuer` names. They are under its address, unless the SDK's settings say that all of
    /// AWS is at another one (`AWS_ENDPOINT_URL`).
    pub(crate) fn of(issuer: &str, aws: &SdkConfig) -> Self {
        let pool = issuer.rsplit('/').next().unwrap_or_default();
        let issuer = aws.endpoint_url().map_or_else(|| issuer.to_owned(), |base| format!("{base}/{pool}"));
        Self { address: format!("{issuer}/.well-known/jwks.json"), known: Mutex::new(None) }
    }

    /// The key with this id. Those who ask meanwhile wait for the one who fetches.
    pub(crate) async fn find(&self, id: &str) -> Result<Option<Jwk>, KeysError> {
        let mut known = self.known.lock().await;
        if let Some(fetched) = &*known {
            let key = fetched.keys.find(id).cloned();
            if key.is_some() || fetched.at.elapsed() < SHORTEST_AGE {
                return Ok(key);
            }
        }
        let keys = timeout(PATIENCE, fetch(&self.address)).await.map_err(KeysError::TooSlow)??;
        info!(keys = keys.keys.len(), "fetched the user pool's keys");
        let key = keys.find(id).cloned();
        *known = Some(Fetched { keys, at: Instant::now() });
        Ok(key)
    }
}

async fn fetch(address: &str) -> Result<JwkSet, KeysError> {
    let request = HttpRequest::get(address).map_err(KeysError::Address)?;
    let response = aws::connector().call(request).await.map_err(KeysError::Unreachable)?;
    if !response.status().is_success() {
        return Err(KeysError::Refused { status: response.status().as_u16() });
    }
    let body = ByteStream::new(response.into_body()).collect().await.map_err(KeysError::BrokenOff)?;
    serde_json::from_slice(&body.into_bytes()).map_err(KeysError::Unreadable)
}
