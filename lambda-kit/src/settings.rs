//! A function's settings from environment variables, read once at init. The error names all missing settings at once.
#![allow(clippy::disallowed_methods, reason = "clippy.toml allows reading the environment only here")]

use std::env;
use std::str::FromStr;

/// Reads settings and remembers which were missing.
#[derive(Debug, Default)]
pub struct Settings {
    missing: Vec<&'static str>,
}

impl Settings {
    /// Reads a function's settings with `read`, which may read any number of them.
    ///
    /// # Errors
    /// Names every setting that `read` needs and that is missing, empty or invalid.
    pub fn read<C>(read: impl FnOnce(&mut Self) -> C) -> Result<C, MissingSettings> {
        let mut settings = Self::default();
        let config = read(&mut settings);
        if settings.missing.is_empty() { Ok(config) } else { Err(MissingSettings(settings.missing)) }
    }

    /// The value of an environment variable. If it is missing, [`Settings::read`] fails after reading the others.
    pub fn text(&mut self, name: &'static str) -> String {
        let value = env::var(name).unwrap_or_default();
        if value.is_empty() {
            self.missing.push(name);
        }
        value
    }

    /// The value of an environment variable that is a whole number. If it is missing or something else,
    /// [`Settings::read`] fails after reading the others.
    pub fn number<N: FromStr + Default>(&mut self, name: &'static str) -> N {
        let number = env::var(name).ok().and_then(|text| text.parse().ok());
        number.unwrap_or_else(|| {
            self.missing.push(name);
            N::default()
        })
    }

    /// The value of an environment variable that is a whole number, or `default` if it is missing or empty. If it is
    /// something else, [`Settings::read`] fails after reading the others.
    pub fn number_or<N: FromStr + Default>(&mut self, name: &'static str, default: N) -> N {
        if self.optional_text(name).is_some() { self.number(name) } else { default }
    }

    /// The value of an optional environment variable; `None` if it is missing or empty.
    #[must_use]
    pub fn optional_text(&self, name: &'static str) -> Option<String> {
        env::var(name).ok().filter(|value| !value.is_empty())
    }
}

/// Names the settings that a function needs and that are missing.
#[derive(Debug, thiserror::Error)]
#[error("missing settings: {}; set them as environment variables of the function", .0.join(", "))]
pub struct MissingSettings(Vec<&'static str>);

/// The name of this function's job: its `Handler` setting, which Lambda passes as `_HANDLER`.
///
/// # Errors
/// When the variable is missing, which means that the program runs outside Lambda.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime>
pub fn handler_name() -> Result<String, MissingSettings> {
    Settings::read(|settings| settings.text("_HANDLER"))
}

/// The name of the service's table, `TABLE_NAME`.
///
/// # Errors
/// When the setting is missing.
pub fn table_name() -> Result<String, MissingSettings> {
    Settings::read(|settings| settings.text("TABLE_NAME"))
}

/// A function's `Handler` setting names a job that its binary does not have.
#[derive(Debug, thiserror::Error)]
#[error("no job is named `{0}`: the function's Handler must be one of the names in main.rs")]
pub struct UnknownHandler(pub String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_missing_setting_is_named() {
        let error =
            Settings::read(|settings| (settings.text("FIRST_SETTING"), settings.number::<u32>("SECOND_SETTING")))
                .unwrap_err();
        assert!(error.to_string().starts_with("missing settings: FIRST_SETTING, SECOND_SETTING;"), "{error}");
    }
}
