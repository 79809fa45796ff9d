//! How much a user may have in all. Pure: times are arguments.
//!
//! What a user has used is recorded before something is created, and the record is never decreased. It may therefore be
//! more than the user has, never less. When it reaches the limit, what the user has is counted.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// How long nothing may have been reserved or counted before a count begins: the timeout of the functions that reserve,
/// and some seconds. What was reserved before is then in the table, or will never be.
pub(crate) const COUNT_INTERVAL: Duration = Duration::from_secs(15);

/// What a user may have only so much of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resource {
    /// Items, deleted ones among them until they are purged.
    Items,
    /// The bytes of attachments that are announced or ready.
    AttachmentBytes,
}

/// How much a user may have of a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Quota {
    pub(crate) resource: Resource,
    pub(crate) limit: u64,
}

/// What is recorded of a user's use of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) used: u64,
    /// When something was reserved last, or a count began or ended.
    pub(crate) changed_at: Timestamp,
    /// Whether `used` is the result of a count after which nothing was reserved.
    pub(crate) is_exact: bool,
    /// Starts at 1 and counts changes.
    pub(crate) version: u64,
}

/// What to do for a reservation that was not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NextStep {
    /// There is room now.
    Reserve,
    Count,
    Refuse(RefusalReason),
}

/// Why nothing may be created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RefusalReason {
    /// The user has as much as the quota allows.
    LimitReached,
    /// Whether the user has, is counted in so many seconds.
    NotCounted { retry_after: u32 },
}

/// A quota that allows no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct QuotaRefusal {
    pub(crate) quota: Quota,
    pub(crate) reason: RefusalReason,
}

impl Quota {
    /// The most that may be used before `amount` is added; none if the amount alone exceeds the limit.
    pub(crate) fn room_for(self, amount: u64) -> Option<u64> {
        self.limit.checked_sub(amount)
    }

    fn fits(self, used: u64, amount: u64) -> bool {
        self.room_for(amount).is_some_and(|room| used <= room)
    }

    pub(crate) fn refusal(self, reason: RefusalReason) -> QuotaRefusal {
        QuotaRefusal { quota: self, reason }
    }

    /// What to do when `amount` was not reserved, and this was recorded. Without a record nothing was ever reserved.
    pub(crate) fn next_step(self, recorded: Option<&Usage>, amount: u64, now: Timestamp) -> NextStep {
        match recorded {
            None => NextStep::Count,
            Some(usage) if self.fits(usage.used, amount) => NextStep::Reserve,
            Some(usage) => match usage.seconds_until_count(now) {
                0 => NextStep::Count,
                _ if usage.is_exact => NextStep::Refuse(RefusalReason::LimitReached),
                retry_after => NextStep::Refuse(RefusalReason::NotCounted { retry_after }),
            },
        }
    }

    /// The record after a count, with `amount` added if it fits.
    pub(crate) fn counted(self, count: u64, amount: u64, recorded: Option<&Usage>, now: Timestamp) -> Usage {
        let fits = self.fits(count, amount);
        let used = if fits { count + amount } else { count };
        Usage { used, changed_at: now, is_exact: !fits, version: next_version(recorded) }
    }
}

impl Usage {
    /// The record while a count is in progress, by which other requests do not begin another one.
    pub(crate) fn counting(&self, now: Timestamp) -> Self {
        Self { changed_at: now, is_exact: false, version: next_version(Some(self)), ..*self }
    }

    fn seconds_until_count(&self, now: Timestamp) -> u32 {
        let interval = COUNT_INTERVAL.as_secs().cast_signed();
        let left = SignedDuration::from_secs(interval) - now.duration_since(self.changed_at);
        // Rounded up, and bounded if the clocks of two functions differ.
        let millis = left.as_millis().max(0).unsigned_abs().min(COUNT_INTERVAL.as_millis());
        u32::try_from(millis.div_ceil(1000)).unwrap_or(u32::MAX)
    }
}

fn next_version(recorded: Option<&Usage>) -> u64 {
    recorded.map_or(1, |usage| usage.version + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUOTA: Quota = Quota { resource: Resource::Items, limit: 10 };

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn usage(used: u64, is_exact: bool) -> Usage {
        Usage { used, changed_at: at(100), is_exact, version: 3 }
    }

    #[test]
    fn the_limit_itself_may_be_used_and_no_more() {
        assert_eq!(QUOTA.next_step(Some(&usage(9, false)), 1, at(100)), NextStep::Reserve);
        assert_eq!(QUOTA.next_step(Some(&usage(8, false)), 3, at(200)), NextStep::Count);
        assert_eq!(QUOTA.room_for(11), None, "more than the limit never fits");
        assert_eq!((QUOTA.room_for(10), QUOTA.room_for(1)), (Some(0), Some(9)));
    }

    #[test]
    fn nothing_is_counted_while_an_earlier_reservation_may_still_be_written() {
        let next = |now| QUOTA.next_step(Some(&usage(10, false)), 1, now);
        let wait = |retry_after| NextStep::Refuse(RefusalReason::NotCounted { retry_after });
        assert_eq!([next(at(100)), next(at(114)), next(at(115))], [wait(15), wait(1), NextStep::Count]);
        assert_eq!(next(at(90)), wait(15), "another function's clock may be ahead");
        assert_eq!(QUOTA.next_step(None, 1, at(100)), NextStep::Count, "nothing was reserved before");
    }

    #[test]
    fn a_user_who_was_just_counted_is_refused_without_another_count() {
        let full = usage(10, true);
        let refused = NextStep::Refuse(RefusalReason::LimitReached);
        assert_eq!(QUOTA.next_step(Some(&full), 1, at(114)), refused);
        assert_eq!(QUOTA.next_step(Some(&full), 1, at(115)), NextStep::Count);
    }

    #[test]
    fn a_count_replaces_what_was_recorded() {
        let recorded = usage(10, false);
        let room = QUOTA.counted(4, 1, Some(&recorded), at(200));
        assert_eq!(room, Usage { used: 5, changed_at: at(200), is_exact: false, version: 4 });
        let full = QUOTA.counted(10, 1, Some(&recorded), at(200));
        assert_eq!((full.used, full.is_exact), (10, true));
        assert_eq!(QUOTA.counted(0, 1, None, at(200)).version, 1);
        assert_eq!(recorded.counting(at(200)), Usage { changed_at: at(200), version: 4, ..recorded });
    }

    /// Jobs that may take longer, because they reserve nothing.
    const RESERVE_NOTHING: [&str; 5] = ["erase", "export", "publish", "schedule", "check-attachment"];

    #[test]
    fn what_was_reserved_before_a_count_is_written_or_never_will_be() {
        let template = include_str!("../../template.yaml");
        testkit::template::assert_ended_within(COUNT_INTERVAL, template, &RESERVE_NOTHING);
    }
}
