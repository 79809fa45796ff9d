//! What a replay has done so far.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::dlq::journal::Journal;
use crate::dlq::journal::entry::{Purpose, Summary};

/// What a replay has done so far; read it from anywhere.
#[derive(Debug, Default)]
pub struct Progress {
    /// Messages to replay or park.
    pub planned: AtomicU64,
    /// Messages that were accepted for replay.
    pub replayed: AtomicU64,
    /// Messages that were parked.
    pub parked: AtomicU64,
    /// Messages that are left where they are.
    pub skipped: AtomicU64,
    /// Messages that were not accepted, or came back.
    pub failed: AtomicU64,
    /// Accepted messages that came back, which are in the queue again.
    pub came_back: AtomicU64,
    /// Accepted messages that SQS has not deleted yet.
    pub undeleted: AtomicU64,
}

impl Progress {
    pub(super) fn add(counter: &AtomicU64, count: usize) {
        counter.fetch_add(count as u64, Ordering::Relaxed);
    }

    pub(super) fn summary(&self, journal: &Journal) -> Summary {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let (planned, replayed, parked) = (of(&self.planned), of(&self.replayed), of(&self.parked));
        Summary {
            planned,
            replayed,
            parked,
            skipped: of(&self.skipped),
            failed: of(&self.failed),
            remaining: planned.saturating_sub(replayed + parked) + of(&self.came_back) + of(&self.undeleted),
            journal: journal.path().display().to_string(),
        }
    }
}

/// What a purpose is counted as.
pub(super) fn counter(progress: &Progress, purpose: Purpose) -> &AtomicU64 {
    match purpose {
        Purpose::Replay => &progress.replayed,
        Purpose::Park => &progress.parked,
    }
}
