//! Waiting for a condition, with a deadline.

use std::time::{Duration, Instant};

/// How long an effect may take that comes over the bus. Far more than it needs: the tests share two cores.
pub const PATIENCE: Duration = Duration::from_secs(40);

const PAUSE: Duration = Duration::from_millis(60);

/// Looks again and again until `look` sees something; fails after [`PATIENCE`] and says that `what` never came.
pub async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(seen) = look().await {
            return seen;
        }
        assert!(Instant::now() < deadline, "waited {PATIENCE:?} in vain for this: {what}");
        tokio::time::sleep(PAUSE).await;
    }
}
