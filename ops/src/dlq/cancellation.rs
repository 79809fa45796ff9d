//! Waiting for a flag that a signal sets.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How often the flag is looked at.
const CHECK_INTERVAL: Duration = Duration::from_millis(20);

/// Ends when the flag is set.
pub async fn until_set(flag: &AtomicBool) {
    while !flag.load(Ordering::Relaxed) {
        tokio::time::sleep(CHECK_INTERVAL).await;
    }
}
