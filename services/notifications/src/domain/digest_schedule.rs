//! When digests are sent: once a day, at an hour of the user's day.

use jiff::civil::{Date, time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

/// The hour of the day at which a user receives the digest, 0 to 23.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DigestHour(i8);

impl DigestHour {
    pub(crate) const DEFAULT: Self = Self(7);

    /// `None` outside 0 to 23.
    pub(crate) fn new(hour: i64) -> Option<Self> {
        i8::try_from(hour).ok().filter(|hour| (0..24).contains(hour)).map(Self)
    }

    pub(crate) fn get(self) -> i8 {
        self.0
    }
}

/// When the first digest after `after` is sent: at `hour` in `zone`. `None` at the end of the calendar.
pub(crate) fn next_digest_at(hour: DigestHour, zone: &TimeZone, after: Timestamp) -> Option<Timestamp> {
    let mut day = after.to_zoned(zone.clone()).date();
    loop {
        let at = digest_time_on(day, hour, zone)?;
        if at > after {
            return Some(at);
        }
        day = day.checked_add(1.day()).ok()?;
    }
}

/// Whether `at` is a time at which digests are sent. It is not if the hour or time zone changed after it was planned.
pub(crate) fn is_digest_time(hour: DigestHour, zone: &TimeZone, at: Timestamp) -> bool {
    digest_time_on(at.to_zoned(zone.clone()).date(), hour, zone) == Some(at)
}

/// When the digest of a day is sent. For an hour that the change to summer time skips it is the hour after; for one
/// that exists twice it is the first.
fn digest_time_on(day: Date, hour: DigestHour, zone: &TimeZone) -> Option<Timestamp> {
    let local = day.to_datetime(time(hour.get(), 0, 0, 0));
    zone.to_ambiguous_timestamp(local).compatible().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::date_time::time_zone as zone;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn hour(hour: i64) -> DigestHour {
        DigestHour::new(hour).unwrap()
    }

    #[test]
    fn a_digest_is_sent_once_a_day_also_when_the_clocks_change() {
        let berlin = zone("Europe/Berlin");
        let next = |after: &str, at_hour| next_digest_at(hour(at_hour), &berlin, at(after)).unwrap().to_string();
        assert_eq!(next("2026-11-21T05:59:59Z", 7), "2026-11-21T06:00:00Z");
        assert_eq!(next("2026-11-21T06:00:00Z", 7), "2026-11-22T06:00:00Z");
        assert_eq!(next("2026-03-28T06:00:00Z", 7), "2026-03-29T05:00:00Z");
        // 02:00 does not exist on 29 March and exists twice on 25 October.
        assert_eq!(next("2026-03-28T02:00:00Z", 2), "2026-03-29T01:00:00Z");
        assert_eq!(next("2026-10-24T12:00:00Z", 2), "2026-10-25T00:00:00Z");
        assert_eq!(next("2026-10-25T00:00:00Z", 2), "2026-10-26T01:00:00Z");
    }

    #[test]
    fn time_zones_with_odd_offsets_have_their_hours_at_quarters() {
        let next = |name| next_digest_at(hour(7), &zone(name), at("2026-11-21T12:00:00Z")).unwrap().to_string();
        assert_eq!(next("Asia/Kathmandu"), "2026-11-22T01:15:00Z");
        assert_eq!(next("Asia/Kolkata"), "2026-11-22T01:30:00Z");
        assert_eq!(next("Pacific/Apia"), "2026-11-21T18:00:00Z");
    }

    #[test]
    fn a_time_planned_for_another_hour_or_time_zone_is_no_digest_time() {
        let (berlin, planned) = (zone("Europe/Berlin"), at("2026-11-21T06:00:00Z"));
        assert!(is_digest_time(hour(7), &berlin, planned));
        assert!(!is_digest_time(hour(8), &berlin, planned));
        assert!(!is_digest_time(hour(7), &zone("Europe/London"), planned));
        assert!(is_digest_time(hour(2), &berlin, at("2026-03-29T01:00:00Z")), "the hour that is skipped");
    }

    #[test]
    fn an_hour_is_0_to_23() {
        assert!(DigestHour::new(0).is_some() && DigestHour::new(23).is_some());
        assert!([-1, 24, i64::MAX, i64::MIN].iter().all(|&hour| DigestHour::new(hour).is_none()));
    }
}
