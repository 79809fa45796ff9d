//! Somebody whom we write to.

use jiff::tz::TimeZone;

use crate::domain::language::Language;
use crate::domain::moments;

/// What is known of somebody whom we write to. Without `Debug`: an address is not for logs.
#[derive(Clone)]
pub(crate) struct Recipient {
    pub(crate) email: String,
    pub(crate) display_name: String,
    /// A BCP 47 language tag.
    pub(crate) locale: String,
    /// An IANA time zone name.
    pub(crate) time_zone: String,
}

impl Recipient {
    /// The language to write in.
    pub(crate) fn language(&self) -> Language {
        Language::of(&self.locale)
    }

    /// Where their days begin.
    pub(crate) fn zone(&self) -> TimeZone {
        moments::zone(&self.time_zone)
    }
}

#[cfg(test)]
impl Recipient {
    /// Ann of example.com.
    pub(crate) fn example(locale: &str, time_zone: &str) -> Self {
        Self {
            email: "ann@example.com".to_owned(),
            display_name: "Ann".to_owned(),
            locale: locale.to_owned(),
            time_zone: time_zone.to_owned(),
        }
    }
}
