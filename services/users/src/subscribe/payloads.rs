//! The parts of events' data that this service's jobs use; other fields may change freely.

use serde::Deserialize;
use uuid::Uuid;

/// The user to be erased, in `UserDeleted.v1`.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct UserDeletedPayload {
    pub(crate) user_id: Uuid,
}

/// The export of which a part is requested, in `UserExportRequested.v1`, or announced, in `UserDataExported.v1`.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExportPayload {
    pub(crate) user_id: Uuid,
    pub(crate) export_id: Uuid,
}

/// The deletion that a participant has carried out, in `UserDataErased.v1`.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct UserDataErasedPayload {
    pub(crate) deletion_id: String,
}
