//! The users who receive emails.

use jiff::tz::TimeZone;
use uuid::Uuid;

use crate::domain::date_time;
use crate::domain::language::Language;

/// A user who receives emails. Without `Debug`, because an address does not belong in logs.
#[derive(Clone)]
pub(crate) struct Recipient {
    pub(crate) email: String,
    pub(crate) display_name: String,
    /// A BCP 47 language tag.
    pub(crate) locale: String,
    /// An IANA time zone name.
    pub(crate) time_zone_name: String,
    /// Why nothing is sent to the address any more.
    pub(crate) email_problem: Option<EmailProblem>,
}

/// Why no email is sent to an address any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EmailProblem {
    /// Emails come back for good.
    Bounce,
    /// The recipient has marked an email as unwanted.
    Complaint,
}

impl EmailProblem {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Bounce => "bounce",
            Self::Complaint => "complaint",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        [Self::Bounce, Self::Complaint].into_iter().find(|problem| problem.name() == name)
    }
}

impl Recipient {
    pub(crate) fn language(&self) -> Language {
        Language::from_locale(&self.locale)
    }

    pub(crate) fn time_zone(&self) -> TimeZone {
        date_time::time_zone(&self.time_zone_name)
    }
}

/// A user's profile as of one change of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Profile {
    pub(crate) user: Uuid,
    /// The number of the change: a newer profile has a higher one.
    pub(crate) sequence: u64,
    pub(crate) display_name: String,
    /// A BCP 47 language tag.
    pub(crate) locale: String,
    /// An IANA time zone name.
    pub(crate) time_zone_name: String,
}

#[cfg(test)]
impl Recipient {
    pub(crate) fn example(locale: &str, time_zone: &str) -> Self {
        Self {
            email: "ann@example.com".to_owned(),
            display_name: "Ann".to_owned(),
            locale: locale.to_owned(),
            time_zone_name: time_zone.to_owned(),
            email_problem: None,
        }
    }
}
