//! What a day's digest holds, and when it comes. Pure.

use jiff::civil::{Date, time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use crate::domain::preferences::Hour;

/// An item as the digest sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AgendaItem {
    pub(crate) title: String,
    pub(crate) due_at: Option<Timestamp>,
    pub(crate) state: ItemState,
}

/// Where an item stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ItemState {
    Open,
    Completed { at: Timestamp },
}

/// What somebody has to know of their list this morning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Digest {
    /// The day that it is.
    pub(crate) day: Date,
    /// Open and due before this day, the oldest first.
    pub(crate) overdue: Vec<AgendaItem>,
    /// Open and due on this day, the earliest first.
    pub(crate) due: Vec<AgendaItem>,
    /// Completed on the day before, in that order.
    pub(crate) done: Vec<AgendaItem>,
}

impl Digest {
    /// The digest of the day that it is at `at` in `zone`; `None` when there is nothing to say. A day is from midnight
    /// to midnight, however many hours that takes.
    pub(crate) fn of(items: Vec<AgendaItem>, zone: &TimeZone, at: Timestamp) -> Option<Self> {
        let day = at.to_zoned(zone.clone()).date();
        let starts = |date: Date| date.to_zoned(zone.clone()).ok().map(|start| start.timestamp());
        let (yesterday, today, tomorrow) =
            (starts(day.yesterday().ok()?)?, starts(day)?, starts(day.tomorrow().ok()?)?);
        let mut digest = Self { day, overdue: Vec::new(), due: Vec::new(), done: Vec::new() };
        for item in items {
            match (item.state, item.due_at) {
                (ItemState::Completed { at }, _) if (yesterday..today).contains(&at) => digest.done.push(item),
                (ItemState::Open, Some(due)) if due < today => digest.overdue.push(item),
                (ItemState::Open, Some(due)) if due < tomorrow => digest.due.push(item),
                _ => {}
            }
        }
        digest.overdue.sort_by_key(|item| item.due_at);
        digest.due.sort_by_key(|item| item.due_at);
        digest.done.sort_by_key(|item| match item.state {
            ItemState::Completed { at } => Some(at),
            ItemState::Open => None,
        });
        let is_empty = digest.overdue.is_empty() && digest.due.is_empty() && digest.done.is_empty();
        (!is_empty).then_some(digest)
    }
}

/// When the first digest after `after` comes: at the hour, in the zone. `None` at the end of the calendar.
pub(crate) fn next(hour: Hour, zone: &TimeZone, after: Timestamp) -> Option<Timestamp> {
    let mut day = after.to_zoned(zone.clone()).date();
    loop {
        let at = on(day, hour, zone)?;
        if at > after {
            return Some(at);
        }
        day = day.checked_add(1.day()).ok()?;
    }
}

/// Whether a digest comes at `at`. One that was planned before the hour or the zone changed does not.
pub(crate) fn comes_at(hour: Hour, zone: &TimeZone, at: Timestamp) -> bool {
    on(at.to_zoned(zone.clone()).date(), hour, zone) == Some(at)
}

/// The digest's moment on a day. An hour that summer time leaves out is the one after it; of one that comes twice it is
/// the first.
fn on(day: Date, hour: Hour, zone: &TimeZone) -> Option<Timestamp> {
    let local = day.to_datetime(time(hour.get(), 0, 0, 0));
    zone.to_ambiguous_timestamp(local).compatible().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::moments::zone;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn hour(hour: i64) -> Hour {
        Hour::new(hour).unwrap()
    }

    fn item(title: &str, due_at: Option<&str>, completed: Option<&str>) -> AgendaItem {
        let state = completed.map_or(ItemState::Open, |text| ItemState::Completed { at: at(text) });
        AgendaItem { title: title.to_owned(), due_at: due_at.map(at), state }
    }

    fn titles(items: &[AgendaItem]) -> Vec<&str> {
        items.iter().map(|item| item.title.as_str()).collect()
    }

    #[test]
    fn the_day_is_the_readers() {
        let items = vec![
            item("next midnight", Some("2026-11-21T23:00:00Z"), None),
            item("last of today", Some("2026-11-21T22:59:59Z"), None),
            item("first of today", Some("2026-11-20T23:00:00Z"), None),
            item("last of yesterday", Some("2026-11-20T22:59:59Z"), None),
            item("long ago", Some("2026-01-01T00:00:00Z"), None),
            item("someday", None, None),
            item("done today", None, Some("2026-11-20T23:00:00Z")),
            item("done yesterday", Some("2026-01-01T00:00:00Z"), Some("2026-11-20T22:59:59Z")),
            item("done first yesterday", None, Some("2026-11-19T23:00:00Z")),
            item("done before", None, Some("2026-11-19T22:59:59Z")),
        ];
        let digest = Digest::of(items, &zone("Europe/Berlin"), at("2026-11-21T06:00:00Z")).unwrap();
        assert_eq!(digest.day.to_string(), "2026-11-21");
        assert_eq!(titles(&digest.overdue), ["long ago", "last of yesterday"]);
        assert_eq!(titles(&digest.due), ["first of today", "last of today"]);
        assert_eq!(titles(&digest.done), ["done first yesterday", "done yesterday"]);
    }

    #[test]
    fn a_day_of_23_hours_and_one_of_25_are_whole_days() {
        let zone = zone("Europe/Berlin");
        // Summer time begins on 29 March 2026 and ends on 25 October.
        let last = |due: &str| vec![item("last", Some(due), None)];
        let short = Digest::of(last("2026-03-29T21:59:59Z"), &zone, at("2026-03-29T05:00:00Z")).unwrap();
        assert_eq!(titles(&short.due), ["last"]);
        assert_eq!(Digest::of(last("2026-03-29T22:00:00Z"), &zone, at("2026-03-29T05:00:00Z")), None);
        let long = Digest::of(last("2026-10-25T22:59:59Z"), &zone, at("2026-10-25T06:00:00Z")).unwrap();
        assert_eq!(titles(&long.due), ["last"]);
    }

    #[test]
    fn there_is_no_digest_when_there_is_nothing_to_say() {
        let later = vec![item("later", Some("2027-01-01T00:00:00Z"), None), item("someday", None, None)];
        assert_eq!(Digest::of(later, &TimeZone::UTC, at("2026-11-21T07:00:00Z")), None);
        assert_eq!(Digest::of(Vec::new(), &TimeZone::UTC, at("2026-11-21T07:00:00Z")), None);
    }

    #[test]
    fn a_digest_comes_once_a_day_at_the_hour_also_when_the_clocks_change() {
        let berlin = zone("Europe/Berlin");
        let next = |after: &str, wanted| next(hour(wanted), &berlin, at(after)).unwrap().to_string();
        assert_eq!(next("2026-11-21T05:59:59Z", 7), "2026-11-21T06:00:00Z");
        assert_eq!(next("2026-11-21T06:00:00Z", 7), "2026-11-22T06:00:00Z");
        assert_eq!(next("2026-03-28T06:00:00Z", 7), "2026-03-29T05:00:00Z");
        // 02:00 does not exist on this day, and comes twice on that one.
        assert_eq!(next("2026-03-28T02:00:00Z", 2), "2026-03-29T01:00:00Z");
        assert_eq!(next("2026-10-24T12:00:00Z", 2), "2026-10-25T00:00:00Z");
        assert_eq!(next("2026-10-25T00:00:00Z", 2), "2026-10-26T01:00:00Z");
    }

    #[test]
    fn zones_with_odd_offsets_have_their_hours_at_quarters() {
        let next = |name| next(hour(7), &zone(name), at("2026-11-21T12:00:00Z")).unwrap().to_string();
        assert_eq!(next("Asia/Kathmandu"), "2026-11-22T01:15:00Z");
        assert_eq!(next("Asia/Kolkata"), "2026-11-22T01:30:00Z");
        assert_eq!(next("Pacific/Apia"), "2026-11-21T18:00:00Z");
    }

    #[test]
    fn what_was_planned_for_another_hour_or_zone_does_not_come() {
        let (berlin, planned) = (zone("Europe/Berlin"), at("2026-11-21T06:00:00Z"));
        assert!(comes_at(hour(7), &berlin, planned));
        assert!(!comes_at(hour(8), &berlin, planned));
        assert!(!comes_at(hour(7), &zone("Europe/London"), planned));
        assert!(comes_at(hour(2), &berlin, at("2026-03-29T01:00:00Z")), "the hour that is left out");
    }
}
