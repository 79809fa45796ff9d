//! The settings that the functions read at their start.

use lambda_kit::settings::{MissingSettings, Settings};

use crate::domain::quota::{Quota, Resource};

/// The settings of jobs that use the rows and the objects of attachments.
#[derive(Debug)]
pub(crate) struct AttachmentConfig {
    /// The service's table, `TABLE_NAME`.
    pub(crate) table: String,
    /// The files bucket, `FILES_BUCKET`.
    pub(crate) bucket: String,
}

impl AttachmentConfig {
    pub(crate) fn from_env() -> Result<Self, MissingSettings> {
        Settings::read(|settings| Self { table: settings.text("TABLE_NAME"), bucket: settings.text("FILES_BUCKET") })
    }
}

/// The files bucket, `FILES_BUCKET`.
pub(crate) fn bucket_name() -> Result<String, MissingSettings> {
    Settings::read(|settings| settings.text("FILES_BUCKET"))
}

/// How many items a user may have, `ITEMS_PER_USER`.
pub(crate) fn item_quota() -> Result<Quota, MissingSettings> {
    let limit = Settings::read(|settings| settings.number("ITEMS_PER_USER"))?;
    Ok(Quota { resource: Resource::Items, limit })
}

/// How many bytes of attachments a user may have, `ATTACHMENT_BYTES_PER_USER`.
pub(crate) fn attachment_quota() -> Result<Quota, MissingSettings> {
    let limit = Settings::read(|settings| settings.number("ATTACHMENT_BYTES_PER_USER"))?;
    Ok(Quota { resource: Resource::AttachmentBytes, limit })
}
