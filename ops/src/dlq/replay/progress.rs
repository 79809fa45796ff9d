//! Counters of a running replay.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::dlq::journal::Journal;
use crate::dlq::journal::entry::{Purpose, Summary};

/// Counters that can be read while the replay runs.
#[derive(Debug, Default)]
pub struct Progress {
    /// Messages to replay or park.
    pub planned: AtomicU64,
    /// Messages that were accepted for replay.
    pub replayed: AtomicU64,
    /// Messages that were parked.
    pub parked: AtomicU64,
    /// Messages that were skipped.
    pub skipped: AtomicU64,
    /// Messages that were not accepted, or failed again.
    pub failed: AtomicU64,
    /// Accepted messages that failed again and are back in the queue.
    pub returned: AtomicU64,
    /// Accepted messages that SQS has not deleted yet.
    pub undeleted: AtomicU64,
}

impl Progress {
    pub(super) fn add(counter: &AtomicU64, count: usize) {
        counter.fetch_add(count as u64, Ordering::Relaxed);
    }

    pub(super) fn summary(&self, journal: &Journal) -> Summary {
        let value = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let (planned, replayed, parked) = (value(&self.planned), value(&self.replayed), value(&self.parked));
        Summary {
            planned,
            replayed,
            parked,
            skipped: value(&self.skipped),
            failed: value(&self.failed),
            remaining: planned.saturating_sub(replayed + parked) + value(&self.returned) + value(&self.undeleted),
            journal: journal.path().display().to_string(),
        }
    }
}

/// The counter of accepted messages for a purpose.
pub(super) fn counter(progress: &Progress, purpose: Purpose) -> &AtomicU64 {
    match purpose {
        Purpose::Replay => &progress.replayed,
        Purpose::Park => &progress.parked,
    }
}
