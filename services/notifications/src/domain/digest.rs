//! The content of a daily digest.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use uuid::Uuid;

use crate::domain::agenda::{AgendaItem, ItemState};

/// Identifies the digest of one user for one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DigestId {
    pub(crate) user: Uuid,
    /// The time that it was planned for.
    pub(crate) at: Timestamp,
}

impl DigestId {
    /// The id of its email: the same however often the digest is requested.
    pub(crate) fn email_id(self) -> Uuid {
        let name = format!("digest#{}#{}", self.user, self.at);
        Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes())
    }
}

/// The items that matter to a user on one day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Digest {
    pub(crate) day: Date,
    /// Open and due before this day, oldest first.
    pub(crate) overdue: Vec<AgendaItem>,
    /// Open and due on this day, earliest first.
    pub(crate) due: Vec<AgendaItem>,
    /// Completed on the day before, earliest first.
    pub(crate) done: Vec<AgendaItem>,
}

impl Digest {
    /// The digest for the day that contains `at` in `zone`; `None` if it would be empty. A day lasts from midnight to
    /// midnight, which is 23 or 25 hours when the clocks change.
    pub(crate) fn for_day(items: Vec<AgendaItem>, zone: &TimeZone, at: Timestamp) -> Option<Self> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::date_time::time_zone as zone;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn item(title: &str, due_at: Option<&str>, completed: Option<&str>) -> AgendaItem {
        let state = completed.map_or(ItemState::Open, |text| ItemState::Completed { at: at(text) });
        AgendaItem { title: title.to_owned(), due_at: due_at.map(at), is_all_day: false, state }
    }

    fn titles(items: &[AgendaItem]) -> Vec<&str> {
        items.iter().map(|item| item.title.as_str()).collect()
    }

    #[test]
    fn a_day_is_one_in_the_users_time_zone() {
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
        let digest = Digest::for_day(items, &zone("Europe/Berlin"), at("2026-11-21T06:00:00Z")).unwrap();
        assert_eq!(digest.day.to_string(), "2026-11-21");
        assert_eq!(titles(&digest.overdue), ["long ago", "last of yesterday"]);
        assert_eq!(titles(&digest.due), ["first of today", "last of today"]);
        assert_eq!(titles(&digest.done), ["done first yesterday", "done yesterday"]);
    }

    #[test]
    fn days_of_23_and_25_hours_are_covered_whole() {
        let zone = zone("Europe/Berlin");
        // Summer time begins on 29 March 2026 and ends on 25 October.
        let last = |due: &str| vec![item("last", Some(due), None)];
        let short = Digest::for_day(last("2026-03-29T21:59:59Z"), &zone, at("2026-03-29T05:00:00Z")).unwrap();
        assert_eq!(titles(&short.due), ["last"]);
        assert_eq!(Digest::for_day(last("2026-03-29T22:00:00Z"), &zone, at("2026-03-29T05:00:00Z")), None);
        let long = Digest::for_day(last("2026-10-25T22:59:59Z"), &zone, at("2026-10-25T06:00:00Z")).unwrap();
        assert_eq!(titles(&long.due), ["last"]);
    }

    #[test]
    fn there_is_no_digest_without_items() {
        let later = vec![item("later", Some("2027-01-01T00:00:00Z"), None), item("someday", None, None)];
        assert_eq!(Digest::for_day(later, &TimeZone::UTC, at("2026-11-21T07:00:00Z")), None);
        assert_eq!(Digest::for_day(Vec::new(), &TimeZone::UTC, at("2026-11-21T07:00:00Z")), None);
    }
}
