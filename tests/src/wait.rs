//! Waiting for a condition, with a deadline.

use std::fs;
use std::num::NonZero;
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

/// The longest time that an effect over the bus may take. A hundred times what it needs: only a test that fails waits so
/// long.
pub const TIMEOUT: Duration = Duration::from_mins(5);

const PAUSE: Duration = Duration::from_millis(60);

/// A test that fails ends in any case.
const MAX_STRETCH: f64 = 10.0;

/// Calls `check` until it returns something. Panics after [`TIMEOUT`] and names `what` was expected.
pub async fn eventually<T>(what: &str, check: impl AsyncFnMut() -> Option<T>) -> T {
    eventually_within(TIMEOUT, what, check).await
}

/// As [`eventually`], with another timeout: on a machine where several processes share a core, as many times longer.
pub async fn eventually_within<T>(timeout: Duration, what: &str, mut check: impl AsyncFnMut() -> Option<T>) -> T {
    let mut waited = Duration::ZERO;
    loop {
        let started = Instant::now();
        if let Some(found) = check().await {
            return found;
        }
        assert!(waited < timeout, "not within {timeout:?}: {what}");
        tokio::time::sleep(PAUSE).await;
        waited += started.elapsed().div_f64(processes_per_core());
    }
}

/// At least 1; always 1 where the system does not tell.
fn processes_per_core() -> f64 {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let processes: f64 = load.split(' ').next().and_then(|minute| minute.parse().ok()).unwrap_or_default();
    let cores = available_parallelism().map_or(1, NonZero::get);
    (processes / f64::from(u32::try_from(cores).expect("a number of cores"))).clamp(1.0, MAX_STRETCH)
}
