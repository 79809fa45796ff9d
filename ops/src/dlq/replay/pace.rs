//! The rate of a replay, and the breaker that stops it.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::dlq::options::Pace;

/// The number of results that the breaker considers.
const WINDOW: usize = 20;

/// How often a wait checks whether it must stop.
const STOP_CHECK: Duration = Duration::from_millis(50);

/// Limits the number of messages a second.
#[derive(Debug)]
pub(super) struct Rate {
    pause: Option<Duration>,
    next: Mutex<Instant>,
}

impl Rate {
    /// At most `rate` messages a second; `None` for no limit.
    pub(super) fn new(rate: Option<f64>) -> Self {
        let pause = rate.filter(|rate| *rate > 0.0).map(|rate| Duration::from_secs_f64(1.0 / rate));
        Self { pause, next: Mutex::new(Instant::now()) }
    }

    /// How many messages may be sent together: at most those of one second, and at most `max`.
    pub(super) fn max_together(&self, max: u64) -> u64 {
        let Some(pause) = self.pause else {
            return max;
        };
        let mut together = 1;
        while together < max && pause * (u32::try_from(together).unwrap_or(u32::MAX) + 1) <= Duration::from_secs(1) {
            together += 1;
        }
        together
    }

    /// Waits until `count` messages may be sent. Returns false, at once, when the replay must stop instead.
    pub(super) async fn wait(&self, count: usize, must_stop: impl Fn() -> bool) -> bool {
        let Some(pause) = self.pause else {
            return !must_stop();
        };
        let at = {
            let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
            let at = (*next).max(Instant::now());
            *next = at + pause * u32::try_from(count).unwrap_or(u32::MAX);
            at
        };
        while Instant::now() < at && !must_stop() {
            tokio::time::sleep_until(at.min(Instant::now() + STOP_CHECK)).await;
        }
        !must_stop()
    }
}

/// Stops a replay when too many messages fail.
#[derive(Debug)]
pub(super) struct Breaker {
    /// The number of failures among the last results at which it stops.
    max_failures: usize,
    inner: Mutex<Results>,
}

#[derive(Debug, Default)]
struct Results {
    last: VecDeque<bool>,
    tripped: Option<String>,
}

impl Breaker {
    /// A ramp stops at the fifth failure of the last twenty messages; a replay at full pace, at the fifteenth.
    pub(super) fn new(pace: Pace) -> Self {
        let max_failures = match pace {
            Pace::Ramp => 5,
            Pace::Full => 15,
        };
        Self { max_failures, inner: Mutex::default() }
    }

    /// Records the result of one message.
    pub(super) fn record(&self, has_failed: bool, kind: &str) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.last.push_back(has_failed);
        if inner.last.len() > WINDOW {
            inner.last.pop_front();
        }
        let failures = inner.last.iter().filter(|failed| **failed).count();
        if failures >= self.max_failures && inner.tripped.is_none() {
            let count = inner.last.len();
            inner.tripped =
                Some(format!("{failures} of the last {count} messages failed ({kind}): nothing more was sent"));
        }
    }

    /// Records that messages sent before failed again. As many successes are turned into failures.
    pub(super) fn record_returned(&self, count: u64) {
        for _ in 0..count.min(WINDOW as u64) {
            let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(place) = inner.last.iter().position(|failed| !failed) {
                inner.last.remove(place);
            }
            drop(inner);
            self.record(true, "they came back");
        }
    }

    /// Stops the replay for this reason, unless it has stopped already.
    pub(super) fn trip(&self, reason: String) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.tripped.get_or_insert(reason);
    }

    /// Stops the replay if deletions failed for lack of permission: every accepted message would stay, and be sent
    /// again by every later replay.
    pub(super) fn check_deletions<'a>(&self, kinds: impl IntoIterator<Item = &'a String>) {
        // `AccessDenied`, `AccessDeniedException`, or the code for the queue's KMS key.
        let Some(kind) = kinds.into_iter().find(|kind| kind.contains("AccessDenied")) else {
            return;
        };
        self.trip(format!(
            "accepted messages cannot be deleted from the queue ({kind}): nothing more was sent. Get the permission \
             sqs:DeleteMessage on the queue, then `resume`, which deletes them first"
        ));
    }

    /// Why it stopped the replay, if it did.
    pub(super) fn tripped(&self) -> Option<String> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).tripped.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ramp_stops_at_the_fifth_failure_in_twenty() {
        let breaker = Breaker::new(Pace::Ramp);
        for number in 0..40 {
            breaker.record(number % 5 == 0, "E");
        }
        assert_eq!(breaker.tripped(), None, "one in five is four of twenty");
        breaker.record(true, "E");
        breaker.record(true, "E");
        assert!(breaker.tripped().unwrap().contains("failed (E)"));
    }

    #[test]
    fn a_returned_message_turns_its_success_into_a_failure() {
        let breaker = Breaker::new(Pace::Ramp);
        (0..8).for_each(|_| breaker.record(false, ""));
        breaker.record_returned(4);
        assert_eq!(breaker.tripped(), None);
        breaker.record_returned(1);
        assert!(breaker.tripped().unwrap().starts_with("5 of the last 8"));
    }

    #[test]
    fn a_missing_delete_permission_stops_a_replay_and_an_expired_receipt_does_not() {
        let breaker = Breaker::new(Pace::Full);
        breaker.check_deletions(&["ReceiptHandleIsInvalid".to_owned()]);
        assert_eq!(breaker.tripped(), None);
        breaker.check_deletions(&["AccessDeniedException".to_owned()]);
        assert!(breaker.tripped().unwrap().contains("sqs:DeleteMessage"));
    }

    #[test]
    fn a_low_rate_limits_the_messages_sent_together() {
        assert_eq!(Rate::new(Some(0.5)).max_together(10), 1);
        assert_eq!(Rate::new(Some(3.0)).max_together(10), 3);
        assert_eq!(Rate::new(Some(500.0)).max_together(10), 10);
        assert_eq!(Rate::new(None).max_together(7), 7);
    }

    #[tokio::test]
    async fn the_rate_holds_over_many_messages() {
        let rate = Rate::new(Some(100.0));
        let begun = Instant::now();
        for _ in 0..6 {
            assert!(rate.wait(10, || false).await);
        }
        assert!(begun.elapsed() >= Duration::from_millis(500), "{:?}", begun.elapsed());
    }

    #[tokio::test]
    async fn nothing_is_sent_after_a_stop_however_low_the_rate() {
        let rate = Rate::new(Some(0.001));
        assert!(rate.wait(1, || false).await);
        let checks = std::cell::Cell::new(0);
        let must_stop = || checks.replace(checks.get() + 1) >= 2;
        let pause = Duration::from_secs(500);
        let waited = tokio::time::timeout(pause, rate.wait(1, must_stop)).await;
        assert_eq!(waited, Ok(false), "the message is not sent, long before its time");
        assert!(!Rate::new(None).wait(1, || true).await);
    }
}
