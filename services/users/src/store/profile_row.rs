//! Profiles as rows, and their keys.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::profile::{DisplayName, Email, InvalidValue, ListPosition, Locale, Profile, Settings, TimeZone};

/// The partition key of all users in the index `byRegistration`.
const DIRECTORY: &str = "USERS";
const PROFILE: &str = "PROFILE";

/// A profile's row: `pk` is `USER#<id>`, `sk` is `PROFILE`. Only profiles have the keys of the index
/// `byRegistration`, so that the index does not hold outbox rows.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProfileRow {
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

impl From<&Profile> for ProfileRow {
    fn from(profile: &Profile) -> Self {
        let settings = &profile.settings;
        Self {
            pk: partition(profile.id),
            sk: PROFILE.to_owned(),
            directory: DIRECTORY.to_owned(),
            by_registration: by_registration(profile.position()),
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

impl TryFrom<ProfileRow> for Profile {
    type Error = InvalidValue;

    fn try_from(item: ProfileRow) -> Result<Self, InvalidValue> {
        Ok(Self {
            id: item.id,
            email: Email::parse(&item.email)?,
            settings: Settings {
                display_name: DisplayName::from_stored(item.display_name),
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

/// The partition key of all users in the index.
pub(crate) fn directory() -> AttributeValue {
    AttributeValue::S(DIRECTORY.to_owned())
}

/// The index key after which a page starts.
pub(crate) fn start_key(after: ListPosition) -> HashMap<String, AttributeValue> {
    let mut start = key(after.id);
    start.insert("directory".to_owned(), directory());
    start.insert("byRegistration".to_owned(), AttributeValue::S(by_registration(after)));
    start
}

/// The partition with everything that the table has about a user.
pub(crate) fn partition(id: Uuid) -> String {
    format!("USER#{id}")
}

fn by_registration(position: ListPosition) -> String {
    // Three decimals always, so that texts sort like times.
    format!("{:.3}#{}", position.registered_at, position.id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::profile::Attributes;

    fn profile(at: &str) -> Profile {
        let user = Attributes {
            subject: Some("0198c0de-0000-7000-8000-000000000001"),
            email: Some("ann@example.com"),
            ..Attributes::default()
        };
        Profile::register(user, at.parse().unwrap()).unwrap().profile
    }

    #[test]
    fn a_profile_read_from_its_row_is_the_same() {
        let profile = profile("2026-01-01T00:00:00.5Z");
        let row: HashMap<String, AttributeValue> = serde_dynamo::to_item(ProfileRow::from(&profile)).unwrap();
        let item: ProfileRow = serde_dynamo::from_item(row).unwrap();
        assert_eq!(Profile::try_from(item).unwrap(), profile);
    }

    #[test]
    fn index_keys_sort_by_registration_time() {
        let keys = ["2026-01-01T00:00:00Z", "2026-01-01T00:00:00.5Z", "2026-01-01T00:00:01Z"]
            .map(|at| by_registration(profile(at).position()));
        assert!(keys.is_sorted(), "{keys:?}");
    }

    #[test]
    fn the_start_key_of_a_page_is_the_key_of_a_row() {
        let profile = profile("2026-01-01T00:00:00Z");
        let row: HashMap<String, AttributeValue> = serde_dynamo::to_item(ProfileRow::from(&profile)).unwrap();
        let start = start_key(profile.position());
        assert_eq!(start.len(), 4);
        assert!(start.iter().all(|(name, value)| row.get(name) == Some(value)));
    }
}
