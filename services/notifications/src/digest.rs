//! The daily digest: who is due is found every quarter of an hour, and each gets their mail from an invocation of their
//! own, so that one that fails holds up nobody.

pub(crate) mod plan;
pub(crate) mod send;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// One digest of one user: what `plan-digests` hands to `send-digest-mail`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Order {
    pub(crate) user_id: Uuid,
    /// The moment that it was planned for, which says the day too.
    pub(crate) digest_at: Timestamp,
}

impl Order {
    /// The id of its mail: the same for the same day, however often it is ordered.
    fn mail_id(self) -> Uuid {
        let name = format!("digest#{}#{}", self.user_id, self.digest_at);
        Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes())
    }
}
