//! Waiting for a condition, with a deadline.

use std::time::{Duration, Instant};

/// The longest time that an effect over the bus may take. A hundred times what it needs, because the machine may be busy
/// with other work: only a test that fails waits so long.
pub const TIMEOUT: Duration = Duration::from_mins(5);

const PAUSE: Duration = Duration::from_millis(60);

/// Calls `check` until it returns something. Panics after [`TIMEOUT`] and names `what` was expected.
pub async fn eventually<T>(what: &str, check: impl AsyncFnMut() -> Option<T>) -> T {
    eventually_within(TIMEOUT, what, check).await
}

/// As [`eventually`], with another timeout.
pub async fn eventually_within<T>(timeout: Duration, what: &str, mut check: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + timeout;
    loop {
        if let Some(found) = check().await {
            return found;
        }
        assert!(Instant::now() < deadline, "not within {timeout:?}: {what}");
        tokio::time::sleep(PAUSE).await;
    }
}
