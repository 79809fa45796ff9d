//! What the notifications service publishes.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::bounds::{Count, Text};
use crate::envelope::Payload;

/// Everything that this service had of a deleted user is gone.
///
/// It names the deletion and not the user, so that nothing which says that they are forgotten remembers them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NotificationsErasedV1 {
    /// The deletion: the hash of the user's id, 64 hexadecimal digits.
    #[schemars(with = "Text<64, 64>")]
    pub deletion_id: String,
    /// When it was done.
    pub erased_at: Timestamp,
}

impl Payload for NotificationsErasedV1 {
    const SERVICE: &'static str = "notifications";
    const NAME: &'static str = "NotificationsErased";
    const VERSION: u32 = 1;

    fn user(&self) -> Option<Uuid> {
        None
    }
}

/// This service's part of what a user asked for is written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NotificationsExportedV1 {
    /// The user pool's `sub`.
    pub user_id: Uuid,
    /// Which export it belongs to.
    pub export_id: Uuid,
    /// Where it is in the bucket of exports: everything under this prefix. 1 to 200 characters.
    #[schemars(with = "Text<1, 200>")]
    pub key: String,
    /// The size of all of it.
    #[schemars(with = "Count")]
    pub bytes: u64,
}

impl Payload for NotificationsExportedV1 {
    const SERVICE: &'static str = "notifications";
    const NAME: &'static str = "NotificationsExported";
    const VERSION: u32 = 1;

    fn user(&self) -> Option<Uuid> {
        Some(self.user_id)
    }
}
