//! Environment variables of the functions that need more than the table.

use lambda_kit::settings::{MissingSettings, Settings};

/// For jobs that send emails.
#[derive(Debug)]
pub(crate) struct EmailConfig {
    /// The service's table, `TABLE_NAME`.
    pub(crate) table: String,
    /// The sender's address, `MAIL_FROM`.
    pub(crate) from: String,
    /// Where SES reports what becomes of the emails, `MAIL_CONFIGURATION_SET`.
    pub(crate) configuration_set: String,
    /// The origin of the page, `WEB_ORIGIN`, if there is one.
    pub(crate) page: Option<String>,
}

impl EmailConfig {
    pub(crate) fn from_env() -> Result<Self, MissingSettings> {
        Settings::read(|settings| Self {
            table: settings.text("TABLE_NAME"),
            from: settings.text("MAIL_FROM"),
            configuration_set: settings.text("MAIL_CONFIGURATION_SET"),
            page: settings.optional_text("WEB_ORIGIN"),
        })
    }
}

/// For jobs that sign or verify unsubscribe links.
#[derive(Debug)]
pub(crate) struct UnsubscribeConfig {
    /// The ARN of the secret that signs the links, `UNSUBSCRIBE_SECRET`.
    pub(crate) secret: String,
    /// The origin of the page, `WEB_ORIGIN`, if there is one.
    pub(crate) page: Option<String>,
}

impl UnsubscribeConfig {
    pub(crate) fn from_env() -> Result<Self, MissingSettings> {
        Settings::read(|settings| Self {
            secret: settings.text("UNSUBSCRIBE_SECRET"),
            page: settings.optional_text("WEB_ORIGIN"),
        })
    }
}

/// For jobs that send messages to WebSocket connections.
#[derive(Debug)]
pub(crate) struct WebSocketConfig {
    /// The service's table, `TABLE_NAME`.
    pub(crate) table: String,
    /// The endpoint of the management API of API Gateway. The SDK reads this variable too.
    /// Source: <https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html>
    pub(crate) endpoint: String,
}

impl WebSocketConfig {
    pub(crate) fn from_env() -> Result<Self, MissingSettings> {
        Settings::read(|settings| Self {
            table: settings.text("TABLE_NAME"),
            endpoint: settings.text("AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI"),
        })
    }
}

/// For the authorizer, which verifies access tokens.
#[derive(Debug)]
pub(crate) struct TokenConfig {
    /// The issuer in the tokens of the user pool, `ISSUER`.
    pub(crate) issuer: String,
    /// The id of the user pool's client, `AUDIENCE`.
    pub(crate) audience: String,
}

impl TokenConfig {
    pub(crate) fn from_env() -> Result<Self, MissingSettings> {
        Settings::read(|settings| Self { issuer: settings.text("ISSUER"), audience: settings.text("AUDIENCE") })
    }
}
