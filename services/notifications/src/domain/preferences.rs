//! Which mails a user wants. Pure.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::domain::digest;

/// A kind of mail that comes again and that one can stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MailKind {
    /// One for each item that is due.
    Reminder,
    /// One a day.
    Digest,
}

/// An hour of the day, 0 to 23.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hour(i8);

impl Hour {
    /// The hour, if it is one.
    pub(crate) fn new(hour: i64) -> Option<Self> {
        i8::try_from(hour).ok().filter(|hour| (0..24).contains(hour)).map(Self)
    }

    pub(crate) fn get(self) -> i8 {
        self.0
    }
}

/// Which mails a user wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wishes {
    pub(crate) reminder_mail: bool,
    pub(crate) digest_mail: bool,
    /// When the digest comes, in the user's time zone.
    pub(crate) digest_hour: Hour,
}

impl Default for Wishes {
    fn default() -> Self {
        Self { reminder_mail: true, digest_mail: false, digest_hour: Hour(7) }
    }
}

impl Wishes {
    /// Whether mails of this kind are wanted.
    pub(crate) fn wants(self, kind: MailKind) -> bool {
        match kind {
            MailKind::Reminder => self.reminder_mail,
            MailKind::Digest => self.digest_mail,
        }
    }

    /// The same without mails of this kind.
    pub(crate) fn without(self, kind: MailKind) -> Self {
        match kind {
            MailKind::Reminder => Self { reminder_mail: false, ..self },
            MailKind::Digest => Self { digest_mail: false, ..self },
        }
    }

    /// When the first digest after `now` comes, if digests are wanted.
    pub(crate) fn next_digest(self, zone: &TimeZone, now: Timestamp) -> Option<Timestamp> {
        self.digest_mail.then(|| digest::next(self.digest_hour, zone, now)).flatten()
    }

    /// When the next digest comes, if digests are wanted: the one that is `planned`, while it is of these wishes, though
    /// its moment may have come already.
    pub(crate) fn next_digest_beside(
        self,
        planned: Option<Timestamp>,
        zone: &TimeZone,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let kept = planned.filter(|at| self.digest_mail && digest::comes_at(self.digest_hour, zone, *at));
        kept.or_else(|| self.next_digest(zone, now))
    }
}

/// A user's wishes as they stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Preferences {
    pub(crate) wishes: Wishes,
    /// Counts their changes; 0 for somebody who has changed nothing yet. Their entity tag.
    pub(crate) version: u64,
}

impl Preferences {
    /// The preferences with other wishes. The same again change nothing.
    pub(crate) fn with(self, wishes: Wishes) -> Option<Self> {
        (wishes != self.wishes).then(|| Self { wishes, version: self.version + 1 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reminders_are_wanted_and_digests_are_not_until_somebody_says_otherwise() {
        let wishes = Wishes::default();
        assert!(wishes.wants(MailKind::Reminder) && !wishes.wants(MailKind::Digest));
        assert_eq!(wishes.digest_hour.get(), 7);
        assert_eq!(wishes.next_digest(&TimeZone::UTC, Timestamp::UNIX_EPOCH), None);
    }

    #[test]
    fn a_digest_that_is_planned_stays_until_its_hour_or_wish_is_another() {
        let at = |text: &str| Some(text.parse::<Timestamp>().unwrap());
        let daily = Wishes { digest_mail: true, ..Wishes::default() };
        let beside = |wishes: Wishes, planned| {
            wishes.next_digest_beside(planned, &TimeZone::UTC, at("2026-11-21T07:00:10Z").unwrap())
        };
        assert_eq!(beside(daily, at("2026-11-21T07:00:00Z")), at("2026-11-21T07:00:00Z"), "due, and not ordered yet");
        assert_eq!(beside(daily, None), at("2026-11-22T07:00:00Z"));
        let later = Wishes { digest_hour: Hour::new(9).unwrap(), ..daily };
        assert_eq!(beside(later, at("2026-11-21T07:00:00Z")), at("2026-11-21T09:00:00Z"));
        assert_eq!(beside(Wishes::default(), at("2026-11-21T07:00:00Z")), None);
    }

    #[test]
    fn stopping_a_kind_twice_is_one_change() {
        let stopped = Preferences::default().with(Wishes::default().without(MailKind::Reminder)).unwrap();
        assert_eq!((stopped.version, stopped.wishes.reminder_mail), (1, false));
        assert_eq!(stopped.with(stopped.wishes.without(MailKind::Reminder)), None);
    }

    #[test]
    fn an_hour_is_one_of_a_day() {
        assert!(Hour::new(0).is_some() && Hour::new(23).is_some());
        assert!([-1, 24, i64::MAX, i64::MIN].iter().all(|&hour| Hour::new(hour).is_none()));
    }
}
