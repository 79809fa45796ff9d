//! Settings of the functions that need more than the table.

use lambda_kit::settings::{MissingSettings, Settings};

/// What the jobs need that compare the table with the user pool.
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

/// What exports need.
#[derive(Debug)]
pub(crate) struct ExportConfig {
    /// The service's table, `TABLE_NAME`.
    pub(crate) table: String,
    /// The bucket of parts and archives, `EXPORTS_BUCKET`.
    pub(crate) bucket: String,
}

impl ExportConfig {
    pub(crate) fn from_env() -> Result<Self, MissingSettings> {
        Settings::read(|settings| Self { table: settings.text("TABLE_NAME"), bucket: settings.text("EXPORTS_BUCKET") })
    }
}
