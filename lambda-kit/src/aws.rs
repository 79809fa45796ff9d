//! The SDK's configuration, loaded once at init and shared by every client of a function.

use aws_config::{BehaviorVersion, SdkConfig};
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use tracing::warn;

use crate::telemetry;

/// The five roots of Amazon Trust Services, which issues the certificates of AWS's endpoints. Amazon asks those who
/// choose what they trust to take all five, and publishes the hashes of their keys.
///
/// Source: <https://www.amazontrust.com/repository/>
const AMAZON_ROOTS: &str = include_str!("aws/amazon-roots.pem");

/// Region, credentials and retries from the environment that Lambda gives.
///
/// The clients trust Amazon's own roots alone. The SDK's default is to parse every root of the system, which is in two
/// places on Lambda: most of a function's init.
pub async fn load() -> SdkConfig {
    let config = aws_config::defaults(BehaviorVersion::latest());
    let client = aws_smithy_http_client::Builder::new().tls_provider(Provider::rustls(CryptoMode::AwsLc));
    config.http_client(client.tls_context(trust()).build_https()).load().await
}

/// For the few documents of AWS that no SDK fetches, such as a user pool's keys: the same connections, the same trust.
#[must_use]
pub fn connector() -> Connector {
    Connector::builder().tls_provider(Provider::rustls(CryptoMode::AwsLc)).tls_context(trust()).build()
}

fn trust() -> TlsContext {
    let trust = TrustStore::empty().with_pem_certificate(AMAZON_ROOTS);
    TlsContext::builder().with_trust_store(trust).build().unwrap_or_else(|failure| {
        warn!(error.chain = telemetry::chain(&failure), "trusting the system's roots, which makes init longer");
        TlsContext::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_roots_are_five_and_the_sdk_reads_them() {
        assert_eq!(AMAZON_ROOTS.matches("-----BEGIN CERTIFICATE-----").count(), 5);
        // Making a client parses the roots, and panics on one that is none.
        aws_sdk_dynamodb::Client::new(&load().await);
    }
}
