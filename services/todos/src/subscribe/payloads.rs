//! The fields that this service's jobs read of bus events. Other fields may change.

use serde::Deserialize;
use uuid::Uuid;

/// A purged item, in `TodoPurged.v1`.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct PurgedTodo {
    pub(crate) todo_id: Uuid,
    pub(crate) owner_id: Uuid,
}

/// A deleted attachment, in `AttachmentDeleted.v1`.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[allow(clippy::struct_field_names, reason = "the names are the event's")]
pub(crate) struct DeletedAttachment {
    pub(crate) attachment_id: Uuid,
    pub(crate) todo_id: Uuid,
    pub(crate) owner_id: Uuid,
}
