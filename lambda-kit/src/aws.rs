//! The AWS SDK's configuration, loaded once at init and shared by all clients of a function.

use aws_config::{BehaviorVersion, SdkConfig};
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use tokio::sync::OnceCell;
use tracing::warn;

use crate::telemetry;

/// The five root certificates of Amazon Trust Services, which issues the certificates of AWS's endpoints. Amazon asks
/// clients with their own trust store to include all five, and publishes the hashes of their keys.
///
/// Source: <https://www.amazontrust.com/repository/>
const AMAZON_ROOTS: &str = include_str!("aws/amazon-roots.pem");

/// All clients of a function have one configuration, and with it one pool of connections.
static CONFIG: OnceCell<SdkConfig> = OnceCell::const_new();

/// Loads region, credentials and retries from the environment that Lambda sets, at the first call.
///
/// The clients trust only Amazon's root certificates. By default the SDK parses every root certificate of the system,
/// which takes most of a function's init.
pub async fn load() -> SdkConfig {
    CONFIG.get_or_init(load_once).await.clone()
}

async fn load_once() -> SdkConfig {
    let config = aws_config::defaults(BehaviorVersion::latest());
    let client = aws_smithy_http_client::Builder::new().tls_provider(Provider::rustls(CryptoMode::AwsLc));
    config.http_client(client.tls_context(trust_store()).build_https()).load().await
}

/// An HTTP connector for AWS documents that no SDK fetches, such as a user pool's keys. It trusts the same certificates.
#[must_use]
pub fn connector() -> Connector {
    Connector::builder().tls_provider(Provider::rustls(CryptoMode::AwsLc)).tls_context(trust_store()).build()
}

fn trust_store() -> TlsContext {
    let store = TrustStore::empty().with_pem_certificate(AMAZON_ROOTS);
    TlsContext::builder().with_trust_store(store).build().unwrap_or_else(|failure| {
        warn!(
            error.chain = telemetry::chain(&failure),
            "using the system's root certificates, which makes init longer"
        );
        TlsContext::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_sdk_reads_all_five_root_certificates() {
        assert_eq!(AMAZON_ROOTS.matches("-----BEGIN CERTIFICATE-----").count(), 5);
        // Making a client parses the certificates, and panics on an invalid one.
        aws_sdk_dynamodb::Client::new(&load().await);
    }
}
