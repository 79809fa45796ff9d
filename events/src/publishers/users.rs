//! What the users service publishes. The subject is the user's id and the sequence their profile's version, but for exports
//! and sign-outs: each of them is a separate subject.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::bounds::{Address, Count, Distinct, Names, OneOf, Text};
use crate::envelope::Payload;

/// Somebody signed up and confirmed their e-mail address.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserRegisteredV1 {
    /// The user pool's `sub`.
    pub user_id: Uuid,
    /// The confirmed address. 3 to 254 characters.
    #[schemars(with = "Address")]
    pub email: String,
    /// What to call them. 1 to 100 characters.
    #[schemars(with = "Text<1, 100>")]
    pub display_name: String,
    /// A BCP 47 language tag, such as `en` or `de-CH`. 2 to 35 characters.
    #[schemars(with = "Text<2, 35>")]
    pub locale: String,
    /// An IANA time zone name, such as `Europe/Dublin`. 1 to 64 characters.
    #[schemars(with = "Text<1, 64>")]
    pub time_zone: String,
    /// When they confirmed.
    pub registered_at: Timestamp,
}

impl Payload for UserRegisteredV1 {
    const SERVICE: &'static str = "users";
    const NAME: &'static str = "UserRegistered";
    const VERSION: u32 = 1;

    fn user(&self) -> Option<Uuid> {
        Some(self.user_id)
    }
}

/// The fields of a profile that its user writes.
#[derive(Debug)]
pub struct ProfileFields;

impl Names for ProfileFields {
    const ALL: &'static [&'static str] = &["displayName", "locale", "timeZone"];
}

/// A user changed their profile; the fields hold the state after the change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserProfileChangedV1 {
    /// The user pool's `sub`.
    pub user_id: Uuid,
    /// The names of the fields that changed, 1 to 3 of them, each once.
    #[schemars(with = "Distinct<OneOf<ProfileFields>, 1, 3>")]
    pub changed: Vec<String>,
    /// What to call them. 1 to 100 characters.
    #[schemars(with = "Text<1, 100>")]
    pub display_name: String,
    /// A BCP 47 language tag. 2 to 35 characters.
    #[schemars(with = "Text<2, 35>")]
    pub locale: String,
    /// An IANA time zone name. 1 to 64 characters.
    #[schemars(with = "Text<1, 64>")]
    pub time_zone: String,
}

impl Payload for UserProfileChangedV1 {
    const SERVICE: &'static str = "users";
    const NAME: &'static str = "UserProfileChanged";
    const VERSION: u32 = 1;

    fn user(&self) -> Option<Uuid> {
        Some(self.user_id)
    }
}

/// A user deleted their account; every service erases what it has of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserDeletedV1 {
    /// The user pool's `sub`.
    pub user_id: Uuid,
    /// When they asked for it.
    pub deleted_at: Timestamp,
}

impl Payload for UserDeletedV1 {
    const SERVICE: &'static str = "users";
    const NAME: &'static str = "UserDeleted";
    const VERSION: u32 = 1;

    fn user(&self) -> Option<Uuid> {
        Some(self.user_id)
    }
}

/// A user signed out on all devices; every service refuses the tokens of the sessions that have ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserSignedOutV1 {
    /// The user pool's `sub`.
    pub user_id: Uuid,
    /// Sessions have ended for which the user entered their password before this time, a full second. Refreshed tokens
    /// belong to the session of the first ones: compare the time with `auth_time`.
    pub sessions_ended_before: Timestamp,
}

impl Payload for UserSignedOutV1 {
    const SERVICE: &'static str = "users";
    const NAME: &'static str = "UserSignedOut";
    const VERSION: u32 = 1;

    fn user(&self) -> Option<Uuid> {
        Some(self.user_id)
    }
}

/// A user asked for everything that Busline has of them; every service writes its part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserExportRequestedV1 {
    /// The user pool's `sub`.
    pub user_id: Uuid,
    /// Names this export, and the place of its parts.
    pub export_id: Uuid,
    /// When they asked for it.
    pub requested_at: Timestamp,
}

impl Payload for UserExportRequestedV1 {
    const SERVICE: &'static str = "users";
    const NAME: &'static str = "UserExportRequested";
    const VERSION: u32 = 1;

    fn user(&self) -> Option<Uuid> {
        Some(self.user_id)
    }
}

/// The archive that a user asked for is there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserExportReadyV1 {
    /// The user pool's `sub`.
    pub user_id: Uuid,
    /// Which export it is.
    pub export_id: Uuid,
    /// The size of the archive.
    #[schemars(with = "Count")]
    pub bytes: u64,
    /// When the archive will be gone.
    pub expires_at: Timestamp,
}

impl Payload for UserExportReadyV1 {
    const SERVICE: &'static str = "users";
    const NAME: &'static str = "UserExportReady";
    const VERSION: u32 = 1;

    fn user(&self) -> Option<Uuid> {
        Some(self.user_id)
    }
}
