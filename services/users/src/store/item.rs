//! Profiles as rows, and the keys under which they are found.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::{Broken, DisplayName, Email, Locale, Profile, Settings, TimeZone};
use crate::store::Position;

/// The one partition of the index of all users.
const DIRECTORY: &str = "USERS";
const PROFILE: &str = "PROFILE";

/// A profile's row: `pk` is `USER#<id>`, `sk` is `PROFILE`. Only profiles have the keys of the index
/// `byRegistration`, so the outbox is not in it.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProfileItem {
    pk: String,
    sk: String,
    directory: String,
    by_registration: String,
    id: Uuid,
    email: String,
    display_name: String,
    locale: String,
    time_zone: String,
    registered_at: Timestamp,
    updated_at: Timestamp,
    version: u64,
}

impl From<&Profile> for ProfileItem {
    fn from(profile: &Profile) -> Self {
        let settings = &profile.settings;
        Self {
            pk: partition(profile.id),
            sk: PROFILE.to_owned(),
            directory: DIRECTORY.to_owned(),
            by_registration: by_registration(&Position::of(profile)),
            id: profile.id,
            email: profile.email.as_str().to_owned(),
            display_name: settings.display_name.as_str().to_owned(),
            locale: settings.locale.as_str().to_owned(),
            time_zone: settings.time_zone.as_str().to_owned(),
            registered_at: profile.registered_at,
            updated_at: profile.updated_at,
            version: profile.version,
        }
    }
}

impl TryFrom<ProfileItem> for Profile {
    type Error = Broken;

    fn try_from(item: ProfileItem) -> Result<Self, Broken> {
        Ok(Self {
            id: item.id,
            email: Email::parse(&item.email)?,
            settings: Settings {
                display_name: DisplayName::stored(item.display_name),
                locale: Locale::parse(&item.locale)?,
                time_zone: TimeZone::parse(&item.time_zone)?,
            },
            registered_at: item.registered_at,
            updated_at: item.updated_at,
            version: item.version,
        })
    }
}

/// The key of a user's profile.
pub(crate) fn key(id: Uuid) -> HashMap<String, AttributeValue> {
    HashMap::from([
        ("pk".to_owned(), AttributeValue::S(partition(id))),
        ("sk".to_owned(), AttributeValue::S(PROFILE.to_owned())),
    ])
}

/// The partition of the index of all users.
pub(crate) fn directory() -> AttributeValue {
    AttributeValue::S(DIRECTORY.to_owned())
}

/// The key after which a page of the index starts.
pub(crate) fn start_key(after: &Position) -> HashMap<String, AttributeValue> {
    let mut start = key(after.id);
    start.insert("directory".to_owned(), directory());
    start.insert("byRegistration".to_owned(), AttributeValue::S(by_registration(after)));
    start
}

/// The partition of everything that this service has of a user.
pub(crate) fn partition(id: Uuid) -> String {
    format!("USER#{id}")
}

fn by_registration(position: &Position) -> String {
    // Always three decimals: texts of one length sort as the times do.
    format!("{:.3}#{}", position.registered_at, position.id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Attributes;

    fn profile(at: &str) -> Profile {
        let user = Attributes {
            subject: Some("0198c0de-0000-7000-8000-000000000001"),
            email: Some("ann@example.com"),
            ..Attributes::default()
        };
        Profile::register(user, at.parse().unwrap()).unwrap().profile
    }

    #[test]
    fn a_profile_survives_its_row() {
        let profile = profile("2026-01-01T00:00:00.5Z");
        let row: HashMap<String, AttributeValue> = serde_dynamo::to_item(ProfileItem::from(&profile)).unwrap();
        let item: ProfileItem = serde_dynamo::from_item(row).unwrap();
        assert_eq!(Profile::try_from(item).unwrap(), profile);
    }

    #[test]
    fn registrations_sort_by_time() {
        let keys = ["2026-01-01T00:00:00Z", "2026-01-01T00:00:00.5Z", "2026-01-01T00:00:01Z"]
            .map(|at| by_registration(&Position::of(&profile(at))));
        assert!(keys.is_sorted(), "{keys:?}");
    }

    #[test]
    fn a_page_starts_at_the_keys_of_its_row() {
        let profile = profile("2026-01-01T00:00:00Z");
        let row: HashMap<String, AttributeValue> = serde_dynamo::to_item(ProfileItem::from(&profile)).unwrap();
        let start = start_key(&Position::of(&profile));
        assert_eq!(start.len(), 4);
        assert!(start.iter().all(|(name, value)| row.get(name) == Some(value)));
    }
}
