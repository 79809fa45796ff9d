//! Pseudo-random numbers from a seed: the same seed gives the same numbers in the same order.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The increment of `SplitMix64`: <https://prng.di.unimi.it/splitmix64.c>.
const INCREMENT: u64 = 0x9e37_79b9_7f4a_7c15;

/// A generator that many tasks may use at once.
#[derive(Debug)]
pub struct SeededRng(AtomicU64);

impl SeededRng {
    /// A separate generator for each `part` of a run, so that the numbers of one part do not depend on another.
    pub fn new(seed: u64, part: u64) -> Self {
        Self(AtomicU64::new(mix(seed ^ mix(part))))
    }

    /// A number below `bound`.
    pub fn below(&self, bound: u64) -> u64 {
        mix(self.0.fetch_add(INCREMENT, Ordering::Relaxed).wrapping_add(INCREMENT)) % bound
    }

    /// An index into a list of this length, which is not zero.
    pub fn index(&self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap()
    }

    /// A duration of at least `from` and less than `to` milliseconds.
    pub fn milliseconds(&self, from: u64, to: u64) -> Duration {
        Duration::from_millis(from + self.below(to - from))
    }
}

/// The output function of `SplitMix64`.
fn mix(mut value: u64) -> u64 {
    value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}
