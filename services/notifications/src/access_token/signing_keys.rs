//! The public keys of the user pool, which sign its tokens.

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

/// The minimum time between two requests. An unknown key id causes a request, and any caller can invent one.
const MIN_REFRESH_INTERVAL: Duration = Duration::from_mins(1);
/// The timeout of a request.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(3);

/// The keys of a user pool, fetched when they are first needed and cached for the life of the process.
#[derive(Debug)]
pub(crate) struct SigningKeys {
    url: String,
    cached: Mutex<Option<CachedKeys>>,
}

#[derive(Debug)]
struct CachedKeys {
    keys: JwkSet,
    fetched_at: Instant,
}

/// Why the keys are not available.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SigningKeysError {
    #[error("the URL of the user pool's keys is not valid")]
    InvalidUrl(#[source] HttpError),
    #[error("the user pool did not return its keys within {} s", REQUEST_TIMEOUT.as_secs())]
    Timeout(#[source] Elapsed),
    #[error("the user pool could not be reached to fetch its keys")]
    Unreachable(#[source] ConnectorError),
    #[error("the user pool answered with status {status} instead of its keys")]
    Refused { status: u16 },
    #[error("the connection failed while the user pool's keys were read")]
    Interrupted(#[source] BodyError),
    #[error("the user pool's answer is not a JSON Web Key Set")]
    Invalid(#[source] serde_json::Error),
}

impl SigningKeys {
    /// The keys of the user pool `issuer`. They are at the issuer's URL, unless `AWS_ENDPOINT_URL` replaces the
    /// endpoint of all AWS services.
    pub(crate) fn for_issuer(issuer: &str, aws: &SdkConfig) -> Self {
        let pool = issuer.rsplit('/').next().unwrap_or_default();
        let issuer = aws.endpoint_url().map_or_else(|| issuer.to_owned(), |base| format!("{base}/{pool}"));
        Self { url: format!("{issuer}/.well-known/jwks.json"), cached: Mutex::new(None) }
    }

    /// The key with this id. Concurrent calls wait for one request.
    pub(crate) async fn find(&self, id: &str) -> Result<Option<Jwk>, SigningKeysError> {
        let mut cached = self.cached.lock().await;
        if let Some(current) = &*cached {
            let key = current.keys.find(id).cloned();
            if key.is_some() || current.fetched_at.elapsed() < MIN_REFRESH_INTERVAL {
                return Ok(key);
            }
        }
        let keys = timeout(REQUEST_TIMEOUT, fetch(&self.url)).await.map_err(SigningKeysError::Timeout)??;
        info!(keys = keys.keys.len(), "fetched the user pool's keys");
        let key = keys.find(id).cloned();
        *cached = Some(CachedKeys { keys, fetched_at: Instant::now() });
        Ok(key)
    }
}

async fn fetch(url: &str) -> Result<JwkSet, SigningKeysError> {
    let request = HttpRequest::get(url).map_err(SigningKeysError::InvalidUrl)?;
    let response = aws::connector().call(request).await.map_err(SigningKeysError::Unreachable)?;
    if !response.status().is_success() {
        return Err(SigningKeysError::Refused { status: response.status().as_u16() });
    }
    let body = ByteStream::new(response.into_body()).collect().await.map_err(SigningKeysError::Interrupted)?;
    serde_json::from_slice(&body.into_bytes()).map_err(SigningKeysError::Invalid)
}
