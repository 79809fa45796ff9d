//! Which recurring emails a user receives.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::domain::digest_schedule::{DigestHour, is_digest_time, next_digest_at};

/// A kind of recurring email, from which a user can unsubscribe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EmailKind {
    /// Sent for each item that is due.
    Reminder,
    /// Sent once a day.
    Digest,
}

/// Which recurring emails a user receives, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EmailSettings {
    pub(crate) reminder_email: bool,
    pub(crate) digest_email: bool,
    /// The hour at which the digest is sent, in the user's time zone.
    pub(crate) digest_hour: DigestHour,
}

impl Default for EmailSettings {
    fn default() -> Self {
        Self { reminder_email: true, digest_email: false, digest_hour: DigestHour::DEFAULT }
    }
}

impl EmailSettings {
    pub(crate) fn is_subscribed(self, kind: EmailKind) -> bool {
        match kind {
            EmailKind::Reminder => self.reminder_email,
            EmailKind::Digest => self.digest_email,
        }
    }

    /// The same settings without emails of this kind.
    pub(crate) fn unsubscribed_from(self, kind: EmailKind) -> Self {
        match kind {
            EmailKind::Reminder => Self { reminder_email: false, ..self },
            EmailKind::Digest => Self { digest_email: false, ..self },
        }
    }

    /// When the first digest after `now` is sent, if the user receives digests.
    pub(crate) fn next_digest(self, zone: &TimeZone, now: Timestamp) -> Option<Timestamp> {
        self.digest_email.then(|| next_digest_at(self.digest_hour, zone, now)).flatten()
    }

    /// When the next digest is sent, if the user receives digests. The one that is `planned` stays while it matches
    /// these settings, also if its time has passed already and it is due.
    pub(crate) fn next_digest_keeping(
        self,
        planned: Option<Timestamp>,
        zone: &TimeZone,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let kept = planned.filter(|at| self.digest_email && is_digest_time(self.digest_hour, zone, *at));
        kept.or_else(|| self.next_digest(zone, now))
    }
}

/// A user's current settings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Preferences {
    pub(crate) settings: EmailSettings,
    /// Counts the changes, 0 before the first. It is the entity tag of the API.
    pub(crate) version: u64,
}

impl Preferences {
    /// The preferences with other settings; `None` if the settings are the same.
    pub(crate) fn with_settings(self, settings: EmailSettings) -> Option<Self> {
        (settings != self.settings).then(|| Self { settings, version: self.version + 1 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_default_a_user_receives_reminders_and_no_digests() {
        let settings = EmailSettings::default();
        assert!(settings.is_subscribed(EmailKind::Reminder) && !settings.is_subscribed(EmailKind::Digest));
        assert_eq!(settings.digest_hour.get(), 7);
        assert_eq!(settings.next_digest(&TimeZone::UTC, Timestamp::UNIX_EPOCH), None);
    }

    #[test]
    fn a_planned_digest_stays_until_its_hour_changes_or_digests_are_turned_off() {
        let at = |text: &str| Some(text.parse::<Timestamp>().unwrap());
        let daily = EmailSettings { digest_email: true, ..EmailSettings::default() };
        let next = |settings: EmailSettings, planned| {
            settings.next_digest_keeping(planned, &TimeZone::UTC, at("2026-11-21T07:00:10Z").unwrap())
        };
        assert_eq!(next(daily, at("2026-11-21T07:00:00Z")), at("2026-11-21T07:00:00Z"), "due, and not sent yet");
        assert_eq!(next(daily, None), at("2026-11-22T07:00:00Z"));
        let later = EmailSettings { digest_hour: DigestHour::new(9).unwrap(), ..daily };
        assert_eq!(next(later, at("2026-11-21T07:00:00Z")), at("2026-11-21T09:00:00Z"));
        assert_eq!(next(EmailSettings::default(), at("2026-11-21T07:00:00Z")), None);
    }

    #[test]
    fn unsubscribing_twice_is_one_change() {
        let unsubscribed = Preferences::default()
            .with_settings(EmailSettings::default().unsubscribed_from(EmailKind::Reminder))
            .unwrap();
        assert_eq!((unsubscribed.version, unsubscribed.settings.reminder_email), (1, false));
        assert_eq!(unsubscribed.with_settings(unsubscribed.settings.unsubscribed_from(EmailKind::Reminder)), None);
    }
}
