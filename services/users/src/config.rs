//! Settings of the functions that need more than the table.

use lambda_kit::settings::{MissingSettings, Settings};

/// The user pool's id, `USER_POOL_ID`.
pub(crate) fn user_pool_id() -> Result<String, MissingSettings> {
    Settings::read(|settings| settings.text("USER_POOL_ID"))
}

/// The table and the user pool, so that one error names both when they are missing.
#[derive(Debug)]
pub(crate) struct ProfileConfig {
    pub(crate) table: String,
    pub(crate) user_pool: String,
}

impl ProfileConfig {
    pub(crate) fn from_env() -> Result<Self, MissingSettings> {
        Settings::read(|settings| Self { table: settings.text("TABLE_NAME"), user_pool: settings.text("USER_POOL_ID") })
    }
}

/// The bucket of parts and archives, `EXPORTS_BUCKET`.
pub(crate) fn exports_bucket() -> Result<String, MissingSettings> {
    Settings::read(|settings| settings.text("EXPORTS_BUCKET"))
}

/// The path of the participants' parameters, `PARTICIPANTS_PATH`.
pub(crate) fn participants_path() -> Result<String, MissingSettings> {
    Settings::read(|settings| settings.text("PARTICIPANTS_PATH"))
}
