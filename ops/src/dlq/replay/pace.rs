//! How fast, and when to stop.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::dlq::options::Pace;

/// The breaker looks at this many results.
const WINDOW: usize = 20;

/// Messages a second.
#[derive(Debug)]
pub(super) struct Rate {
    pause: Option<Duration>,
    next: Mutex<Instant>,
}

impl Rate {
    /// At most `rate` messages a second; without one, as fast as it goes.
    pub(super) fn new(rate: Option<f64>) -> Self {
        let pause = rate.filter(|rate| *rate > 0.0).map(|rate| Duration::from_secs_f64(1.0 / rate));
        Self { pause, next: Mutex::new(Instant::now()) }
    }

    /// How many messages go together: a second's worth at the most.
    pub(super) fn together(&self, most: u64) -> u64 {
        let Some(pause) = self.pause else {
            return most;
        };
        let mut together = 1;
        while together < most && pause * (u32::try_from(together).unwrap_or(u32::MAX) + 1) <= Duration::from_secs(1) {
            together += 1;
        }
        together
    }

    /// Waits until `count` messages may go.
    pub(super) async fn wait(&self, count: usize) {
        let Some(pause) = self.pause else {
            return;
        };
        let at = {
            let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
            let at = (*next).max(Instant::now());
            *next = at + pause * u32::try_from(count).unwrap_or(u32::MAX);
            at
        };
        tokio::time::sleep_until(at).await;
    }
}

/// Stops a replay whose messages fail.
#[derive(Debug)]
pub(super) struct Breaker {
    /// So many failures among the last results are too many.
    most: usize,
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
        let most = match pace {
            Pace::Ramp => 5,
            Pace::Full => 15,
        };
        Self { most, inner: Mutex::default() }
    }

    /// Notes the result of one message.
    pub(super) fn note(&self, has_failed: bool, kind: &str) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.last.push_back(has_failed);
        if inner.last.len() > WINDOW {
            inner.last.pop_front();
        }
        let failures = inner.last.iter().filter(|failed| **failed).count();
        if failures >= self.most && inner.tripped.is_none() {
            let of = inner.last.len();
            inner.tripped =
                Some(format!("{failures} of the last {of} messages failed ({kind}): nothing more was sent"));
        }
    }

    /// Notes that messages which were sent before have failed again. As many good results are taken back.
    pub(super) fn came_back(&self, count: u64) {
        for _ in 0..count.min(WINDOW as u64) {
            let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(place) = inner.last.iter().position(|failed| !failed) {
                inner.last.remove(place);
            }
            drop(inner);
            self.note(true, "they came back");
        }
    }

    /// Stops the replay for this reason, unless it is stopped already.
    pub(super) fn trip(&self, reason: String) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.tripped.get_or_insert(reason);
    }

    /// Notes why deletions failed. Without the right to delete nothing more is sent: each message would stay, and be sent
    /// again by each later replay.
    pub(super) fn not_deleted<'a>(&self, kinds: impl IntoIterator<Item = &'a String>) {
        // Both `AccessDenied` and `AccessDeniedException`, and that of a queue's KMS key.
        let Some(kind) = kinds.into_iter().find(|kind| kind.contains("AccessDenied")) else {
            return;
        };
        self.trip(format!(
            "what was accepted cannot be deleted from the queue ({kind}): nothing more was sent. Get the right \
             sqs:DeleteMessage on the queue, then `resume`, which deletes it first"
        ));
    }

    /// Why it stopped the replay, when it has.
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
            breaker.note(number % 5 == 0, "E");
        }
        assert_eq!(breaker.tripped(), None, "one in five is four of twenty");
        breaker.note(true, "E");
        breaker.note(true, "E");
        assert!(breaker.tripped().unwrap().contains("failed (E)"));
    }

    #[test]
    fn what_comes_back_takes_its_good_result_back() {
        let breaker = Breaker::new(Pace::Ramp);
        (0..8).for_each(|_| breaker.note(false, ""));
        breaker.came_back(4);
        assert_eq!(breaker.tripped(), None);
        breaker.came_back(1);
        assert!(breaker.tripped().unwrap().starts_with("5 of the last 8"));
    }

    #[test]
    fn a_missing_right_to_delete_stops_a_replay_and_a_late_receipt_does_not() {
        let breaker = Breaker::new(Pace::Full);
        breaker.not_deleted(&["ReceiptHandleIsInvalid".to_owned()]);
        assert_eq!(breaker.tripped(), None);
        breaker.not_deleted(&["AccessDeniedException".to_owned()]);
        assert!(breaker.tripped().unwrap().contains("sqs:DeleteMessage"));
    }

    #[test]
    fn a_low_rate_lets_few_messages_go_together() {
        assert_eq!(Rate::new(Some(0.5)).together(10), 1);
        assert_eq!(Rate::new(Some(3.0)).together(10), 3);
        assert_eq!(Rate::new(Some(500.0)).together(10), 10);
        assert_eq!(Rate::new(None).together(7), 7);
    }

    #[tokio::test]
    async fn the_rate_is_kept_over_many_messages() {
        let rate = Rate::new(Some(100.0));
        let begun = Instant::now();
        for _ in 0..6 {
            rate.wait(10).await;
        }
        assert!(begun.elapsed() >= Duration::from_millis(500), "{:?}", begun.elapsed());
    }
}
