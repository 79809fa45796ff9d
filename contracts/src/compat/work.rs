//! How much work one question may take. It is counted in steps, not in time, so that a verdict is the same on every machine.

use std::cell::Cell;

/// The steps of one question: about a second of a developer's machine.
const LIMIT: u64 = 1_500_000;

thread_local! {
    /// What is left for the question that this thread answers. Each question has its own thread.
    static LEFT: Cell<u64> = const { Cell::new(u64::MAX) };
}

/// Limits the work of this thread from now on.
pub(super) fn limit() {
    LEFT.set(LIMIT);
}

/// Takes steps from what is left. `false` when there were not as many.
pub(super) fn spend(steps: u64) -> bool {
    let left = LEFT.get().checked_sub(steps);
    LEFT.set(left.unwrap_or(0));
    left.is_some()
}

/// Whether nothing is left.
pub(super) fn is_spent() -> bool {
    LEFT.get() == 0
}
