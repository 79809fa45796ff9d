//! The JSON of a profile, in requests and responses.

use jiff::Timestamp;
use lambda_kit::problem::{FieldError, Problem};
use serde::{Deserialize, Deserializer, Serialize};
use uuid::Uuid;

use crate::domain::profile::{DisplayName, InvalidValue, Locale, Profile, Settings, TimeZone};

/// A profile in a response.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProfileBody {
    id: Uuid,
    email: String,
    display_name: String,
    locale: String,
    time_zone: String,
    registered_at: Timestamp,
    updated_at: Timestamp,
    version: u64,
}

impl From<Profile> for ProfileBody {
    fn from(profile: Profile) -> Self {
        let settings = profile.settings;
        Self {
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

/// The body of the response of `GET /users`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UserPage {
    pub(crate) items: Vec<ProfileBody>,
    pub(crate) next_cursor: Option<String>,
}

/// The body of `PATCH /me`: a JSON merge patch (RFC 7396). `null` resets a field to its default.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ProfilePatch {
    #[serde(default)]
    display_name: Field,
    #[serde(default)]
    locale: Field,
    #[serde(default)]
    time_zone: Field,
}

impl ProfilePatch {
    /// Applies the patch to `settings`; 400 with every invalid field.
    pub(crate) fn apply(&self, settings: Settings) -> Result<Settings, Problem> {
        let mut errors = Vec::new();
        let display_name = match &self.display_name {
            Field::Kept => Ok(settings.display_name),
            Field::Removed => Err(InvalidValue("cannot be taken away".into())),
            Field::Given(text) => DisplayName::parse(text),
        };
        let locale = match &self.locale {
            Field::Kept => Ok(settings.locale),
            Field::Removed => Ok(Locale::default()),
            Field::Given(text) => Locale::parse(text),
        };
        let time_zone = match &self.time_zone {
            Field::Kept => Ok(settings.time_zone),
            Field::Removed => Ok(TimeZone::default()),
            Field::Given(text) => TimeZone::parse(text),
        };
        let display_name = check(&mut errors, "displayName", display_name);
        let locale = check(&mut errors, "locale", locale);
        let time_zone = check(&mut errors, "timeZone", time_zone);
        match (display_name, locale, time_zone) {
            (Some(display_name), Some(locale), Some(time_zone)) => Ok(Settings { display_name, locale, time_zone }),
            _ => Err(Problem::invalid_fields(errors)),
        }
    }
}

/// A text field of a merge patch.
#[derive(Clone, Debug, Default)]
enum Field {
    /// Not in the patch.
    #[default]
    Kept,
    /// `null` in the patch.
    Removed,
    Given(String),
}

impl<'de> Deserialize<'de> for Field {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Removed, Self::Given))
    }
}

fn check<T>(errors: &mut Vec<FieldError>, field: &'static str, parsed: Result<T, InvalidValue>) -> Option<T> {
    parsed.map_err(|InvalidValue(message)| errors.push(FieldError { field, message })).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Settings {
        Settings {
            display_name: DisplayName::parse("Ann").unwrap(),
            locale: Locale::parse("de-CH").unwrap(),
            time_zone: TimeZone::parse("Europe/Zurich").unwrap(),
        }
    }

    fn patch(text: &str) -> ProfilePatch {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn a_missing_field_is_kept_and_null_resets_it() {
        assert_eq!(patch("{}").apply(settings()).unwrap(), settings());
        let patched = patch(r#"{"locale": null, "timeZone": null}"#).apply(settings());
        assert_eq!(
            patched.unwrap(),
            Settings { locale: Locale::default(), time_zone: TimeZone::default(), ..settings() }
        );
    }

    #[test]
    fn every_invalid_field_is_named() {
        let wrong = patch(r#"{"displayName": null, "locale": "e", "timeZone": "Mars"}"#);
        let problem = wrong.apply(settings()).unwrap_err();
        let fields: Vec<_> = problem.errors.iter().map(|error| error.field).collect();
        assert_eq!(fields, ["displayName", "locale", "timeZone"]);
    }

    #[test]
    fn an_unknown_field_is_refused() {
        for text in [r#"{"email": "ann@example.com"}"#, r#"{"version": 7}"#] {
            assert!(serde_json::from_str::<ProfilePatch>(text).is_err());
        }
    }
}
