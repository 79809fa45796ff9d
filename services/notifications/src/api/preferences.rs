//! Routes of the caller's preferences, and their JSON.

use lambda_kit::api::{Request, Response, ok_with_etag};
use lambda_kit::json_integer::JsonInteger;
use lambda_kit::problem::{FieldError, Problem};
use serde::{Deserialize, Deserializer, Serialize};

use crate::api::error::ApiError;
use crate::app::preferences::UserPreferences;
use crate::domain::digest_schedule::DigestHour;
use crate::domain::preferences::{EmailSettings, Preferences};
use crate::domain::recipient::EmailProblem;

/// Preferences in a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PreferencesBody {
    reminder_mail: bool,
    digest_mail: bool,
    digest_hour: i8,
    /// Why nothing is sent to the caller's address any more.
    mail_problem: Option<&'static str>,
    version: u64,
}

impl PreferencesBody {
    fn new(preferences: Preferences, problem: Option<EmailProblem>) -> Self {
        let EmailSettings { reminder_email, digest_email, digest_hour } = preferences.settings;
        Self {
            reminder_mail: reminder_email,
            digest_mail: digest_email,
            digest_hour: digest_hour.get(),
            mail_problem: problem.map(EmailProblem::name),
            version: preferences.version,
        }
    }
}

/// The body of `PATCH /preferences`: a JSON merge patch (RFC 7396), where `null` resets a field to its default.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PreferencesPatch {
    #[serde(default)]
    reminder_mail: Field<bool>,
    #[serde(default)]
    digest_mail: Field<bool>,
    #[serde(default)]
    digest_hour: Field<JsonInteger>,
}

/// A field of a merge patch.
#[derive(Clone, Copy, Debug, Default)]
enum Field<T> {
    /// Not in the patch.
    #[default]
    Unchanged,
    /// `null` in the patch.
    Reset,
    Value(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Field<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Reset, Self::Value))
    }
}

impl<T> Field<T> {
    fn resolve(self, current: T, default: T) -> T {
        match self {
            Self::Unchanged => current,
            Self::Reset => default,
            Self::Value(value) => value,
        }
    }
}

impl PreferencesPatch {
    fn apply(self, settings: EmailSettings) -> Result<EmailSettings, Problem> {
        let default = EmailSettings::default();
        let integer = |hour: DigestHour| JsonInteger(hour.get().into());
        let JsonInteger(hour) = self.digest_hour.resolve(integer(settings.digest_hour), integer(default.digest_hour));
        let message = || format!("must be a whole hour from 0 to 23, not {hour}");
        let invalid = || Problem::invalid_fields(vec![FieldError { field: "digestHour", message: message() }]);
        Ok(EmailSettings {
            reminder_email: self.reminder_mail.resolve(settings.reminder_email, default.reminder_email),
            digest_email: self.digest_mail.resolve(settings.digest_email, default.digest_email),
            digest_hour: DigestHour::new(hour).ok_or_else(invalid)?,
        })
    }
}

/// `GET /preferences`: which recurring emails the caller receives.
///
/// 200 with the preferences; the defaults if the caller has changed nothing.
pub(crate) async fn get(preferences: &UserPreferences, request: Request) -> Result<Response, ApiError> {
    let user = request.caller()?.subject;
    respond(preferences.get(user).await?, preferences.email_problem(user).await?)
}

/// `PATCH /preferences`: changes which recurring emails the caller receives (JSON merge patch).
///
/// 200 with the preferences; 400 for an invalid patch; 404 for a deleted user; 412 if `If-Match` names another version.
pub(crate) async fn change(preferences: &UserPreferences, request: Request) -> Result<Response, ApiError> {
    let user = request.caller()?.subject;
    let patch: PreferencesPatch = request.body()?;
    let expected = request.if_match()?;
    let rule = |current: Preferences| {
        if !expected.allows(current.version) {
            return Err(ApiError::stale(current.version));
        }
        Ok(patch.apply(current.settings)?)
    };
    let changed = preferences.change(user, rule).await?;
    respond(changed, preferences.email_problem(user).await?)
}

fn respond(preferences: Preferences, problem: Option<EmailProblem>) -> Result<Response, ApiError> {
    Ok(ok_with_etag(&PreferencesBody::new(preferences, problem), preferences.version)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patched(text: &str) -> Result<EmailSettings, Problem> {
        let settings =
            EmailSettings { reminder_email: false, digest_email: true, digest_hour: DigestHour::new(9).unwrap() };
        serde_json::from_str::<PreferencesPatch>(text).unwrap().apply(settings)
    }

    #[test]
    fn a_missing_field_is_unchanged_and_null_resets_it() {
        let unchanged = patched("{}").unwrap();
        assert_eq!((unchanged.reminder_email, unchanged.digest_email, unchanged.digest_hour.get()), (false, true, 9));
        let nulls = r#"{"reminderMail": null, "digestMail": null, "digestHour": null}"#;
        assert_eq!(patched(nulls).unwrap(), EmailSettings::default());
        assert_eq!(patched(r#"{"digestHour": 23}"#).unwrap().digest_hour.get(), 23);
    }

    #[test]
    fn an_invalid_hour_is_refused_by_field() {
        for hour in ["-1", "24", "9223372036854775807"] {
            let problem = patched(&format!(r#"{{"digestHour": {hour}}}"#)).unwrap_err();
            assert_eq!(problem.errors[0].field, "digestHour");
        }
        for text in [r#"{"digestHour": 7.5}"#, r#"{"digestMail": "yes"}"#, r#"{"version": 3}"#] {
            assert!(serde_json::from_str::<PreferencesPatch>(text).is_err(), "{text}");
        }
    }
}
