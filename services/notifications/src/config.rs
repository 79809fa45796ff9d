//! Settings of the functions that need more than the table.

use lambda_kit::settings::{MissingSettings, Settings};

/// What a job needs that sends mail.
#[derive(Debug)]
pub(crate) struct MailConfig {
    /// The service's table, `TABLE_NAME`.
    pub(crate) table: String,
    /// The address that mail comes from, `MAIL_FROM`.
    pub(crate) from: String,
    /// The page's origin, `WEB_ORIGIN`, if there is a page.
    pub(crate) page: Option<String>,
}

impl MailConfig {
    pub(crate) fn from_env() -> Result<Self, MissingSettings> {
        Settings::read(|settings| Self {
            table: settings.text("TABLE_NAME"),
            from: settings.text("MAIL_FROM"),
            page: settings.optional_text("WEB_ORIGIN"),
        })
    }
}

/// What a job needs that makes or opens links to stop mail.
#[derive(Debug)]
pub(crate) struct UnsubscribeConfig {
    /// The ARN of the secret that signs them, `UNSUBSCRIBE_SECRET`.
    pub(crate) secret: String,
    /// The page's origin, `WEB_ORIGIN`, if there is a page.
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

/// What a job needs that reaches WebSockets.
#[derive(Debug)]
pub(crate) struct PushConfig {
    /// The service's table, `TABLE_NAME`.
    pub(crate) table: String,
    /// Where API Gateway lets the connections be reached. The SDK reads this setting too.
    /// Source: <https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html>
    pub(crate) sockets: String,
}

impl PushConfig {
    pub(crate) fn from_env() -> Result<Self, MissingSettings> {
        Settings::read(|settings| Self {
            table: settings.text("TABLE_NAME"),
            sockets: settings.text("AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI"),
        })
    }
}

/// Whose tokens the authorizer accepts.
#[derive(Debug)]
pub(crate) struct TokenConfig {
    /// The user pool's name in its tokens, `ISSUER`.
    pub(crate) issuer: String,
    /// The product's client of that pool, `AUDIENCE`.
    pub(crate) audience: String,
}

impl TokenConfig {
    pub(crate) fn from_env() -> Result<Self, MissingSettings> {
        Settings::read(|settings| Self { issuer: settings.text("ISSUER"), audience: settings.text("AUDIENCE") })
    }
}
