//! What this service reads of other services' events: only the fields that it uses, so that the rest may change.

use jiff::Timestamp;
use serde::Deserialize;
use uuid::Uuid;

/// A to-do item, in any of its events.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct TodoSeen {
    pub(crate) todo_id: Uuid,
    pub(crate) owner_id: Uuid,
    pub(crate) title: String,
}

/// An item that is due, in `TodoDue.v1`.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct DueSeen {
    pub(crate) todo_id: Uuid,
    pub(crate) owner_id: Uuid,
    pub(crate) title: String,
    pub(crate) due_at: Timestamp,
}

/// An item as the digest sees it, in any of its changes' events.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct AgendaSeen {
    pub(crate) todo_id: Uuid,
    pub(crate) owner_id: Uuid,
    pub(crate) title: String,
    pub(crate) due_at: Option<Timestamp>,
    pub(crate) completed_at: Option<Timestamp>,
}

/// A file that is attached, in `AttachmentReady.v1`.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct FileSeen {
    pub(crate) todo_id: Uuid,
    pub(crate) owner_id: Uuid,
    pub(crate) name: String,
}

/// A file that was refused, in `AttachmentRejected.v1`.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct RefusedFileSeen {
    pub(crate) todo_id: Uuid,
    pub(crate) owner_id: Uuid,
    pub(crate) name: String,
    pub(crate) reason: String,
}

/// Whose archive is ready, in `UserExportReady.v1`.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct ArchiveSeen {
    pub(crate) user_id: Uuid,
}

/// Whose archive is ready and until when, in `UserExportReady.v1`.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct ArchiveOfferSeen {
    pub(crate) user_id: Uuid,
    pub(crate) expires_at: Timestamp,
}

/// A user to greet in the inbox, in `UserRegistered.v1`.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewcomerSeen {
    pub(crate) user_id: Uuid,
    pub(crate) display_name: String,
}

/// A user to greet by mail, in `UserRegistered.v1`.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct AddresseeSeen {
    pub(crate) user_id: Uuid,
    pub(crate) email: String,
    pub(crate) display_name: String,
    pub(crate) locale: String,
}

/// A user's address, in `UserRegistered.v1`.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct RegisteredSeen {
    pub(crate) email: String,
    #[serde(flatten)]
    pub(crate) profile: ProfileSeen,
}

/// A user's profile, in `UserRegistered.v1` and `UserProfileChanged.v1`.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProfileSeen {
    pub(crate) user_id: Uuid,
    pub(crate) display_name: String,
    pub(crate) locale: String,
    pub(crate) time_zone: String,
}
