//! The stack's secret, read once at init. It is not in an environment variable, which the console shows to everybody
//! who can read the function's configuration.

use aws_config::SdkConfig;
use lambda_runtime::Error;

use crate::domain::unsubscribe::UnsubscribeTokenSigner;

/// The signer with the secret of this ARN.
pub(crate) async fn unsubscribe_token_signer(aws: &SdkConfig, secret: &str) -> Result<UnsubscribeTokenSigner, Error> {
    let client = aws_sdk_secretsmanager::Client::new(aws);
    let value = client.get_secret_value().secret_id(secret).send().await?.secret_string.unwrap_or_default();
    UnsubscribeTokenSigner::new(&value)
        .ok_or_else(|| "the secret that signs unsubscribe links is empty: set a value in Secrets Manager".into())
}
