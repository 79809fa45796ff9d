//! The stack's secret, read once at init: it is in no environment variable, which the console and every reader of the
//! function's settings would show.

use aws_config::SdkConfig;
use lambda_runtime::Error;

use crate::domain::unsubscribe::Seal;

/// The seal of the secret with this ARN.
pub(crate) async fn seal(aws: &SdkConfig, secret: &str) -> Result<Seal, Error> {
    let client = aws_sdk_secretsmanager::Client::new(aws);
    let value = client.get_secret_value().secret_id(secret).send().await?.secret_string.unwrap_or_default();
    Seal::new(&value).ok_or_else(|| "the secret that signs links is empty; give it a value".into())
}
