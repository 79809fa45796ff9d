//! Chance that a seed decides: the same seed rolls the same numbers in the same order.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The step and the mixing of `SplitMix64`: <https://prng.di.unimi.it/splitmix64.c>.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// Rolled from many tasks at once.
#[derive(Debug)]
pub struct Dice(AtomicU64);

impl Dice {
    /// Dice of their own for each `part` of a run, so that one's rolls do not change another's.
    pub fn new(seed: u64, part: u64) -> Self {
        Self(AtomicU64::new(mixed(seed ^ mixed(part))))
    }

    /// A number below `sides`.
    pub fn roll(&self, sides: u64) -> u64 {
        mixed(self.0.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP)) % sides
    }

    /// A place in a list that is not empty.
    pub fn place(&self, length: usize) -> usize {
        usize::try_from(self.roll(length as u64)).unwrap()
    }

    /// A time between two, in milliseconds.
    pub fn time(&self, from: u64, to: u64) -> Duration {
        Duration::from_millis(from + self.roll(to - from))
    }
}

fn mixed(mut value: u64) -> u64 {
    value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}
