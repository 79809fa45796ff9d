//! Counters of a running replay.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::dlq::journal::Journal;
use crate::dlq::journal::entry::{Purpose, Summary};
use crate::dlq::plan::NOT_SEEN;

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
    /// The number of messages that were left out or skipped, by reason.
    left_out: Mutex<BTreeMap<String, u64>>,
}

impl Progress {
    pub(super) fn add(counter: &AtomicU64, count: usize) {
        counter.fetch_add(count as u64, Ordering::Relaxed);
    }

    pub(super) fn add_reason(&self, reason: &str, count: u64) {
        *self.left_out().entry(reason.to_owned()).or_default() += count;
    }

    /// Corrects the number of messages that the plan did not see: others may have returned them meanwhile.
    pub(super) fn correct_unseen(&self, planned: u64, unseen: u64) {
        if unseen < planned {
            self.left_out().retain(|reason, _| !reason.starts_with(NOT_SEEN));
            if unseen > 0 {
                self.add_reason(&format!("{NOT_SEEN}in flight elsewhere, delayed, or in a FIFO group"), unseen);
            }
            self.skipped.fetch_sub(planned - unseen, Ordering::Relaxed);
        }
    }

    fn left_out(&self) -> MutexGuard<'_, BTreeMap<String, u64>> {
        self.left_out.lock().unwrap_or_else(PoisonError::into_inner)
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
            left_out: self.left_out().clone(),
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
