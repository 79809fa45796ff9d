//! How far a command is, on a terminal.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use indicatif::ProgressBar;
use ops::dlq::browse::{BrowseLimits, BrowseProgress};

use crate::cli::progress_bar::progress_bar;

/// How often the bar is drawn.
const INTERVAL: Duration = Duration::from_millis(100);

/// Work that takes less time needs no bar.
const MIN_TIME: Duration = Duration::from_secs(1);

/// Shows how many messages `read` has read, when it takes long.
pub(crate) async fn with_progress<T>(limits: BrowseLimits, read: impl AsyncFnOnce(BrowseLimits) -> T) -> T {
    let progress = Arc::clone(&limits.progress);
    while_shown(&progress, "read", read(limits)).await
}

/// Shows how many messages `work` has dealt with, in one word, when it takes long.
pub(crate) fn while_shown<'a, T>(
    progress: &'a BrowseProgress,
    verb: &'a str,
    work: impl Future<Output = T> + 'a,
) -> impl Future<Output = T> + 'a {
    let work = Box::pin(work);
    async move {
        tokio::select! {
            biased;
            result = work => result,
            never = show(progress, verb) => never,
        }
    }
}

/// A bar that is cleared when it is dropped.
struct Bar(ProgressBar);

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

async fn show(progress: &BrowseProgress, verb: &str) -> ! {
    tokio::time::sleep(MIN_TIME).await;
    let template = match progress.total.load(Ordering::Relaxed) {
        0 => format!("{{spinner}} {{pos}} {verb} {{rate}}"),
        _ => format!("{{bar:30}} {{pos}}/{{len}} {verb} {{rate}} {{left}}"),
    };
    let bar = Bar(progress_bar(&template, MIN_TIME));
    loop {
        bar.0.set_length(progress.total.load(Ordering::Relaxed));
        bar.0.set_position(progress.read.load(Ordering::Relaxed));
        tokio::time::sleep(INTERVAL).await;
    }
}
