//! What the notifications service publishes.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::bounds::Text;
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
