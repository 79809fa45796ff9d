//! Settings of the functions that need more than the table.

use lambda_kit::settings::{MissingSettings, Settings};

/// What a job needs that sends mail.
#[derive(Debug)]
pub(crate) struct MailConfig {
    /// The service's table, `TABLE_NAME`.
    pub(crate) table: String,
    /// The address that mail comes from, `MAIL_FROM`.
    pub(crate) from: String,
}

impl MailConfig {
    pub(crate) fn from_env() -> Result<Self, MissingSettings> {
        Settings::read(|settings| Self { table: settings.text("TABLE_NAME"), from: settings.text("MAIL_FROM") })
    }
}
