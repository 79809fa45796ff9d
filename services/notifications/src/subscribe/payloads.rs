//! The fields that this service reads from the `data` of other services' events. The publishers may change all others.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};
use uuid::Uuid;

/// Of any event about a to-do item.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct TodoPayload {
    pub(crate) todo_id: Uuid,
    pub(crate) owner_id: Uuid,
    pub(crate) title: String,
}

/// Of `TodoChanged.v1`, for the inbox.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChangedTodoPayload {
    pub(crate) todo_id: Uuid,
    pub(crate) owner_id: Uuid,
    pub(crate) title: String,
    pub(crate) changed: Vec<String>,
}

/// Of `TodoDue.v1`, for a reminder.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct TodoDuePayload {
    pub(crate) todo_id: Uuid,
    pub(crate) owner_id: Uuid,
    pub(crate) title: String,
    pub(crate) due_at: Timestamp,
}

/// Of any event about a change of a to-do item, for the digest.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct AgendaItemPayload {
    pub(crate) todo_id: Uuid,
    pub(crate) owner_id: Uuid,
    pub(crate) title: String,
    pub(crate) due_at: Option<Timestamp>,
    pub(crate) all_day: Option<bool>,
    pub(crate) completed_at: Option<Timestamp>,
}

/// The data of `AttachmentReady.v1`.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct AttachmentPayload {
    pub(crate) todo_id: Uuid,
    pub(crate) owner_id: Uuid,
    pub(crate) name: String,
}

/// The data of `AttachmentRejected.v1`.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct RejectedAttachmentPayload {
    pub(crate) todo_id: Uuid,
    pub(crate) owner_id: Uuid,
    pub(crate) name: String,
    pub(crate) reason: String,
}

/// Of `UserExportReady.v1`, for the inbox.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExportReadyPayload {
    pub(crate) user_id: Uuid,
}

/// Of `UserExportReady.v1`, for an email.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExportExpiryPayload {
    pub(crate) user_id: Uuid,
    pub(crate) expires_at: Timestamp,
}

/// Of `UserRegistered.v1`, for the inbox.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewUserPayload {
    pub(crate) user_id: Uuid,
    pub(crate) display_name: String,
}

/// Of `UserRegistered.v1`, for the welcome email. Without `Debug`, because an address does not belong in logs.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewRecipientPayload {
    pub(crate) user_id: Uuid,
    pub(crate) email: String,
    pub(crate) display_name: String,
    pub(crate) locale: String,
}

/// Of `UserRegistered.v1`, for the service's own copy. Without `Debug`, because an address does not belong in logs.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct RegistrationPayload {
    pub(crate) email: String,
    #[serde(flatten)]
    pub(crate) profile: ProfilePayload,
}

/// The profile in `UserRegistered.v1` and `UserProfileChanged.v1`.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProfilePayload {
    pub(crate) user_id: Uuid,
    pub(crate) display_name: String,
    pub(crate) locale: String,
    pub(crate) time_zone: String,
}

/// Of any event about an item or a file: its owner, and all other fields unchanged.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct OwnedItemPayload {
    pub(crate) owner_id: Uuid,
    #[serde(flatten)]
    #[cfg_attr(test, schemars(skip))]
    pub(crate) other: Map<String, Value>,
}

/// Of any event about a user: the user, and all other fields unchanged.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct UserPayload {
    pub(crate) user_id: Uuid,
    #[serde(flatten)]
    #[cfg_attr(test, schemars(skip))]
    pub(crate) other: Map<String, Value>,
}
