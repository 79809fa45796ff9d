//! The caller's preferences.

use lambda_kit::api::{Request, Response, ok_version};
use lambda_kit::clock;
use lambda_kit::problem::{FieldError, Problem};
use lambda_kit::whole::Whole;
use serde::{Deserialize, Deserializer, Serialize};
use uuid::Uuid;

use crate::api::error::ApiError;
use crate::domain::moments;
use crate::domain::preferences::{Hour, Preferences, Wishes};
use crate::store::{Planned, Store, Wished};

/// A change is tried again this often when others change the preferences at the same time.
const ATTEMPTS: usize = 4;

/// Preferences in a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PreferencesBody {
    reminder_mail: bool,
    digest_mail: bool,
    digest_hour: i8,
    version: u64,
}

impl From<Preferences> for PreferencesBody {
    fn from(preferences: Preferences) -> Self {
        let Wishes { reminder_mail, digest_mail, digest_hour } = preferences.wishes;
        Self { reminder_mail, digest_mail, digest_hour: digest_hour.get(), version: preferences.version }
    }
}

/// The body of `PATCH /preferences`: a JSON merge patch (RFC 7396), where `null` sets a field back to its default.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PreferencesPatch {
    #[serde(default)]
    reminder_mail: Field<bool>,
    #[serde(default)]
    digest_mail: Field<bool>,
    #[serde(default)]
    digest_hour: Field<Whole>,
}

/// A field of a merge patch.
#[derive(Clone, Copy, Debug, Default)]
enum Field<T> {
    /// Not in the patch: stays as it is.
    #[default]
    Kept,
    /// `null`: set back.
    Removed,
    Given(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Field<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Removed, Self::Given))
    }
}

impl<T> Field<T> {
    fn over(self, kept: T, default: T) -> T {
        match self {
            Self::Kept => kept,
            Self::Removed => default,
            Self::Given(value) => value,
        }
    }
}

impl PreferencesPatch {
    fn apply(self, wishes: Wishes) -> Result<Wishes, Problem> {
        let default = Wishes::default();
        let whole = |hour: Hour| Whole(hour.get().into());
        let Whole(hour) = self.digest_hour.over(whole(wishes.digest_hour), whole(default.digest_hour));
        let message = || format!("must be a whole hour from 0 to 23, this is {hour}");
        let wrong = || Problem::invalid_fields(vec![FieldError { field: "digestHour", message: message() }]);
        Ok(Wishes {
            reminder_mail: self.reminder_mail.over(wishes.reminder_mail, default.reminder_mail),
            digest_mail: self.digest_mail.over(wishes.digest_mail, default.digest_mail),
            digest_hour: Hour::new(hour).ok_or_else(wrong)?,
        })
    }
}

/// `GET /preferences`: which mails the caller wants.
///
/// 200 with the preferences; the defaults for somebody who has changed nothing.
pub(crate) async fn get(store: &Store, request: Request) -> Result<Response, ApiError> {
    let user = request.caller()?.subject;
    answer(store.preferences(user).await?)
}

/// `PATCH /preferences`: changes which mails the caller wants (JSON merge patch).
///
/// 200 with the preferences; 400 for a patch that breaks a rule; 404 for a deleted user; 412 when `If-Match` names
/// another version.
pub(crate) async fn change(store: &Store, request: Request) -> Result<Response, ApiError> {
    let user = request.caller()?.subject;
    let patch: PreferencesPatch = request.body()?;
    let expected = request.expected()?;
    let rule = |preferences: Preferences| {
        if !expected.allows(preferences.version) {
            return Err(ApiError::stale(preferences.version));
        }
        Ok(patch.apply(preferences.wishes)?)
    };
    answer(save(store, user, rule).await?.ok_or_else(ApiError::no_such_user)?)
}

/// Applies a rule to a user's wishes and saves what comes out; `None` for a deleted user.
pub(crate) async fn save(
    store: &Store,
    user: Uuid,
    rule: impl Fn(Preferences) -> Result<Wishes, ApiError>,
) -> Result<Option<Preferences>, ApiError> {
    for _ in 0..ATTEMPTS {
        let Planned { preferences, digest_at } = store.planned(user).await?;
        let Some(changed) = preferences.with(rule(preferences)?) else {
            return Ok(Some(preferences));
        };
        let zone = store.recipient(user).await?.map_or_else(|| moments::zone(""), |recipient| recipient.zone());
        // One that is due and not ordered yet stays due, whatever else is changed.
        let next_digest = changed.wishes.next_digest_beside(digest_at, &zone, clock::now());
        let next = Planned { preferences: changed, digest_at: next_digest };
        match store.save_preferences(user, next, digest_at).await? {
            Wished::Now => return Ok(Some(changed)),
            Wished::Gone => return Ok(None),
            Wished::Outdated => {}
        }
    }
    Err(Problem::contended().into())
}

fn answer(preferences: Preferences) -> Result<Response, ApiError> {
    Ok(ok_version(&PreferencesBody::from(preferences), preferences.version)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patched(text: &str) -> Result<Wishes, Problem> {
        let wishes = Wishes { reminder_mail: false, digest_mail: true, digest_hour: Hour::new(9).unwrap() };
        serde_json::from_str::<PreferencesPatch>(text).unwrap().apply(wishes)
    }

    #[test]
    fn absence_leaves_a_field_and_null_sets_it_back() {
        let kept = patched("{}").unwrap();
        assert_eq!((kept.reminder_mail, kept.digest_mail, kept.digest_hour.get()), (false, true, 9));
        let nulls = r#"{"reminderMail": null, "digestMail": null, "digestHour": null}"#;
        assert_eq!(patched(nulls).unwrap(), Wishes::default());
        assert_eq!(patched(r#"{"digestHour": 23}"#).unwrap().digest_hour.get(), 23);
    }

    #[test]
    fn what_is_no_hour_is_named() {
        for hour in ["-1", "24", "9223372036854775807"] {
            let problem = patched(&format!(r#"{{"digestHour": {hour}}}"#)).unwrap_err();
            assert_eq!(problem.errors[0].field, "digestHour");
        }
        for text in [r#"{"digestHour": 7.5}"#, r#"{"digestMail": "yes"}"#, r#"{"version": 3}"#] {
            assert!(serde_json::from_str::<PreferencesPatch>(text).is_err(), "{text}");
        }
    }
}
