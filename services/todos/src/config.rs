//! Settings of the service's functions.

use lambda_kit::settings::{MissingSettings, Settings};

/// What a route needs.
#[derive(Debug)]
pub(crate) struct ApiConfig {
    /// The service's table, `TABLE_NAME`.
    pub(crate) table: String,
}

impl ApiConfig {
    pub(crate) fn from_env() -> Result<Self, MissingSettings> {
        Settings::read(|settings| Self { table: settings.text("TABLE_NAME") })
    }
}

/// What the publisher needs.
#[derive(Debug)]
pub(crate) struct PublishConfig {
    /// The bus's name, `BUS_NAME`.
    pub(crate) bus: String,
}

impl PublishConfig {
    pub(crate) fn from_env() -> Result<Self, MissingSettings> {
        Settings::read(|settings| Self { bus: settings.text("BUS_NAME") })
    }
}
