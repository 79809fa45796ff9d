//! What this service's jobs read of events: only the fields that they use, so that the rest may change.

use serde::Deserialize;
use uuid::Uuid;

/// An item that is gone, in `TodoDeleted.v1`.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct GoneItemSeen {
    pub(crate) todo_id: Uuid,
    pub(crate) owner_id: Uuid,
}

/// An attachment that is gone, in `AttachmentDeleted.v1`.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[allow(clippy::struct_field_names, reason = "they are the event's")]
pub(crate) struct GoneFileSeen {
    pub(crate) attachment_id: Uuid,
    pub(crate) todo_id: Uuid,
    pub(crate) owner_id: Uuid,
}
