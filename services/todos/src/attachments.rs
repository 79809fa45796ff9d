//! Files that are attached to items.
//!
//! The row is there before any object is, and nothing is ever stored without one: a client uploads to a key that is made
//! of the row's, what arrives is looked at, and whatever a row does not speak of is swept away.

pub(crate) mod api;
mod body;
mod bucket_event;
pub(crate) mod check;
pub(crate) mod domain;
mod event;
pub(crate) mod files;
mod inspect;
mod name;
mod row;
pub(crate) mod store;
mod upload;

use aws_config::SdkConfig;
use lambda_kit::settings::{MissingSettings, Settings};

use crate::attachments::files::Files;
use crate::attachments::store::Attachments;

/// The rows and the objects of attachments: the state of every job that needs both.
#[derive(Clone, Debug)]
pub(crate) struct Desk {
    pub(crate) rows: Attachments,
    pub(crate) files: Files,
}

/// What the jobs of attachments need to know.
#[derive(Debug)]
pub(crate) struct Config {
    /// The service's table, `TABLE_NAME`.
    table: String,
    /// The bucket of uploads and files, `FILES_BUCKET`.
    bucket: String,
}

impl Config {
    pub(crate) fn from_env() -> Result<Self, MissingSettings> {
        Settings::read(|settings| Self { table: settings.text("TABLE_NAME"), bucket: settings.text("FILES_BUCKET") })
    }
}

/// The bucket of uploads and files, `FILES_BUCKET`.
pub(crate) fn bucket_name() -> Result<String, MissingSettings> {
    Settings::read(|settings| settings.text("FILES_BUCKET"))
}

impl Desk {
    pub(crate) fn new(aws: &SdkConfig, config: Config) -> Self {
        Self { rows: Attachments::new(aws, config.table), files: Files::new(aws, config.bucket) }
    }
}
