//! Attempts and pauses of changes that others make at the same time.

use std::time::Duration;

use crate::clock;

/// How often a change is tried while others change the same item.
pub const ATTEMPTS: u32 = 11;
/// The average pause before the second attempt; it doubles with each further one up to [`MAX_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(25);
const MAX_PAUSE: Duration = Duration::from_millis(250);

/// Waits after an attempt (from 0) that failed because of a concurrent change. All pauses of [`ATTEMPTS`] attempts take less
/// than 4 seconds, and none follows the last attempt.
pub async fn pause(attempt: u32) {
    if attempt + 1 < ATTEMPTS {
        tokio::time::sleep(duration(attempt, clock::new_span_id())).await;
    }
}

/// The pause after an attempt (from 0): its average doubles each time, and `random` makes it anything from none to twice
/// that, so that jobs that conflicted once do not conflict again.
fn duration(attempt: u32, random: u64) -> Duration {
    let step = FIRST_PAUSE.saturating_mul(1 << attempt.min(16)).min(MAX_PAUSE);
    step.mul_f64(f64::from((random & 0xff) as u8) / 128.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_vary_and_stay_within_the_limit() {
        assert_eq!([duration(0, 0), duration(0, 0x80)], [Duration::ZERO, FIRST_PAUSE]);
        assert!(duration(0, 0xff) < FIRST_PAUSE * 2);
        assert_eq!([duration(1, 0x80), duration(9, 0x80)], [FIRST_PAUSE * 2, MAX_PAUSE]);
        let total: Duration = (0..ATTEMPTS - 1).map(|attempt| duration(attempt, 0xff)).sum();
        assert!(total < Duration::from_secs(4), "{total:?} must fit into the functions' timeout");
    }
}
