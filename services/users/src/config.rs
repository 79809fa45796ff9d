//! Settings of the service's functions.

use lambda_kit::settings::{MissingSettings, Settings};

/// What a job needs that only touches the table.
#[derive(Debug)]
pub(crate) struct StoreConfig {
    /// The service's table, `TABLE_NAME`.
    pub(crate) table: String,
}

impl StoreConfig {
    pub(crate) fn from_env() -> Result<Self, MissingSettings> {
        Settings::read(|settings| Self { table: settings.text("TABLE_NAME") })
    }
}

/// What the routes of one's own profile need.
#[derive(Debug)]
pub(crate) struct ProfileConfig {
    /// The service's table, `TABLE_NAME`.
    pub(crate) table: String,
    /// The user pool's id, `USER_POOL_ID`.
    pub(crate) user_pool: String,
}

impl ProfileConfig {
    pub(crate) fn from_env() -> Result<Self, MissingSettings> {
        Settings::read(|settings| Self { table: settings.text("TABLE_NAME"), user_pool: settings.text("USER_POOL_ID") })
    }
}

/// What refreshing a session needs.
#[derive(Debug)]
pub(crate) struct SessionConfig {
    /// The id of the user pool's public client, `USER_POOL_CLIENT_ID`.
    pub(crate) client_id: String,
}

impl SessionConfig {
    pub(crate) fn from_env() -> Result<Self, MissingSettings> {
        Settings::read(|settings| Self { client_id: settings.text("USER_POOL_CLIENT_ID") })
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
